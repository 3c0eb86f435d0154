import { describe, expect, test } from 'vitest';
import { type Answer, startServer, type TestServer } from '../server.ts';
import {
  addEmail,
  addedEmail,
  emailsOf,
  forgot,
  goodPassword,
  inJapanese,
  loggedIn,
  logIn,
  makePrimary,
  register,
  registered,
  resend,
  tokenFor,
  verifyEmail,
} from './people.ts';
import { count } from './stored.ts';

const ada = 'ada@example.com';
const hintsOff = { TEGATA_ACCOUNT_HINTS: 'off' };

/** What an outsider can compare: everything but the ids that are new in every answer, and the time. */
const comparable = ({ status, body, headers, cookies }: Answer) => ({
  status,
  body: { ...body, data: { ...body.data, user_id: body.data?.user_id?.replace(/[\da-f]/g, 'x') } },
  headers: [...headers].filter(([name]) => name !== 'x-request-id' && name !== 'date'),
  cookies,
});

const attempt = (server: TestServer, email: string, change: object = {}, headers: Record<string, string> = {}) =>
  server.call('POST', '/api/v1/auth/register', {
    body: { email, password: 'the password of a stranger', name: 'Mallory', ...change },
    headers,
  });

describe('with hints off, registering a taken address', () => {
  test('answers exactly like a new one, after as many hashes', async () => {
    const server = await startServer(hintsOff);
    await registered(server, ada);
    await register(server, 'pending@example.com');
    const { body } = await register(server, 'suspended@example.com');
    await server.engine.auth.setUserStatus({ userId: body.data.user_id, status: 'suspended' });
    const { accessToken } = await loggedIn(server, ada);
    await addedEmail(server, accessToken, 'second@example.com');

    const hashed = async (email: string, headers = {}) => {
      const before = server.engine.hashingCounts().completed;
      const answer = await attempt(server, email, {}, headers);
      return { ...comparable(answer), hashes: server.engine.hashingCounts().completed - before };
    };
    const fresh = await hashed('new@example.com');
    expect(fresh.status).toBe(201);
    expect(fresh.hashes).toBe(1);
    expect(fresh.body.data.message).toBe('Registration successful. Please check your email to verify your account.');
    for (const email of [ada, ' ADA@example.com', 'pending@example.com', 'suspended@example.com', 'second@example.com']) {
      expect(await hashed(email), email).toEqual(fresh);
    }
    expect(await hashed(ada, inJapanese)).toEqual(await hashed('another@example.com', inJapanese));
  });

  test('gives an id like any other, different each time, which is nobody’s', async () => {
    const server = await startServer(hintsOff);
    const { userId } = await registered(server, ada);
    const ids = [(await attempt(server, ada)).body.data.user_id, (await attempt(server, ada)).body.data.user_id];
    expect(new Set([...ids, userId]).size).toBe(3);
    for (const id of ids) {
      expect(id).toMatch(/^[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
      expect(await server.engine.stores.users.find(id)).toBeUndefined();
    }
  });

  test('changes nothing of the account', async () => {
    const server = await startServer(hintsOff);
    const { userId } = await registered(server, ada);
    const before = await server.engine.stores.users.find(userId);
    server.advance({ minutes: 1 });
    await attempt(server, ada, {}, inJapanese);
    expect(await server.engine.stores.users.find(userId)).toEqual(before);
    for (const table of ['users', 'user_emails', 'password_credentials', 'one_time_tokens']) {
      expect(count(server, table), table).toBe(1);
    }
    expect(count(server, "audit_events where type = 'user.registered'")).toBe(1);
    expect((await logIn(server, ada)).status).toBe(200);
    expect((await logIn(server, ada, { password: 'the password of a stranger' })).status).toBe(401);
  });

  test('tells the owner, in the owner’s language and by the owner’s name', async () => {
    const server = await startServer(hintsOff);
    await server.call('POST', '/api/v1/auth/register', {
      body: { email: ada, password: goodPassword, name: '山田 花子' },
      headers: inJapanese,
    });
    await verifyEmail(server, { token: await tokenFor(server, ada, 'verify-email') });
    server.advance({ minutes: 1 });
    await attempt(server, ada, {}, { 'accept-language': 'en' });
    const mail = await server.newestMail(ada);
    expect(mail.subject).toBe('すでにアカウントをお持ちです');
    expect(mail.text).toContain('山田 花子 様');
    expect(mail.text + mail.html).not.toContain('Mallory');
    expect(mail.links).toEqual([]);
    expect(mail.code).toBeUndefined();

    await registered(server, 'eve@example.com');
    server.advance({ minutes: 1 });
    await attempt(server, 'eve@example.com', {}, inJapanese);
    expect((await server.newestMail('eve@example.com')).subject).toBe('You already have an account');
  });

  test('writes to the very address that was named, also when it is not the primary one', async () => {
    const server = await startServer(hintsOff);
    await registered(server, ada);
    const { accessToken } = await loggedIn(server, ada);
    await addedEmail(server, accessToken, 'second@example.com');
    server.advance({ minutes: 1 });
    await attempt(server, 'second@example.com');
    expect((await server.newestMail('second@example.com')).subject).toBe('You already have an account');
    const subjects = (await server.mails(ada)).map(({ subject }) => subject);
    expect(subjects).not.toContain('You already have an account');
  });

  test('sends the verification mail again where the owner has not verified yet; its link makes the first account active', async () => {
    const server = await startServer(hintsOff);
    const { body } = await register(server, ada);
    server.advance({ hours: 25 });
    await attempt(server, ada);
    const mail = await server.newestMail(ada);
    expect(mail.subject).toBe('Confirm your e-mail address');
    expect(mail.text).toContain('Ada Lovelace');
    expect(mail.text).not.toContain('Mallory');
    expect((await verifyEmail(server, { token: await tokenFor(server, ada, 'verify-email') })).status).toBe(200);
    expect((await loggedIn(server, ada)).answer.body.data.user).toMatchObject({
      id: body.data.user_id,
      name: 'Ada Lovelace',
    });
  });

  test('refuses a bad password, name or address like for a new one: no hash, no mail', async () => {
    const server = await startServer(hintsOff);
    await registered(server, ada);
    const before = server.engine.hashingCounts();
    const changes = [{ password: 'short' }, { password: 'password' }, { password: undefined }, { name: '' }];
    for (const change of changes) {
      const taken = await attempt(server, ada, change);
      expect(taken.status, JSON.stringify(change)).toBe(400);
      expect(comparable(taken)).toEqual(comparable(await attempt(server, 'new@example.com', change)));
    }
    expect((await attempt(server, 'ada')).status).toBe(400);
    expect(server.engine.hashingCounts()).toEqual(before);
    expect(await server.mails(ada)).toHaveLength(1);
  });

  test('a hundred times at once: everybody hears the same, one user exists, and the mailbox is not flooded', async () => {
    const server = await startServer({
      ...hintsOff,
      TEGATA_RATE_LIMITS: 'on',
      TEGATA_TRUSTED_PROXIES: '127.0.0.1',
      TEGATA_HASH_CONCURRENCY: '2',
    });
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, index) =>
        attempt(server, index % 2 ? ada : 'ADA@example.com', {}, { 'x-forwarded-for': `192.0.2.${index}` }),
      ),
    );
    for (const answer of answers) expect(comparable(answer)).toEqual(comparable(answers[0] as Answer));
    expect(answers[0]?.status).toBe(201);
    for (const table of ['users', 'user_emails', 'password_credentials']) expect(count(server, table), table).toBe(1);
    expect(await server.mails(ada)).toHaveLength(1 + 3);
  });

  test('mails the owner three times an hour at most, together with the mails that can be asked for', async () => {
    const server = await startServer({ ...hintsOff, TEGATA_RATE_LIMITS: 'on', TEGATA_TRUSTED_PROXIES: '127.0.0.1' });
    await registered(server, ada);
    const seen: Answer[] = [];
    for (let turn = 0; turn < 5; turn += 1) {
      seen.push(await attempt(server, ada, {}, { 'x-forwarded-for': `192.0.2.${turn}` }));
    }
    for (const answer of seen) expect(comparable(answer)).toEqual(comparable(seen[0] as Answer));
    expect(await server.mails(ada)).toHaveLength(1 + 3);
  });
});

