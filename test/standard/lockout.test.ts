import { expect, test } from 'vitest';
import { execute } from '../database.ts';
import { type Answer, cookiePair, startServer, type TestServer } from '../server.ts';
import { goodPassword, loggedIn, logIn, mailedToken, me, refresh, register, registered } from './people.ts';

const wrongPassword = 'not the password';

const invalidCredentials = { error: { code: 'UNAUTHORIZED', message: 'invalid credentials' }, meta: null };

const lockedUntil = (time: number) => ({
  error: {
    code: 'ACCOUNT_LOCKED',
    message: 'too many failed attempts, please try again later',
    reason: 'account_locked',
    details: [{ locked_until: new Date(time).toISOString() }],
  },
  meta: null,
});

const minutes = 60_000;

const fail = async (server: TestServer, email: string, times: number, options: Parameters<typeof logIn>[2] = {}) => {
  for (let turn = 0; turn < times; turn += 1) {
    const answer = await logIn(server, email, { password: wrongPassword, ...options });
    if (answer.status !== 401) throw new Error(`failure ${turn + 1} answered ${answer.status}`);
  }
};

/** Everything of an answer that a stranger could compare. */
const visible = ({ status, body, headers, cookies }: Answer) => {
  const compared = Object.fromEntries([...headers].filter(([name]) => name !== 'x-request-id' && name !== 'date'));
  return { status, body, cookies, headers: compared };
};

const startWithAda = async (settings: Record<string, string> = {}) => {
  const server = await startServer(settings);
  return { server, ...(await registered(server, 'ada@example.com')) };
};

test('five failures lock the address for 15 minutes, with rate limits off too; the answer says until when', async () => {
  const { server } = await startWithAda({ TEGATA_RATE_LIMITS: 'off' });
  for (let turn = 1; turn <= 5; turn += 1) {
    const answer = await logIn(server, 'ada@example.com', { password: wrongPassword });
    expect({ turn, status: answer.status, body: answer.body }).toEqual({ turn, status: 401, body: invalidCredentials });
    server.advance({ seconds: 1 });
  }
  const until = server.now() - 1000 + 15 * minutes;
  server.advance({ minutes: 3 });
  const sixth = await logIn(server, 'ada@example.com', { password: wrongPassword });
  expect(sixth.status).toBe(403);
  expect(sixth.body).toEqual(lockedUntil(until));
  expect(sixth.cookies).toEqual([]);
});

test('the right password while locked is the same answer, byte for byte, and costs no hash either', async () => {
  const { server } = await startWithAda();
  await fail(server, 'ada@example.com', 5);
  const hashes = server.engine.hashingCounts().completed;
  const wrong = await logIn(server, 'ada@example.com', { password: wrongPassword });
  const right = await logIn(server, 'ada@example.com');
  expect(right.status).toBe(403);
  expect(visible(right)).toEqual(visible(wrong));
  expect(server.engine.hashingCounts().completed).toBe(hashes);
});

test('unknown, pending, suspended addresses and those without a password lock like any other, byte for byte', async () => {
  const { server } = await startWithAda({ TEGATA_ACCOUNT_HINTS: 'off' });
  await register(server, 'pending@example.com');
  const suspended = await registered(server, 'suspended@example.com');
  await server.engine.auth.setUserStatus({ userId: suspended.userId, status: 'suspended' });
  const provider = await registered(server, 'provider@example.com');
  execute(server, 'delete from password_credentials where user_id = ?', provider.userId);
  await fail(server, 'ada@example.com', 5);
  const known = await logIn(server, 'ada@example.com', { password: wrongPassword });
  for (const who of ['nobody', 'pending', 'suspended', 'provider']) {
    await fail(server, `${who}@example.com`, 5);
    const answer = await logIn(server, `${who}@example.com`);
    expect({ who, ...visible(answer) }).toEqual({ who, ...visible(known) });
  }
});

test('tries while locked neither prolong the lock nor count towards the next one', async () => {
  const { server } = await startWithAda();
  await fail(server, 'ada@example.com', 5);
  const until = server.now() + 15 * minutes;
  for (let turn = 0; turn < 10; turn += 1) {
    server.advance({ minutes: 1 });
    expect((await logIn(server, 'ada@example.com', { password: wrongPassword })).body).toEqual(lockedUntil(until));
  }
  server.advance({ minutes: 5 });
  await fail(server, 'ada@example.com', 4);
  expect((await logIn(server, 'ada@example.com')).status).toBe(200);
});

test('the lock ends by itself, to the second', async () => {
  const { server } = await startWithAda();
  await fail(server, 'ada@example.com', 5);
  server.advance({ minutes: 14, seconds: 59 });
  expect((await logIn(server, 'ada@example.com')).status).toBe(403);
  server.advance({ seconds: 1 });
  expect((await logIn(server, 'ada@example.com')).status).toBe(200);
});

