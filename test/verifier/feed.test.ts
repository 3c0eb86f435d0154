import { Unavailable } from '@tegata/core';
import { expect, onTestFinished, test } from 'vitest';
import { ok } from '../../packages/core/src/result.ts';
import { createLogger } from '../../packages/server/src/observe/logger.ts';
import { createLocalChannel } from '../../packages/server/src/revocations/channel.ts';
import { createRevocationFeed } from '../../packages/server/src/revocations/feed.ts';
import { execute } from '../database.ts';
import { sessionsInRedis } from '../redis-sessions.ts';
import { startServer, type TestServer } from '../server.ts';
import { loggedIn, refresh, registered } from '../standard/people.ts';
import { rows } from '../standard/stored.ts';
import { decodeToken } from '../standard/tokens.ts';
import { expectSoon, feedUrl, outcome, serviceCredential, subscribedVerifier } from './verifiers.ts';

const logOut = async (server: TestServer, token: string) => {
  expect((await server.call('POST', '/api/v1/auth/logout', { token })).status).toBe(200);
};

/** Reads the feed as any HTTP client would, up to the text that is looked for. */
const listen = async (server: TestServer, credential: string, headers: Record<string, string> = {}) => {
  const stop = new AbortController();
  onTestFinished(() => stop.abort());
  const response = await fetch(feedUrl(server), {
    headers: { authorization: `Bearer ${credential}`, ...headers },
    signal: stop.signal,
  });
  const reader = response.body?.getReader();
  let received = '';
  const until = async (found: RegExp): Promise<string> => {
    while (!found.test(received)) {
      const { done, value } = (await reader?.read()) ?? { done: true, value: undefined };
      if (done) throw new Error(`the feed ended after ${received}`);
      received += Buffer.from(value as Uint8Array).toString();
    }
    return received;
  };
  const ended = async (): Promise<boolean> => {
    for (;;) {
      const { done } = (await reader?.read().catch(() => ({ done: true }))) ?? { done: true };
      if (done) return true;
    }
  };
  return { response, until, ended, stop: () => stop.abort() };
};

const dataOf = (received: string): Record<string, unknown>[] =>
  [...received.matchAll(/^event: revocation\nid: (\S+)\ndata: (.+)$/gm)].map(([, id, data]) => ({
    id,
    ...JSON.parse(data ?? ''),
  }));

test('a log-out reaches a verifier that is subscribed, and nobody else is touched', async () => {
  const server = await startServer();
  const { userId } = await registered(server, 'ada@example.com');
  const [leaving, staying] = [await loggedIn(server, 'ada@example.com'), await loggedIn(server, 'ada@example.com')];
  const verifier = await subscribedVerifier(server);
  expect(await verifier.verify(leaving.accessToken)).toMatchObject({
    ok: true,
    user: { id: userId, sessionId: decodeToken(leaving.accessToken).claims.sid, claims: { email: 'ada@example.com' } },
  });
  await logOut(server, leaving.accessToken);
  await expectSoon(verifier, leaving.accessToken, 'token_revoked: logged_out');
  expect(await outcome(verifier, staying.accessToken)).toBe('ok');
  expect(verifier.health()).toMatchObject({ state: 'live', revoked: 1, reconnects: 0, knownUntil: server.now() });
});

test('what was revoked before comes first, as one event each, and then it says that this was all', async () => {
  const server = await startServer();
  const { userId } = await registered(server, 'ada@example.com');
  const { accessToken } = await loggedIn(server, 'ada@example.com');
  await logOut(server, accessToken);
  const { response, until } = await listen(server, await serviceCredential(server));
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
  expect(response.headers.get('cache-control')).toBe('no-store');
  const received = await until(/^event: ready\n.*\n\n/m);
  expect(dataOf(received)).toEqual([
    {
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      user_id: userId,
      session_id: decodeToken(accessToken).claims.sid,
      reason: 'logged_out',
      revoked_at: server.now(),
      // The longest token that the settings allow, and the tolerance of clocks.
      expires_at: server.now() + 65 * 60_000,
    },
  ]);
  expect(received).toMatch(new RegExp(`event: ready\\ndata: {"now":${server.now()},"events":1}\\n\\n$`));
  expect(await until(/^: \d+\n\n/m)).toContain(`: ${server.now()}\n\n`);
});

