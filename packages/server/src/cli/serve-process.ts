import { setTimeout as sleep } from 'node:timers/promises';
import type { ComposeOptions } from '../compose.ts';
import type { Config } from '../config/config.ts';
import { shownDatabaseUrl } from '../config/database-url.ts';
import { readEnvironment } from '../config/env.ts';
import { parseConfig } from '../config/parse-config.ts';
import { listen } from '../http/listen.ts';
import { readBuiltPages, wantsHostedPages } from '../http/pages/built-pages.ts';
import { createTegata } from '../index.ts';
import { parseRedisUrl } from '../stores/redis/redis-url.ts';
import { connectToPrimary } from '../workers/primary.ts';
import { letYoungGenerationGrow } from './young-generation.ts';

/** One process that serves until it is told to stop: alone, or as one of the workers of a primary. Resolves to the exit code. */
export const serveProcess = async (): Promise<number> => {
  // First, so that nothing is said to a process that does not listen yet.
  const primary = connectToPrimary();
  const asked = Promise.withResolvers<'stop'>();
  const config = parseConfig(readEnvironment());
  // Siblings are no option for applications that embed Tegata, so the type of theirs does not name them.
  const options: ComposeOptions = { siblings: primary };
  const tegata = await createTegata(config, options);
  const server = await listen(tegata.fetch, config).catch((error: NodeJS.ErrnoException) => {
    const busy = error.code === 'EADDRINUSE';
    console.error(
      busy
        ? `Port ${config.port} is in use: stop the other server, or set PORT.`
        : `Cannot listen (${error.message}): check HOST and PORT.`,
    );
  });
  if (!server) {
    await tegata.close();
    return 1;
  }
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => asked.resolve('stop'));
  tegata.start();
  letYoungGenerationGrow();
  const welcome = banner({ ...config, port: server.port });
  if (primary) primary.ready({ banner: welcome, logLevel: config.logLevel });
  else console.log(welcome);

  const why = await Promise.race([asked.promise, primary?.asksToRetire.then(() => 'retire' as const) ?? asked.promise]);
  tegata.prepareToStop();
  // A balancer sends on until it has heard that this server is not ready any more.
  if (config.production && why === 'stop') await sleep(1_000);
  await server.close(why === 'retire' ? { keepIdleMs: 1_000 } : {});
  await primary?.leave();
  await tegata.close();
  return 0;
};

const hasPages = (config: Config): boolean => wantsHostedPages(config) && readBuiltPages() !== undefined;

const redisUse = (url: string, sessionStore: Config['sessionStore']): string => {
  const { host, port, tls } = parseRedisUrl(url);
  const use = sessionStore === 'redis' ? 'sessions, lockouts, limits' : 'limits';
  return `${host}:${port}${tls ? ' with TLS' : ''}  (${use})`;
};

/** What a newcomer needs to know: where it listens, what it keeps where, what to open next, what is not safe about it. */
const banner = (config: Config): string => {
  const here = `http://${config.host.includes(':') ? `[${config.host}]` : config.host}:${config.port}`;
  const lines = [
    ['listening', `${here}  (public address ${config.publicUrl})`],
    ['database', shownDatabaseUrl(config.databaseUrl)],
    ...(config.redis ? [['Redis', redisUse(config.redis.url, config.sessionStore)]] : []),
    ['contracts', config.contracts.join(', ')],
    ...(config.workers > 1 ? [['workers', `${config.workers} processes`]] : []),
    ...(hasPages(config) ? [['pages', `${config.publicUrl}/auth/log-in`]] : []),
    ['API', `${config.publicUrl}/docs`],
  ];
  if (config.smtpUrl) lines.push(['mail', `through ${new URL(config.smtpUrl).host}`]);
  else lines.push(['mailbox', `${config.publicUrl}/dev/mailbox  (mail stays here; set SMTP_URL to send it)`]);
  const text = lines.map(([name = '', value = '']) => `  ${name.padEnd(10)} ${value}`).join('\n');
  const notes = [
    ...(config.production
      ? []
      : ['Development mode: not for the internet. NODE_ENV=production checks what a public server needs.']),
    ...(wantsHostedPages(config) && !hasPages(config)
      ? ['The hosted pages are not built, so only those behind mailed links are served. Build them: npm run build:pages']
      : []),
    ...(config.rateLimits ? [] : ['TEGATA_RATE_LIMITS=off: guessing is slowed by the lockout alone.']),
  ];
  return `\nTegata is ready.\n${text}\n${notes.map((note) => `\n  ! ${note}`).join('')}\n`;
};
