import { type Deps, type EmailAddress, type PasswordHash, parseEmailAddress, type Stores } from '@tegata/core';
import { Client } from 'pg';
import { expect, test } from 'vitest';
import { addPeople, findTaken, type PersonRows } from '../../packages/server/src/stores/sql/people.ts';
import { readPeople } from '../../packages/server/src/stores/sql/read-people.ts';
import { openDatabase } from '../../packages/server/src/stores/sql/sql-stores.ts';
import { backend } from '../backend.ts';
import * as bearer from '../bearer/people.ts';
import * as cookie from '../cookie/people.ts';
import { loggedInThrough, startHouse } from '../oauth/people.ts';
import * as organization from '../organization/people.ts';
import { wholeReads } from '../query-plans.ts';
import { recordSql } from '../recorded-sql.ts';
import { fillEveryTable } from '../rows-of-every-table.ts';
import { startServer, type TestServer } from '../server.ts';
import * as standard from '../standard/people.ts';

// No request may become slower because others have registered: every statement of every journey is explained by the database
// itself, and none may read a table that grows from its first row to its last.

const rowsOfEachTable = 2_000;
const email = 'ada@example.com';

/** What an operator may look for, and what reads few rows all the same. Everything else has to follow an index. */
const allowed: Record<string, RegExp> = {
  'the newest users, along the primary key and no further than the limit': /from "users" .*order by "users"\."id" desc limit/,
  'any part of a name or address, for an operator': /users\.name like/,
  'one row, to see whether the database answers': /^select "id" from "users" limit/,
  'the newest events of all users, along the index by time, for an operator':
    /^select \* from "audit_events" (where "type" in \([^)]*\) )?order by "at" desc, "id" desc limit/,
  'the mailbox of development, along its index and no further than the limit':
    /from "mail_outbox" where "sent_at" is not null and "sealed_body" is not null order by/,
};

/** Without those of tables that hold a handful of rows. */
const storeNames = [
  ...['users', 'emails', 'passwords', 'connections', 'organizations', 'sessions', 'oneTimeTokens', 'lockouts'],
  ...['singleUse', 'outbox', 'audit', 'purge'],
] as (keyof Stores)[];

/** Writes down which methods of the stores are called, also within transactions. */
const watched = (deps: Deps) => {
  const called = new Set<string>();
  const watch = (stores: Stores) => {
    for (const name of storeNames) {
      const store = stores[name] as unknown as Record<string, (...input: unknown[]) => unknown>;
      for (const [method, original] of Object.entries(store)) {
        store[method] = (...input) => {
          called.add(`${name}.${method}`);
          return original(...input);
        };
      }
    }
    return stores;
  };
  watch(deps);
  const { atomically } = deps;
  deps.atomically = (work) => atomically((stores) => work(watch(stores)));
  const all = storeNames.flatMap((name) => Object.keys(deps[name]).map((method) => `${name}.${method}`));
  return { called, all };
};

/** What is mailed from now on is newer than what was mailed before. */
const laterThan = async (server: TestServer, to: string) => {
  await server.mails(to);
  server.advance({ minutes: 2 });
};