test('whoever comes back with the last event that it saw gets what came since, and what came shortly before once more', async () => {
  const server = await startServer();
  await registered(server, 'ada@example.com');
  const credential = await serviceCredential(server);
  const ids: string[] = [];
  for (const pause of [0, 10, 1]) {
    server.advance({ minutes: pause });
    await logOut(server, (await loggedIn(server, 'ada@example.com')).accessToken);
    const [newest] = rows(server, 'select id from revocations order by id desc limit 1');
    ids.push(String(newest?.id));
  }
  const from = async (id: string) => {
    const { until, stop } = await listen(server, credential, { 'last-event-id': id });
    const received = dataOf(await until(/^event: ready/m)).map((one) => one.id);
    stop();
    return received;
  };
  expect(await from(ids[2] as string)).toEqual([ids[1], ids[2]]);
  expect(await from(ids[0] as string)).toEqual(ids);
  for (const nonsense of ['x', '', "' or 1=1 --", '9'.repeat(5000)]) expect(await from(nonsense)).toEqual(ids);
});

test('a row that becomes visible late, behind one with a later id, is told all the same, and the lag is in the metrics', async () => {
  const server = await startServer();
  const { userId } = await registered(server, 'ada@example.com');
  const [first, late] = [await loggedIn(server, 'ada@example.com'), await loggedIn(server, 'ada@example.com')];
  const verifier = await subscribedVerifier(server);
  server.advance({ seconds: 3 });
  await logOut(server, first.accessToken);
  await expectSoon(verifier, first.accessToken, 'token_revoked: logged_out');
  // As another node would have written it, whose transaction began before and ended after.
  const at = server.now() - 3_000;
  const id = `${at
    .toString(16)
    .padStart(12, '0')
    .replace(/^(.{8})/, '$1-')}-7000-8000-000000000001`;
  const { sid } = decodeToken(late.accessToken).claims;
  const values = [id, sid, userId, 'session_revoked', at, at + 3_600_000];
  execute(
    server,
    'insert into revocations (id, session_id, user_id, reason, revoked_at, expires_at) values (?, ?, ?, ?, ?, ?)',
    ...values,
  );
  const lag = /^tegata_revocation_lag_seconds ([\d.]+)$/m;
  const scraped = async () => Number(lag.exec((await server.call('GET', '/metrics')).body)?.[1]);
  await expectSoon(verifier, late.accessToken, 'token_revoked: session_revoked');
  // What happened three seconds ago by the clock of the tokens was told now; a scrape later nothing was.
  expect([await scraped(), await scraped()]).toEqual([3, 0]);
});

test('a change that is rolled back revokes nothing, and is told to nobody; what is over all the same is told', async () => {
  const server = await startServer();
  await registered(server, 'ada@example.com');
  const { accessToken } = await loggedIn(server, 'ada@example.com');
  const { sid, sub } = decodeToken(accessToken).claims as unknown as { sid: string; sub: string };
  const { deps } = server.engine;
  const failed = deps.atomically(async (stores) => {
    expect(await stores.sessions.end(sid, sub, 'logged_out', server.now())).toBe(true);
    throw new Error('something else went wrong');
  });
  await expect(failed).rejects.toThrow('something else');
  // A session in Redis is over whatever becomes of the transaction (decision 18), so verifiers must hear of it.
  const told = sessionsInRedis ? [{ session_id: sid }] : [];
  expect(rows(server, 'select session_id from revocations')).toEqual(told);
  const { until } = await listen(server, await serviceCredential(server));
  expect(await until(/^event: ready/m)).toContain(`"events":${told.length}`);
  const kept = String(decodeToken((await loggedIn(server, 'ada@example.com')).accessToken).claims.sid);
  const done = await deps.atomically(async (stores) => ok(await stores.sessions.end(kept, sub, 'logged_out', server.now())));
  expect(done).toEqual(ok(true));
  expect(await until(new RegExp(`"session_id":"${kept}"`))).toMatch(/^event: revocation/m);
});

test('what can no longer matter is forgotten by the feed, and purged in small steps', async () => {
  const server = await startServer();
  await registered(server, 'ada@example.com');
  for (let time = 0; time < 3; time += 1) await logOut(server, (await loggedIn(server, 'ada@example.com')).accessToken);
  const { revocations } = server.engine;
  expect(await revocations.purge(server.now(), 10)).toBe(0);
  server.advance({ minutes: 66 });
  await logOut(server, (await loggedIn(server, 'ada@example.com')).accessToken);
  const { until } = await listen(server, await serviceCredential(server));
  expect(await until(/^event: ready/m)).toContain('"events":1');
  expect(await revocations.purge(server.now(), 2)).toBe(2);
  expect(await revocations.purge(server.now(), 2)).toBe(1);
  expect(rows(server, 'select * from revocations')).toHaveLength(1);
});

