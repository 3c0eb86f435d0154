import { setTimeout as sleep } from 'node:timers/promises';
import { type Config, parseConfig } from '../config/config.ts';
import { readEnvironment } from '../config/env.ts';
import { listen } from '../http/listen.ts';
import { readBuiltPages, wantsHostedPages } from '../http/pages/built-pages.ts';
import { createTegata } from '../index.ts';
import { type Command, refuseArguments } from './command.ts';

export const serve: Command = {
  lines: [['serve', 'Start the server (Ctrl-C finishes what is in hand, then stops).']],
  run: async (args) => {
    refuseArguments(args);
    const config = parseConfig(readEnvironment());
    const tegata = await createTegata(config);
    const server = await listen(tegata.fetch, config).catch(async (error: NodeJS.ErrnoException) => {
      const busy = error.code === 'EADDRINUSE';
      console.error(
        busy
          ? `Port ${config.port} is in use: stop the other server, or set PORT.`
          : `Cannot listen (${error.message}): check HOST and PORT.`,
      );
      await tegata.close();
    });
    if (!server) return 1;
    tegata.start();
    console.log(banner({ ...config, port: server.port }));

    const asked = Promise.withResolvers<void>();
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => asked.resolve());
    await asked.promise;
    tegata.prepareToStop();
    // A balancer sends on until it has heard that this server is not ready any more.
    if (config.production) await sleep(1_000);
    await server.close();
    await tegata.close();
    return 0;
  },
};

/** What a newcomer needs to know: where it listens, what it keeps where, what to open next, what is not safe about it. */
const banner = (config: Config): string => {
  const here = `http://${config.host.includes(':') ? `[${config.host}]` : config.host}:${config.port}`;
  const database = config.databaseUrl.replace(/\/\/[^@/]*@/, '//…@');
  const lines = [
    ['listening', `${here}  (public address ${config.publicUrl})`],
    ['database', database],
    ['contracts', config.contracts.join(', ')],
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

const hasPages = (config: Config): boolean => wantsHostedPages(config) && readBuiltPages() !== undefined;