test('each further lock is twice as long, up to a day', async () => {
  const { server } = await startWithAda();
  for (const length of [15, 30, 60, 120, 240, 480, 960, 1440, 1440]) {
    await fail(server, 'ada@example.com', 5);
    expect((await logIn(server, 'ada@example.com')).body).toEqual(lockedUntil(server.now() + length * minutes));
    server.advance({ minutes: length });
  }
  expect((await logIn(server, 'ada@example.com')).status).toBe(200);
});

test('a success forgets the failures, and the locks before', async () => {
  const { server } = await startWithAda();
  for (let round = 0; round < 3; round += 1) {
    await fail(server, 'ada@example.com', 4);
    expect((await logIn(server, 'ada@example.com')).status).toBe(200);
  }
  for (let round = 0; round < 2; round += 1) {
    await fail(server, 'ada@example.com', 5);
    expect((await logIn(server, 'ada@example.com')).body).toEqual(lockedUntil(server.now() + 15 * minutes));
    server.advance({ minutes: 15 });
    expect((await logIn(server, 'ada@example.com')).status).toBe(200);
  }
});

test('the fifth try may be the right one', async () => {
  const { server } = await startWithAda();
  await fail(server, 'ada@example.com', 4);
  expect((await logIn(server, 'ada@example.com')).status).toBe(200);
  await fail(server, 'ada@example.com', 4);
  expect((await logIn(server, 'ada@example.com')).status).toBe(200);
});

test('a day without a try forgets everything', async () => {
  const { server } = await startWithAda();
  await fail(server, 'ada@example.com', 4);
  server.advance({ hours: 24 });
  await fail(server, 'ada@example.com', 4);
  server.advance({ hours: 23 });
  await fail(server, 'ada@example.com', 1);
  expect((await logIn(server, 'ada@example.com')).status).toBe(403);
});

test('all spellings of one address share one count', async () => {
  const { server } = await startWithAda();
  for (const email of ['ADA@example.com', ' ada@example.com', 'ada@EXAMPLE.COM ', 'Ada@Example.com', 'ada@example.com']) {
    await fail(server, email, 1);
  }
  expect((await logIn(server, 'ada@example.com')).status).toBe(403);
  await registered(server, 'ada+1@example.com');
  expect((await logIn(server, 'ada+1@example.com')).status).toBe(200);
});

test('failures are counted by address, from wherever they come', async () => {
  const { server } = await startWithAda({ TEGATA_TRUSTED_PROXIES: '127.0.0.1' });
  const from = (address: number) => ({ headers: { 'x-forwarded-for': `203.0.113.${address}` } });
  for (let address = 1; address <= 5; address += 1) await fail(server, 'ada@example.com', 1, from(address));
  expect((await logIn(server, 'ada@example.com', from(6))).status).toBe(403);
});

test('of a hundred guesses at once five are looked at', async () => {
  const { server } = await startWithAda();
  for (const email of ['ada@example.com', 'nobody@example.com']) {
    const hashes = server.engine.hashingCounts().completed;
    const answers = await server.atOnce(100, (at) => logIn(server, email, { password: `guess number ${at}` }));
    const statuses = answers.map(({ status }) => status);
    expect(statuses.filter((status) => status === 401)).toHaveLength(5);
    expect(statuses.filter((status) => status === 403)).toHaveLength(95);
    expect(server.engine.hashingCounts().completed - hashes).toBe(5);
  }
});

test('the right password among a hundred guesses at once is a matter of luck, five in a hundred', async () => {
  const { server } = await startWithAda();
  for (let round = 0; round < 5; round += 1) {
    const answers = await server.atOnce(100, (at) =>
      logIn(server, 'ada@example.com', { password: at === 99 ? goodPassword : `guess number ${at}` }),
    );
    const statuses = answers.map(({ status }) => status);
    const lookedAt = statuses.filter((status) => status !== 403).length;
    // Whoever is let in has the count forgotten, so that what comes after a success is judged anew.
    expect(lookedAt).toBeLessThanOrEqual(statuses.includes(200) ? 10 : 5);
    server.advance({ days: 2 });
  }
});

test('TEGATA_LOCKOUT_THRESHOLD and TEGATA_LOCKOUT_DURATION are obeyed', async () => {
  const { server } = await startWithAda({ TEGATA_LOCKOUT_THRESHOLD: '2', TEGATA_LOCKOUT_DURATION: '1m' });
  await fail(server, 'ada@example.com', 2);
  expect((await logIn(server, 'ada@example.com')).body).toEqual(lockedUntil(server.now() + minutes));
  server.advance({ minutes: 1 });
  await fail(server, 'ada@example.com', 2);
  expect((await logIn(server, 'ada@example.com')).body).toEqual(lockedUntil(server.now() + 2 * minutes));
});

