import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { composeApp, composeEngine, type Engine } from '../../packages/server/src/compose.ts';
import { parseConfig } from '../../packages/server/src/config/parse-config.ts';
import { listen } from '../../packages/server/src/http/listen.ts';
import { freePort } from '../free-port.ts';
import type { MailboxMessage } from '../server.ts';

// The server that the pages are opened on: one for a whole file, with the clock of the browser and hashes that cost little.

export type PagesServer = {
  url: string;
  engine: Engine;
  /** Sends what waits, then gives the mails to the address, newest first. */
  mails: (to: string) => Promise<MailboxMessage[]>;
  /** Address of the newest mailed link to that page. */
  mailedLink: (to: string, path: string) => Promise<string>;
  code: (to: string) => Promise<string>;
  call: (method: string, path: string, body?: unknown, token?: string) => Promise<Response>;
  /** Somebody with a confirmed address. */
  registered: (email: string, name?: string, password?: string) => Promise<void>;
  close: () => Promise<void>;
};

export const goodPassword = 'correct horse battery';

/**
 * @param options.endsWith Stops it: after the file, unless a test has one of its own.
 * @param options.clock Another one than the machine's.
 */
export const startPagesServer = async (
  settings: Record<string, string> = {},
  { endsWith = afterAll, clock }: { endsWith?: (stop: () => Promise<void>) => void; clock?: () => number } = {},
): Promise<PagesServer> => {
  const dataDir = await mkdtemp(join(tmpdir(), 'tegata-pages-'));
  const port = Number(settings.PORT ?? (await freePort()));
  const url = `http://localhost:${port}`;
  const config = parseConfig({
    TEGATA_DATA_DIR: dataDir,
    TEGATA_RATE_LIMITS: 'off',
    LOG_LEVEL: 'silent',
    PORT: String(port),
    TEGATA_URL: url,
    ...settings,
  });
  const engine = await composeEngine(config, {
    hashParameters: { argon2: { memoryKiB: 64, passes: 1 }, bcryptCost: 4 },
    ...(clock ? { clock } : {}),
  });
  const app = composeApp(config, engine, { isStopping: () => false });
  const server = await listen((request, bindings) => app.fetch(request, bindings), { port, host: '127.0.0.1' });

  const call: PagesServer['call'] = (method, path, body, token) =>
    fetch(url + path, {
      method,
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  const mails: PagesServer['mails'] = async (to) => {
    await engine.mailWorker.drain();
    return (await call('GET', `/dev/mailbox/messages?to=${encodeURIComponent(to)}`)).json() as Promise<MailboxMessage[]>;
  };
  const mailedLink: PagesServer['mailedLink'] = async (to, path) => {
    const link = (await mails(to)).flatMap(({ links }) => links).find((address) => new URL(address).pathname === path);
    if (!link) throw new Error(`no mail to ${to} leads to ${path}`);
    return link;
  };

  const close = async () => {
    await server.close(100);
    await engine.close();
    await rm(dataDir, { recursive: true, force: true });
  };
  endsWith(close);

  return {
    url,
    engine,
    mails,
    mailedLink,
    code: async (to) => {
      const code = (await mails(to)).find((mail) => mail.code)?.code;
      if (!code) throw new Error(`no mail to ${to} has a code`);
      return code;
    },
    call,
    registered: async (email, name = 'Ada Lovelace', password = goodPassword) => {
      const answer = await call('POST', '/api/v1/auth/register', { email, password, name });
      if (answer.status !== 201) throw new Error(`registering answered ${answer.status}`);
      const token = new URL(await mailedLink(email, '/auth/verify-email')).searchParams.get('token');
      const verified = await call('POST', '/api/v1/auth/email/verify', { token });
      if (verified.status !== 200) throw new Error(`verifying answered ${verified.status}`);
    },
    close,
  };
};