test('the feed is for services with the scope, and for nobody else', async () => {
  const server = await startServer();
  await registered(server, 'ada@example.com');
  const { accessToken } = await loggedIn(server, 'ada@example.com');
  const right = await serviceCredential(server);
  const [id = '', secret = ''] = right.split('.');
  const asked = async (authorization?: string) => {
    const response = await fetch(feedUrl(server), { headers: authorization === undefined ? {} : { authorization } });
    const { error } = JSON.parse(await response.text());
    return { status: response.status, message: error.message, reason: error.reason };
  };
  const invalid = { status: 401, message: 'invalid service credential', reason: 'invalid_client' };
  expect(await asked()).toEqual({ status: 401, message: 'service credential required', reason: undefined });
  for (const wrong of [
    `Bearer ${accessToken}`,
    `Bearer ${id}.${secret.slice(1)}A`,
    `Bearer ${id}`,
    `Bearer ${'0'.repeat(8)}-0000-7000-8000-000000000000.${secret}`,
    `Basic ${btoa(`${id}:${secret}x`)}`,
    'Basic %%%',
    'Digest x',
  ]) {
    expect(await asked(wrong), wrong).toEqual(invalid);
  }
  const other = await serviceCredential(server, 'introspect');
  expect(await asked(`Bearer ${other}`)).toEqual({
    status: 403,
    message: 'the service may not do this',
    reason: 'insufficient_scope',
  });
  const basic = await fetch(feedUrl(server), { method: 'HEAD', headers: { authorization: `Basic ${btoa(`${id}:${secret}`)}` } });
  expect(basic.status).toBe(200);
  expect(server.engine.feed.readers()).toBe(0);
});

test('a revoked service hears nothing more, also on the stream that it holds open', async () => {
  const server = await startServer();
  const credential = await serviceCredential(server);
  const { until, ended } = await listen(server, credential);
  await until(/^event: ready/m);
  expect(await server.engine.auth.revokeService({ serviceId: credential.split('.')[0] as string })).toEqual(ok(undefined));
  expect((await fetch(feedUrl(server), { headers: { authorization: `Bearer ${credential}` } })).status).toBe(401);
  expect(await ended()).toBe(true);
});

test('one reader more than there is room for is told to come back, and gets the place of one that left', async () => {
  const server = await startServer({ TEGATA_FEED_READERS: '2' });
  const credential = await serviceCredential(server);
  const first = await listen(server, credential);
  await (await listen(server, credential)).until(/^event: ready/m);
  const third = await listen(server, credential);
  expect(third.response.status).toBe(503);
  expect(third.response.headers.get('retry-after')).toBe('5');
  first.stop();
  await expect.poll(() => server.engine.feed.readers(), { timeout: 5_000 }).toBe(1);
  expect((await listen(server, credential)).response.status).toBe(200);
});

test('streams end when the server stops, so that stopping does not wait for them', async () => {
  const server = await startServer();
  const { until, ended } = await listen(server, await serviceCredential(server));
  await until(/^event: ready/m);
  await server.engine.feed.close();
  expect(await ended()).toBe(true);
  expect((await listen(server, await serviceCredential(server))).response.status).toBe(503);
});

test('a reader that takes nothing is cut off, and costs no memory until then', async () => {
  const server = await startServer();
  const opened = await server.engine.feed.open({ isAllowed: async () => true });
  expect(server.engine.feed.readers()).toBe(1);
  const { userId } = await registered(server, 'ada@example.com');
  const now = server.now();
  const values = Array.from({ length: 10_100 }, (_, index) => {
    const id = `${now
      .toString(16)
      .padStart(12, '0')
      .replace(/^(.{8})/, '$1-')}-7000-8000-${index.toString().padStart(12, '0')}`;
    return `('${id}', '${id}', '${userId}', 'logged_out', ${now}, ${now + 60_000})`;
  });
  const into = 'insert into revocations (id, session_id, user_id, reason, revoked_at, expires_at)';
  // As many at once as fit into one argument of a program.
  for (let from = 0; from < values.length; from += 500)
    execute(server, `${into} values ${values.slice(from, from + 500).join(',')}`);
  await expect.poll(() => server.engine.feed.readers(), { timeout: 5_000 }).toBe(0);
  await expect(opened.getReader().closed).rejects.toThrow('does not keep up');
});