test('V20 strangers who lock the address do not lock out the owner on a device that has logged in before', async () => {
  const { server } = await startWithAda();
  const owner = await loggedIn(server, 'ada@example.com');
  server.advance({ days: 100 });
  await fail(server, 'ada@example.com', 5);
  expect((await logIn(server, 'ada@example.com')).status).toBe(403);
  const again = await logIn(server, 'ada@example.com', { cookie: owner.deviceCookie });
  expect(again.status).toBe(200);
  // Her success does not let the strangers go on.
  expect((await logIn(server, 'ada@example.com')).status).toBe(403);
  expect((await logIn(server, 'ada@example.com', { cookie: cookiePair(again, 'tegata_device') })).status).toBe(200);
});

test('a session from before the lock goes on', async () => {
  const { server } = await startWithAda();
  const owner = await loggedIn(server, 'ada@example.com');
  await fail(server, 'ada@example.com', 5);
  expect((await me(server, owner.accessToken)).status).toBe(200);
  expect((await refresh(server, owner.refreshCookie)).status).toBe(200);
});

test('a known device has five tries of its own, and its failures lock nobody else', async () => {
  const { server } = await startWithAda();
  const cookie = (await loggedIn(server, 'ada@example.com')).deviceCookie;
  await fail(server, 'ada@example.com', 5, { cookie });
  const locked = await logIn(server, 'ada@example.com', { cookie });
  expect([locked.status, locked.body]).toEqual([403, lockedUntil(server.now() + 15 * minutes)]);
  expect((await logIn(server, 'ada@example.com')).status).toBe(200);
  expect((await logIn(server, 'ada@example.com', { cookie })).status).toBe(403);
});

test('a forged device cookie, or one of another address, is a stranger’s', async () => {
  const { server } = await startWithAda();
  await registered(server, 'mallory@example.com');
  const { deviceCookie: ada } = await loggedIn(server, 'ada@example.com');
  const { deviceCookie: mallory } = await loggedIn(server, 'mallory@example.com');
  await fail(server, 'ada@example.com', 5);
  const forged = [
    mallory,
    `${ada.slice(0, -1)}${ada.endsWith('A') ? 'B' : 'A'}`,
    // Her proof under another device's name.
    `${mallory}.${ada.slice(-22)}`,
    `${ada}; ${mallory}`,
    'tegata_device=v1.AAAAAAAAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAA',
    'tegata_device=',
  ];
  for (const cookie of forged) {
    expect({ cookie, status: (await logIn(server, 'ada@example.com', { cookie })).status }).toEqual({ cookie, status: 403 });
  }
  expect((await logIn(server, 'ada@example.com', { cookie: ada })).status).toBe(200);
});

test('one browser is known to several people’s addresses, and its cookie names none of them', async () => {
  const { server } = await startWithAda();
  await registered(server, 'ben@example.com');
  const first = await loggedIn(server, 'ada@example.com');
  const { deviceCookie: cookie } = await loggedIn(server, 'ben@example.com', { cookie: first.deviceCookie });
  expect(cookie).not.toMatch(/ada|ben|example/);
  for (const email of ['ada@example.com', 'ben@example.com']) {
    await fail(server, email, 5);
    expect((await logIn(server, email)).status).toBe(403);
    expect((await logIn(server, email, { cookie })).status).toBe(200);
  }
});

test('a failed log-in makes no device known', async () => {
  const { server } = await startWithAda();
  const { deviceCookie } = await loggedIn(server, 'ada@example.com');
  const answer = await logIn(server, 'ada@example.com', { password: wrongPassword, cookie: deviceCookie });
  expect(answer.cookies).toEqual([]);
});

test('a completed password reset lifts the lock', async () => {
  const { server } = await startWithAda();
  await fail(server, 'ada@example.com', 5);
  server.advance({ seconds: 1 });
  await server.call('POST', '/api/v1/auth/password/forgot', { body: { email: 'ada@example.com' } });
  const body = { token: await mailedToken(server, 'ada@example.com'), password: 'another horse battery' };
  expect((await logIn(server, 'ada@example.com')).status).toBe(403);
  expect((await server.call('POST', '/api/v1/auth/password/reset', { body })).status).toBe(200);
  expect((await logIn(server, 'ada@example.com', { password: 'another horse battery' })).status).toBe(200);
});

