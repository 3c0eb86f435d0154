import { decodeJwt } from 'jose';
import { expect, test, vi } from 'vitest';
import { backend } from '../backend.ts';
import { begin, connectionsOf, finish, ada as google, type House, loggedInThrough, startHouse, visit } from '../oauth/people.ts';
import * as organization from '../organization/people.ts';
import { type Answer, cookiePair, startServer, type TestServer } from '../server.ts';
import { loggedIn, logIn, me, refresh, registered } from '../standard/people.ts';
import { rows } from '../standard/stored.ts';

// What is decided by a person's password, connections, role and sessions, while those are changing. Each race is run many
// times, because a round may fall one way or the other.

// Many rounds, each with real hashes, beside other tests.
vi.setConfig({ testTimeout: 60_000 });

const attackersPassword = 'the attacker knows this';
const goodPassword = 'a new and better password';
const logInsPerRound = 10;

/** On SQLite one transaction writes at a time: fewer rounds show as much. */
const rounds = backend === 'sqlite' ? 3 : 8;

const eachRound = async (work: (round: number) => Promise<void>) => {
  for (let round = 0; round < rounds; round += 1) await work(round);
};

/** Back from Google with a code, which is not used yet. */
const returned = async (house: House, login: string, email: string, options: { token?: string } = {}) => {
  house.google.people.set(login, { ...google, email });
  const begun = await begin(house.server, 'google', options);
  const answer = await visit(house, 'google', login, begun.url);
  return () => finish(house.server, 'google', answer, { cookie: begun.cookie, ...options });
};

test('S3.83 of log-ins beside the claim of an account, none with the attacker’s password outlives it', async () => {
  const house = await startHouse({ TEGATA_CONTRACTS: 'standard,cookie', TEGATA_MAX_SESSIONS: '100' });
  const { server } = house;
  await eachRound(async (round) => {
    const email = `ada-${round}@example.com`;
    const signedUp = await server.call('POST', '/auth/signup', { body: { email, password: attackersPassword } });
    expect(signedUp.status).toBe(201);
    const claim = await returned(house, `ada-${round}`, email);
    const answers = await server.atOnce(logInsPerRound + 1, (index) =>
      index === Math.floor(logInsPerRound / 2) ? claim() : logIn(server, email, { password: attackersPassword }),
    );
    const claimed = answers[Math.floor(logInsPerRound / 2)] as Answer;
    expect(claimed.status).toBe(200);
    expect((await me(server, claimed.body.data.access_token)).status).toBe(200);
    const alive = await server.engine.stores.sessions.listLive(signedUp.body.user.id, server.now());
    expect(alive).toHaveLength(1);
    for (const answer of answers) {
      if (answer === claimed) continue;
      expect([200, 401]).toContain(answer.status);
      if (answer.status !== 200) continue;
      expect((await me(server, answer.body.data.access_token)).status).toBe(401);
      expect((await refresh(server, cookiePair(answer, 'refresh_token'))).status).toBe(401);
    }
  });
});

test('two people who each add the account that has the other’s address never wait for one another in a circle', async () => {
  const house = await startHouse({ TEGATA_CONTRACTS: 'standard,cookie' });
  const { server } = house;
  await eachRound(async (round) => {
    const emails = [`ada-${round}@example.com`, `ben-${round}@example.com`] as const;
    const tokens = await Promise.all(
      emails.map(async (email) => {
        await registered(server, email);
        return (await loggedIn(server, email)).accessToken;
      }),
    );
    // Each of them adds the Google account that has the other's address: two users in the facts of each.
    const calls = await Promise.all([
      returned(house, `crossed-${round}-0`, emails[1], { token: tokens[0] as string }),
      returned(house, `crossed-${round}-1`, emails[0], { token: tokens[1] as string }),
    ]);
    const answers = await server.atOnce(2, (index) => calls[index]!());
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
  });
});

test('a session that is ended while it adds a provider leaves no way in behind', async () => {
  const house = await startHouse({ TEGATA_MAX_SESSIONS: '100' });
  const { server } = house;
  await eachRound(async (round) => {
    const email = `ada-${round}@example.com`;
    const { userId } = await registered(server, email);
    const own = await loggedIn(server, email);
    const stolen = await loggedIn(server, email);
    const connect = await returned(house, `eve-${round}`, `eve-${round}@example.com`, { token: stolen.accessToken });
    const waysIn = async () => (await server.engine.stores.connections.list(userId)).length;
    let whenEnded: number | undefined;
    const [connected] = await server.atOnce(2, async (index) => {
      if (index === 0) return connect();
      await loggedOutEverywhere(server, own.accessToken);
      whenEnded = await waysIn();
      return undefined;
    });
    expect([200, 401]).toContain(connected?.status);
    // Added before the end it is the owner's to see and remove; none comes after it.
    expect(whenEnded).toBe(connected?.status === 200 ? 1 : 0);
    expect(await waysIn()).toBe(whenEnded);
  });
});