const standardJourneys = async (server: TestServer) => {
  const { userId } = await standard.registered(server, email);
  await standard.register(server, email);
  await standard.register(server, 'ben@example.com');
  await laterThan(server, 'ben@example.com');
  await standard.resend(server, 'ben@example.com');
  const { code = '' } = await server.newestMail('ben@example.com');
  await standard.verifyEmail(server, { email: 'ben@example.com', code });
  await standard.logIn(server, email, { password: 'not her password' });
  const first = await standard.loggedIn(server, email);
  const second = await standard.loggedIn(server, email, { cookie: first.deviceCookie });
  const renewed = await standard.refresh(server, first.refreshCookie);
  expect(renewed.status).toBe(200);
  expect((await standard.refresh(server, first.refreshCookie)).status).toBe(200);
  expect((await standard.me(server, renewed.body.data.access_token)).status).toBe(200);
  const token = second.accessToken;
  expect((await standard.me(server, token)).status).toBe(200);
  await server.call('PATCH', '/api/v1/me', { token, body: { name: 'Ada' } });
  const sessions = (await server.call('GET', '/api/v1/auth/sessions', { token })).body.data;
  const other = sessions.find((session: { current: boolean }) => !session.current);
  expect((await server.call('DELETE', `/api/v1/auth/sessions/${other.id}`, { token })).status).toBe(200);

  const { emailId } = await standard.addedEmail(server, token, 'ada@example.org');
  await standard.makePrimary(server, token, emailId);
  expect((await standard.undoEmailChange(server, await standard.tokenFor(server, email, 'undo-email'))).status).toBe(200);
  const reset = async () => {
    await laterThan(server, email);
    await standard.forgot(server, email);
    const body = { token: await standard.tokenFor(server, email, 'reset-password'), password: standard.goodPassword };
    expect(await server.call('POST', '/api/v1/auth/password/reset', { body })).toMatchObject({ status: 200 });
  };
  await reset();
  const again = await standard.loggedIn(server, email);
  const { emailId: spare } = await standard.addedEmail(server, again.accessToken, 'ada@example.net');
  await server.call('DELETE', `/api/v1/me/emails/${spare}`, { token: again.accessToken });
  await server.call('POST', '/api/v1/auth/password/change', {
    token: again.accessToken,
    body: { current_password: standard.goodPassword, new_password: 'another good password' },
  });
  await reset();
  const last = await standard.loggedIn(server, email);
  await server.call('POST', '/api/v1/auth/logout', { token: last.accessToken });
  await server.call('POST', '/api/v1/auth/logout-all', { token: (await standard.loggedIn(server, email)).accessToken });
  const ben = await standard.loggedIn(server, 'ben@example.com');
  const closed = { token: ben.accessToken, body: { password: standard.goodPassword } };
  expect((await server.call('DELETE', '/api/v1/me', closed)).status).toBe(200);
  return { userId };
};

/** The other doors, in the words of each. */
const otherJourneys = async (server: TestServer) => {
  const { accessToken } = await organization.registered(server, 'eve@example.com');
  const eve = await organization.loggedIn(server, 'eve@example.com');
  expect((await organization.me(server, { token: eve.accessToken })).status).toBe(200);
  expect((await organization.refreshWith(server, eve.refreshToken)).status).toBe(200);
  await organization.requestReset(server, 'eve@example.com');
  await organization.confirmReset(server, await organization.resetToken(server, 'eve@example.com'), 'another good password');
  await organization.logOut(server, { token: accessToken });
  const person = await cookie.signedUp(server, 'dan@example.com');
  expect((await cookie.me(server, { cookie: cookie.cookiesOf(person) })).status).toBe(200);
  expect((await cookie.refresh(server, cookie.asBrowserLater(person))).status).toBe(200);
  await cookie.signOut(server, cookie.asBrowser(await cookie.signedIn(server, 'dan@example.com')));
  const { auth } = server.engine;
  const member = (await auth.listUsers({ limit: 10, search: 'eve@' }))[0];
  expect(await auth.changeRole({ userId: member?.id ?? '', role: 'admin' })).toMatchObject({ ok: true });
};

