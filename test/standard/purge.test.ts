import { expect, test } from 'vitest';
import { sessionsInRedis } from '../redis-sessions.ts';
import { startServer, type TestServer } from '../server.ts';
import { forgot, loggedIn, logIn, me, refresh, registered } from './people.ts';
import { count } from './stored.ts';

const ada = 'ada@example.com';

/** Redis forgets sessions by itself and by its own clock, which no test can move. */
const expectSessions = (server: TestServer, left: number) => {
  if (!sessionsInRedis) expect(count(server, 'sessions')).toBe(left);
};

test('an ended session says why for 30 days, and is removed then; everything else goes when its time has come', async () => {
  const server = await startServer();
  await registered(server, ada);
  const { refreshCookie, accessToken } = await loggedIn(server, ada, { remember: true });
  const lasting = await loggedIn(server, ada, { remember: true });
  await server.call('POST', '/api/v1/auth/logout', { token: accessToken });
  await logIn(server, ada, { password: 'not the password' });
  await forgot(server, ada);
  await server.engine.mailWorker.drain();

  server.advance({ days: 29 });
  await server.engine.purgeWorker.run();
  expect((await refresh(server, refreshCookie)).body.error).toMatchObject({ reason: 'logged_out' });
  expectSessions(server, 2);
  for (const table of ['one_time_tokens', 'mail_outbox', 'lockouts']) expect(count(server, table), table).toBe(0);
  const renewed = await refresh(server, lasting.refreshCookie);
  expect(renewed.status).toBe(200);

  server.advance({ days: 2 });
  await server.engine.purgeWorker.run();
  expect((await refresh(server, refreshCookie)).status).toBe(401);
  expectSessions(server, 1);
  const events = count(server, 'audit_events');
  expect(events).toBeGreaterThan(4);

  server.advance({ days: 335 });
  await server.engine.purgeWorker.run();
  expectSessions(server, 0);
  expect(count(server, 'audit_events')).toBe(0);
  expect(count(server, 'users')).toBe(1);
  expect((await me(server, renewed.body.data.access_token)).status).toBe(401);
});

test('of several nodes one purges; when it is gone another one takes over; more than a batch goes in one round', async () => {
  const first = await startServer();
  const second = await startServer({ DATABASE_URL: first.databaseUrl });
  for (let each = 0; each < 1_203; each += 1) await first.engine.stores.audit.add({ type: 'user.updated' }, first.now());
  for (const node of [first, second]) node.advance({ days: 366 });
  await first.engine.purgeWorker.run();
  expect(count(first, 'audit_events')).toBe(0);

  await first.engine.stores.audit.add({ type: 'user.updated' }, first.now() - 400 * 86_400_000);
  await second.engine.purgeWorker.run();
  expect(count(first, 'audit_events')).toBe(1);
  second.advance({ minutes: 10 });
  await second.engine.purgeWorker.run();
  expect(count(first, 'audit_events')).toBe(0);
});

test('a node that is stopping begins no batch, and a database that is gone stops nobody', async () => {
  const server = await startServer();
  await server.engine.stores.audit.add({ type: 'user.updated' }, 0);
  await server.engine.purgeWorker.stop();
  await server.engine.purgeWorker.run();
  expect(count(server, 'audit_events')).toBe(1);
  const other = await startServer();
  await other.close();
  await expect(other.engine.purgeWorker.run()).resolves.toBeUndefined();
});