test('a session that is ended while it sets a first password leaves no way in behind', async () => {
  const house = await startHouse({ TEGATA_MAX_SESSIONS: '100' });
  const { server } = house;
  await eachRound(async (round) => {
    const email = `ada-${round}@example.com`;
    house.google.people.set(`ada-${round}`, { ...google, email });
    const own = await loggedInThrough(house, 'google', `ada-${round}`);
    const stolen = await loggedInThrough(house, 'google', `ada-${round}`);
    const hasPassword = async () => (await server.engine.stores.passwords.find(own.userId)) !== undefined;
    let whenEnded: boolean | undefined;
    const [set] = await server.atOnce(2, async (index) => {
      if (index === 0) {
        return server.call('POST', '/api/v1/auth/password/set', { token: stolen.accessToken, body: { password: goodPassword } });
      }
      await loggedOutEverywhere(server, own.accessToken);
      whenEnded = await hasPassword();
      return undefined;
    });
    expect([200, 401, 403]).toContain(set?.status);
    expect(whenEnded).toBe(set?.status === 200);
    expect(await hasPassword()).toBe(whenEnded);
  });
});

test('of two removals at once the last way in stays', async () => {
  const house = await startHouse();
  const { server } = house;
  await eachRound(async (round) => {
    const email = `ada-${round}@example.com`;
    house.google.people.set(`ada-${round}`, { ...google, email });
    house.company.people.set(`ada-${round}`, { email, email_verified: true });
    const { accessToken: token } = await loggedInThrough(house, 'google', `ada-${round}`);
    await loggedInThrough(house, 'company', `ada-${round}`, { token });
    const answers = await server.atOnce(2, (index) =>
      server.call('DELETE', `/api/v1/me/connections/${index === 0 ? 'google' : 'company'}`, { token }),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
    expect((await connectionsOf(server, token)).body.data).toHaveLength(1);
  });
});

test('of passwords set at once one wins, and the others hear that there is one', async () => {
  const house = await startHouse();
  const { server } = house;
  await eachRound(async (round) => {
    const email = `ada-${round}@example.com`;
    house.google.people.set(`ada-${round}`, { ...google, email });
    const { accessToken: token } = await loggedInThrough(house, 'google', `ada-${round}`);
    const passwords = [0, 1, 2, 3].map((index) => `${goodPassword} ${index}`);
    const answers = await server.atOnce(passwords.length, (index) =>
      server.call('POST', '/api/v1/auth/password/set', { token, body: { password: passwords[index] } }),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409, 409, 409]);
    const statuses = [];
    for (const password of passwords) statuses.push((await logIn(server, email, { password })).status);
    expect(statuses).toEqual(answers.map(({ status }) => (status === 200 ? 200 : 401)));
  });
});

test('a log-in beside an operator’s new password never leaves a live session behind', async () => {
  const server = await startServer({ TEGATA_MAX_SESSIONS: '100' });
  await eachRound(async (round) => {
    const email = `ada-${round}@example.com`;
    const { userId } = await registered(server, email);
    const { deviceCookie: cookie } = await loggedIn(server, email);
    await server.atOnce(logInsPerRound + 1, async (index) => {
      if (index !== Math.floor(logInsPerRound / 2)) await logIn(server, email, { cookie });
      else expect(await server.engine.auth.setUserPassword({ userId, password: goodPassword })).toMatchObject({ ok: true });
    });
    expect(await server.engine.stores.sessions.listLive(userId, server.now())).toEqual([]);
    expect((await logIn(server, email, { password: goodPassword })).status).toBe(200);
  });
});

test('beside a change of role, every token that says the old one is of a generation that is revoked', async () => {
  const server = await organization.startOrganization({ TEGATA_MAX_SESSIONS: '100' });
  let old = 0;
  await eachRound(async (round) => {
    const email = `ada-${round}@example.com`;
    const { accessToken } = await organization.registered(server, email);
    const userId = ownerOf(accessToken);
    const people: organization.Person[] = [];
    for (let index = 0; index < logInsPerRound; index += 1) people.push(await organization.loggedIn(server, email));
    const middle = logInsPerRound / 2;
    const tokens = await server.atOnce(2 * logInsPerRound + 1, async (index) => {
      if (index === middle) {
        // Before, into and after the others, which come over HTTP and are slower.
        for (let pause = 0; pause < round; pause += 1) await server.call('GET', '/health/live');
        expect(await server.engine.auth.changeRole({ userId, role: 'admin' })).toMatchObject({ ok: true });
        return undefined;
      }
      const person = people[index < middle ? index : index - 1];
      // As many log in as refresh.
      const answer = person
        ? await organization.refreshWith(server, person.refreshToken)
        : await organization.logIn(server, email);
      expect(answer.status).toBe(200);
      return answer.body.data.token.token as string;
    });
    const revoked = rows(server, `select session_id, generation from revocations where user_id = '${userId}'`);
    for (const token of tokens) {
      if (!token) continue;
      const { sid, gen, role } = decodeJwt(token);
      if (role === 'admin') continue;
      old += 1;
      expect(
        revoked.some((row) => row.session_id === sid && Number(row.generation) >= Number(gen)),
        `gen ${gen}`,
      ).toBe(true);
    }
  });
  expect(old).toBeGreaterThan(0);
});

const loggedOutEverywhere = async (server: TestServer, token: string): Promise<void> => {
  expect((await server.call('POST', '/api/v1/auth/logout-all', { token })).status).toBe(200);
};

const ownerOf = (accessToken: string): string => {
  const { sub, uid } = decodeJwt(accessToken);
  return String(uid ?? sub);
};