test('a heartbeat means that the table was read: while it cannot be, there is none', async () => {
  let now = 1_000;
  let looks = 0;
  let isDown = false;
  const feed = createRevocationFeed({
    log: {
      listAfter: async () => {
        looks += 1;
        if (isDown) throw new Unavailable('the database is gone');
        return [];
      },
    },
    channel: createLocalChannel(),
    clock: () => now,
    logger: createLogger({ level: 'silent' }),
    maxReaders: 1,
    pollMs: 5,
    heartbeatMs: 0,
  });
  onTestFinished(feed.close);
  const reader = (await feed.open({ isAllowed: async () => true })).getReader();
  let received = '';
  const until = async (text: string) => {
    while (!received.includes(text)) received += Buffer.from((await reader.read()).value ?? []).toString();
  };
  await until(': 1000\n');
  isDown = true;
  now = 2_000;
  const before = looks;
  await expect.poll(() => looks).toBeGreaterThan(before + 5);
  isDown = false;
  now = 3_000;
  await until(': 3000\n');
  expect(received).not.toContain(': 2000');
});

test('a verifier goes on where it was when the stream breaks, and misses nothing', async () => {
  const server = await startServer();
  await registered(server, 'ada@example.com');
  const sessions = await Promise.all([1, 2].map(() => loggedIn(server, 'ada@example.com')));
  const [first, second] = sessions.map(({ accessToken }) => accessToken) as [string, string];
  const connections: AbortController[] = [];
  const broken: { isDown: boolean } = { isDown: false };
  const verifier = await subscribedVerifier(server, {
    fetch: (input, init) => {
      if (broken.isDown) return Promise.reject(new TypeError('the network is gone'));
      const own = new AbortController();
      connections.push(own);
      return fetch(input, { ...init, signal: AbortSignal.any([own.signal, ...(init?.signal ? [init.signal] : [])]) });
    },
    feed: { staleAfterMs: 1_500 },
  });
  await logOut(server, first);
  await expectSoon(verifier, first, 'token_revoked: logged_out');
  broken.isDown = true;
  for (const connection of connections) connection.abort();
  await logOut(server, second);
  await expect.poll(() => verifier.health().state, { timeout: 10_000 }).toBe('lost');
  expect(verifier.health()).toMatchObject({ lastError: 'the network is gone', knownUntil: server.now() });
  expect(await outcome(verifier, second)).toBe('ok');
  broken.isDown = false;
  await expectSoon(verifier, second, 'token_revoked: logged_out');
  await expect.poll(() => verifier.health().state, { timeout: 10_000 }).toBe('live');
  expect(await outcome(verifier, first)).toBe('token_revoked: logged_out');
});

test('a lost feed: open goes on, closed wants tokens issued since, and a route may be stricter than its service', async () => {
  const server = await startServer();
  await registered(server, 'ada@example.com');
  const { accessToken: before, refreshCookie } = await loggedIn(server, 'ada@example.com');
  const [open, closed] = [
    await subscribedVerifier(server, { feed: { staleAfterMs: 1_200 } }),
    await subscribedVerifier(server, { feed: { staleAfterMs: 1_200, onLost: 'closed' } }),
  ];
  expect(await outcome(closed, before)).toBe('ok');
  expect(await outcome(open, before, { onLostFeed: 'closed' })).toBe('ok');
  await server.engine.feed.close();
  for (const verifier of [open, closed]) await expect.poll(() => verifier.health().state, { timeout: 10_000 }).toBe('lost');
  expect(await outcome(open, before)).toBe('ok');
  expect(await outcome(open, before, { onLostFeed: 'closed' })).toBe('feed_lost');
  expect(await outcome(closed, before)).toBe('feed_lost');
  server.advance({ seconds: 1 });
  const since = (await refresh(server, refreshCookie)).body.data.access_token;
  expect(await outcome(closed, since)).toBe('ok');
  expect(await outcome(open, since, { onLostFeed: 'closed' })).toBe('ok');
  expect(await outcome(closed, before, { onLostFeed: 'open' })).toBe('ok');
});