describe('with hints off, adding a taken address to one’s account', () => {
  const stranger = 'mallory@example.com';

  test('answers and lists it like a free one, and tells its owner instead', async () => {
    const server = await startServer(hintsOff);
    await registered(server, ada);
    await registered(server, stranger);
    const { accessToken: token } = await loggedIn(server, stranger);
    server.advance({ minutes: 1 });
    const shape = ({ status, body, headers }: Answer) => ({
      status,
      fields: Object.entries(body.data).map(([name, value]) => (name === 'id' || name === 'email' ? name : [name, value])),
      headers: [...headers].map(([name]) => name),
    });
    const taken = await addEmail(server, token, ada);
    const free = await addEmail(server, token, 'free@example.com');
    expect(taken.status).toBe(201);
    expect(shape(taken)).toEqual(shape(free));
    const listed = (await emailsOf(server, token)).filter(({ primary }) => !primary);
    expect(listed.toSorted((a, b) => a.email.localeCompare(b.email))).toEqual([taken.body.data, free.body.data]);
    expect((await server.newestMail(ada)).subject).toBe('You already have an account');

    for (const { id } of listed) {
      expect((await makePrimary(server, token, id)).body.error.message).toBe('please verify this email first');
    }
    for (const { id } of listed) {
      expect((await server.call('DELETE', `/api/v1/me/emails/${id}`, { token })).body.data.message).toBe('email removed');
    }
    expect(await emailsOf(server, token)).toHaveLength(1);
  });

  test('gives the stranger nothing: no log-in, no reset link, and the claim ends by itself', async () => {
    const server = await startServer(hintsOff);
    const { userId } = await registered(server, ada);
    await registered(server, stranger);
    const { accessToken: token } = await loggedIn(server, stranger);
    await addEmail(server, token, ada);
    expect((await loggedIn(server, ada)).answer.body.data.user.id).toBe(userId);
    await forgot(server, ada);
    const body = { token: await tokenFor(server, ada, 'reset-password'), password: 'another good password' };
    await server.call('POST', '/api/v1/auth/password/reset', { body });
    expect((await logIn(server, ada, { password: body.password })).body.data.user.id).toBe(userId);
    expect((await logIn(server, stranger)).status).toBe(200);
    server.advance({ hours: 24 });
    const again = await loggedIn(server, stranger);
    expect(await emailsOf(server, again.accessToken)).toHaveLength(1);
  });

  test('does not spoil the code or the link of an owner who is just verifying', async () => {
    const server = await startServer(hintsOff);
    await registered(server, stranger);
    const { accessToken: token } = await loggedIn(server, stranger);
    for (const by of ['code', 'token'] as const) {
      const email = `${by}@example.com`;
      await register(server, email);
      const { code } = await server.newestMail(email);
      const link = await tokenFor(server, email, 'verify-email');
      server.advance({ minutes: 1 });
      await addEmail(server, token, email);
      const proof = by === 'code' ? { email, code: code as string } : { token: link };
      expect((await verifyEmail(server, proof)).body.data?.message, by).toBe('Email verified successfully');
      expect((await logIn(server, email)).status).toBe(200);
    }
  });

  test('one’s own address is a conflict as ever', async () => {
    const server = await startServer(hintsOff);
    await registered(server, ada);
    const { accessToken } = await loggedIn(server, ada);
    await addedEmail(server, accessToken, 'second@example.com');
    for (const email of [ada, 'SECOND@example.com']) {
      const answer = await addEmail(server, accessToken, email);
      expect(answer.status).toBe(409);
      expect(answer.body.error).toEqual({ code: 'CONFLICT', message: 'email already exists' });
    }
  });
});

test('with hints on a taken address is said to be taken, without a hash, and its owner is not bothered', async () => {
  const server = await startServer({ TEGATA_ACCOUNT_HINTS: 'on' });
  await registered(server, ada);
  const before = server.engine.hashingCounts();
  const answer = await attempt(server, ada);
  expect(answer.status).toBe(409);
  expect(answer.body.error).toEqual({ code: 'CONFLICT', message: 'email already exists' });
  expect(server.engine.hashingCounts()).toEqual(before);
  expect(await server.mails(ada)).toHaveLength(1);
});

test('asking for mail says the same whatever the hints are', async () => {
  for (const hints of ['on', 'off']) {
    const server = await startServer({ TEGATA_ACCOUNT_HINTS: hints });
    await registered(server, ada);
    for (const ask of [resend, forgot]) {
      expect(comparable(await ask(server, ada))).toEqual(comparable(await ask(server, 'nobody@example.com')));
    }
  }
});