test('an operator lifts the lock, for every device and for the next lock’s length too', async () => {
  const { server, userId } = await startWithAda();
  const { deviceCookie: cookie, accessToken } = await loggedIn(server, 'ada@example.com');
  await fail(server, 'ada@example.com', 5);
  await fail(server, 'ada@example.com', 5, { cookie });
  for (let turn = 0; turn < 5; turn += 1) await changePassword(server, accessToken, wrongPassword);
  await server.engine.auth.unlockUser({ userId });
  expect((await logIn(server, 'ada@example.com', { cookie })).status).toBe(200);
  await fail(server, 'ada@example.com', 5);
  expect((await logIn(server, 'ada@example.com')).body).toEqual(lockedUntil(server.now() + 15 * minutes));
  expect((await changePassword(server, accessToken, goodPassword)).status).toBe(200);
});

const changePassword = (server: TestServer, token: string, current: string) =>
  server.call('POST', '/api/v1/auth/password/change', {
    token,
    body: { current_password: current, new_password: 'another horse battery' },
  });

const closeAccount = (server: TestServer, token: string, password: string) =>
  server.call('DELETE', '/api/v1/me', { token, body: { password } });

test('the password asked for again is counted and locked too: five wrong ones, whichever call asked', async () => {
  const { server } = await startWithAda();
  const { accessToken: token } = await loggedIn(server, 'ada@example.com');
  for (const call of [changePassword, closeAccount, changePassword, closeAccount, changePassword]) {
    const answer = await call(server, token, wrongPassword);
    const message = call === changePassword ? 'current password is incorrect' : 'password is incorrect';
    expect(answer.status).toBe(401);
    expect(answer.body).toEqual({ error: { code: 'UNAUTHORIZED', message, reason: 'wrong_password' }, meta: null });
  }
  const hashes = server.engine.hashingCounts().completed;
  for (const call of [changePassword, closeAccount]) {
    for (const password of [wrongPassword, goodPassword]) {
      const answer = await call(server, token, password);
      expect([answer.status, answer.body]).toEqual([403, lockedUntil(server.now() + 15 * minutes)]);
    }
  }
  expect(server.engine.hashingCounts().completed).toBe(hashes);
  server.advance({ minutes: 14 });
  expect((await closeAccount(server, token, goodPassword)).status).toBe(403);
  const fresh = await loggedIn(server, 'ada@example.com');
  server.advance({ minutes: 1 });
  expect((await changePassword(server, fresh.accessToken, goodPassword)).status).toBe(200);
});

test('log-in and the password asked for again are counted apart: neither locks the other', async () => {
  const { server } = await startWithAda();
  const { accessToken: token } = await loggedIn(server, 'ada@example.com');
  for (let turn = 0; turn < 5; turn += 1) await changePassword(server, token, wrongPassword);
  expect((await changePassword(server, token, goodPassword)).status).toBe(403);
  expect((await logIn(server, 'ada@example.com')).status).toBe(200);
  await fail(server, 'ada@example.com', 5);
  await server.engine.auth.unlockUser({ userId: (await me(server, token)).body.data.id });
  await fail(server, 'ada@example.com', 5);
  expect((await changePassword(server, token, goodPassword)).status).toBe(200);
});

test('S3.176 a 429 is no failure: the limit comes first and nothing is counted', async () => {
  const { server } = await startWithAda({ TEGATA_RATE_LIMITS: 'on', TEGATA_TRUSTED_PROXIES: '127.0.0.1' });
  const from = (address: string) => ({ headers: { 'x-forwarded-for': address } });
  for (let turn = 0; turn < 10; turn += 1) await fail(server, `nobody-${turn}@example.com`, 1, from('203.0.113.1'));
  for (let turn = 0; turn < 10; turn += 1) {
    const answer = await logIn(server, 'ada@example.com', { password: wrongPassword, ...from('203.0.113.1') });
    expect(answer.status).toBe(429);
  }
  await fail(server, 'ada@example.com', 4, from('203.0.113.2'));
  expect((await logIn(server, 'ada@example.com', from('203.0.113.2'))).status).toBe(200);
});

test('requests that are refused before the password is looked at are no failures', async () => {
  const { server } = await startWithAda();
  for (let turn = 0; turn < 6; turn += 1) {
    const path = '/api/v1/auth/login';
    expect((await server.call('POST', path, { body: { email: 'ada@example.com', password: 1 } })).status).toBe(400);
    const headers = { origin: 'https://evil.example' };
    expect((await logIn(server, 'ada@example.com', { password: wrongPassword, headers })).status).toBe(403);
  }
  expect((await logIn(server, 'ada@example.com')).status).toBe(200);
});

test('the lock is told in the language of the request', async () => {
  const { server } = await startWithAda();
  await fail(server, 'ada@example.com', 5);
  const answer = await logIn(server, 'ada@example.com', { headers: { 'accept-language': 'ja' } });
  expect(answer.body.error).toEqual({
    ...lockedUntil(server.now() + 15 * minutes).error,
    message: 'ログインの失敗が続きました。しばらく待ってから再試行してください',
  });
});