const operatorsAndWorkers = async (server: TestServer, userId: string) => {
  const { auth, deps } = server.engine;
  await auth.listUsers({ limit: 10 });
  await auth.listUsers({ limit: 10, before: userId });
  await auth.listUsers({ limit: 10, search: 'ada' });
  await auth.showUser({ idOrEmail: email });
  await auth.setUserStatus({ userId, status: 'suspended' });
  await auth.setUserStatus({ userId, status: 'active' });
  await auth.setUserPassword({ userId, password: standard.goodPassword });
  await auth.unlockUser({ userId });
  await auth.listAuditEvents({ idOrEmail: email, types: ['session.started'], since: 1, limit: 10 });
  await auth.listAuditEvents({ idOrEmail: userId, limit: 10 });
  await auth.listAuditEvents({ since: server.now(), limit: 10 });
  await auth.listAuditEvents({ limit: 10 });
  const added = await auth.addService({ name: 'notes', scopes: ['revocations:read', 'introspect'] });
  if (!added.ok) throw new Error(added.failure.code);
  const reading = new AbortController();
  const headers = { authorization: `Bearer ${added.value.credential}` };
  const feed = await fetch(`${server.url}/api/v1/revocations`, { headers, signal: reading.signal });
  await feed.body?.getReader().read();
  reading.abort();
  const { accessToken } = await standard.loggedIn(server, email);
  expect((await auth.introspectToken({ token: accessToken }))?.user.id).toBe(userId);
  await auth.revokeService({ serviceId: added.value.service.id });
  await auth.listServices();
  await server.call('GET', '/metrics');
  await server.call('GET', '/health/ready');
  server.advance({ days: 400 });
  await auth.purgeExpired({ holder: 'test', leaseSeconds: 60, batch: 500, isStopping: () => false });
  // What these journeys have no occasion for.
  await deps.outbox.markFailed({ id: 'none', attempts: 1 }, 'away', null, 1);
  await deps.outbox.remove('none');
  await deps.outbox.removeAllTo('none@example.com' as EmailAddress);
  await deps.oneTimeTokens.remove('none', userId);
  await deps.passwords.remove('none');
};

const importAndExport = async (server: TestServer) => {
  const { db, close } = await openDatabase(server.databaseUrl);
  const person: PersonRows = {
    ...{ id: '01890000-0000-7000-8000-000000000001', name: 'Fay', avatarUrl: null, locale: 'en', status: 'active', createdAt: 1 },
    emails: [{ email: parseEmailAddress('fay@example.com')!, isPrimary: true, verifiedAt: 1, createdAt: 1 }],
    organization: { id: '01890000-0000-7000-8000-000000000002', name: 'Fays', role: 'admin', createdAt: 1 },
    connections: [{ provider: 'google', providerUserId: '1', email: null, createdAt: 1 }],
  };
  await addPeople(db, [{ rows: person, passwordHash: '$hash' as PasswordHash }], 1);
  expect((await findTaken(db, [person])).ids).toEqual(new Set([person.id]));
  for await (const batch of readPeople(db, 100)) expect(batch.length).toBeGreaterThan(0);
  await close();
};

test('no statement of any journey reads a growing table from end to end', { timeout: 240_000 }, async () => {
  const server = await startServer({ TEGATA_CONTRACTS: 'standard,cookie,organization' });
  const { called, all } = watched(server.engine.deps);
  const statements = await recordSql(async () => {
    const { userId } = await standardJourneys(server);
    await otherJourneys(server);
    await operatorsAndWorkers(server, userId);
    await importAndExport(server);
  });
  const house = await startHouse();
  house.google.people.set('ada', { email, email_verified: true });
  house.company.people.set('ada', { email, email_verified: true });
  const atProviders = watched(house.server.engine.deps);
  statements.push(
    ...(await recordSql(async () => {
      const { accessToken: token } = await loggedInThrough(house, 'google', 'ada');
      await loggedInThrough(house, 'google', 'ada');
      await loggedInThrough(house, 'company', 'ada', { token });
      await house.server.call('GET', '/api/v1/me/connections', { token });
      await house.server.call('DELETE', '/api/v1/me/connections/google', { token });
    })),
  );
  const bearerServer = await bearer.startBearer();
  statements.push(
    ...(await recordSql(async () => {
      const { token } = await bearer.registered(bearerServer);
      await bearer.loggedIn(bearerServer);
      await bearer.me(bearerServer, token);
    })),
  );

  const missed = all.filter((method) => !called.has(method) && !atProviders.called.has(method));
  expect(missed, 'methods of the stores that no journey here calls').toEqual([]);

  await fillEveryTable(server.databaseUrl, rowsOfEachTable);
  if (backend !== 'sqlite') await analyzed(server.databaseUrl);
  const found = await wholeReads(server.databaseUrl, statements);
  const unexpected = found.filter(({ statement }) => !Object.values(allowed).some((pattern) => pattern.test(statement)));
  expect(unexpected).toEqual([]);
});

const analyzed = async (url: string) => {
  const client = new Client({ connectionString: url });
  await client.connect();
  await client.query('analyze');
  await client.end();
};
