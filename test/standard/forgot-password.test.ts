import { expect, test } from 'vitest';
import { execute, tablesOf } from '../database.ts';
import { rawRequest, sendRaw } from '../raw-http.ts';
import { type Answer, startServer, type TestServer } from '../server.ts';
import { addEmail, addedEmail, forgot, inJapanese, loggedIn, logIn, register, registered, tokenFor } from './people.ts';
import { rows } from './stored.ts';

const path = '/api/v1/auth/password/forgot';
const ada = 'ada@example.com';
const answered = { message: 'If your email is registered, you will receive a password reset link.' };

const from = (server: TestServer, address: string, email: unknown): Promise<Answer> =>
  server.call('POST', path, { body: { email }, headers: { 'x-forwarded-for': address } });

/** Everything of an answer but what is different in any two: the request's id and the time. */
const comparable = ({ status, body, headers }: Answer) => ({
  status,
  body,
  headers: [...headers].filter(([name]) => name !== 'x-request-id' && name !== 'date'),
});

/** Mails of one millisecond have no order: a second later, what is asked for is the newest. */
const forgotLater = (server: TestServer, email: string): Promise<Answer> => {
  server.advance({ seconds: 1 });
  return forgot(server, email);
};

const subjects = async (server: TestServer, email: string) => (await server.mails(email)).map(({ subject }) => subject);

/** One account of every kind, under the address of its name. */
const everybody = async (server: TestServer): Promise<string[]> => {
  await registered(server, 'active@example.com');
  await register(server, 'pending@example.com');
  const { userId } = await registered(server, 'no-password@example.com');
  execute(server, 'delete from password_credentials where user_id = ?', userId);
  execute(
    server,
    "insert into oauth_accounts values ('1', ?, 'google', 'https://accounts.google.com 1', null, null, 0, 0)",
    userId,
  );
  for (const status of ['suspended', 'deactivated'] as const) {
    const person = await registered(server, `${status}@example.com`);
    await server.engine.auth.setUserStatus({ userId: person.userId, status });
  }
  await server.engine.mailWorker.drain();
  return ['active', 'pending', 'no-password', 'suspended', 'deactivated', 'unknown'].map((name) => `${name}@example.com`);
};

test('S3.101 S3.103 S3.109 S3.116 S3.138 S3.170 an active user gets a link to the page, good for one hour', async () => {
  const server = await startServer({ TEGATA_URL: 'https://auth.example.com' });
  await registered(server, ada);
  const answer = await forgotLater(server, ` ${ada.toUpperCase()} `);
  expect(answer.status).toBe(200);
  expect(answer.body).toEqual({ data: answered, meta: null });
  const mail = await server.newestMail(ada);
  expect(mail.subject).toBe('Reset your password');
  expect(mail.links).toEqual([expect.stringMatching(/^https:\/\/auth\.example\.com\/auth\/reset-password\?token=[\w-]{43}$/)]);
  expect(mail.text).toContain('It works for 1 hour, and only once.');
  expect(mail.code).toBeUndefined();
});

test('S3.104 S3.109 S3.111 the answer is the same, byte for byte, for every address and for what is none', async () => {
  const server = await startServer();
  const malformed = ['', 'ada', 'ada@', '@example.com', 'a b@example.com', 'ada@example.com,eve@example.com', 'x'.repeat(5000)];
  const answers = await Promise.all([...(await everybody(server)), ...malformed].map((email) => forgot(server, email)));
  for (const answer of answers) {
    expect(answer.status).toBe(200);
    expect(comparable(answer)).toEqual(comparable(answers[0] as Answer));
  }
});

test('S3.112 S3.113 each kind of account gets the mail that helps it, and nobody who should not', async () => {
  const server = await startServer({ GOOGLE_CLIENT_ID: 'id', GOOGLE_CLIENT_SECRET: 'secret' });
  const emails = await everybody(server);
  const before = Object.fromEntries(await Promise.all(emails.map(async (email) => [email, await subjects(server, email)])));
  for (const email of emails) await forgotLater(server, email);
  const sent = async (name: string) => {
    const email = `${name}@example.com`;
    const now = await subjects(server, email);
    return now.slice(0, now.length - (before[email]?.length ?? 0));
  };
  expect(await sent('active')).toEqual(['Reset your password']);
  expect(await sent('pending')).toEqual(['Confirm your e-mail address']);
  expect(await sent('no-password')).toEqual(['How to log in to your account']);
  expect(await sent('suspended')).toEqual([]);
  expect(await sent('deactivated')).toEqual([]);
  expect(await sent('unknown')).toEqual([]);
  expect((await server.newestMail('no-password@example.com')).links).toEqual([]);
});

test('the mail that a pending user gets instead verifies the address', async () => {
  const server = await startServer();
  await register(server, ada);
  server.advance({ days: 3 });
  await forgot(server, ada);
  const token = await tokenFor(server, ada, 'verify-email');
  const verified = await server.call('POST', '/api/v1/auth/email/verify', { body: { token } });
  expect(verified.body.data.message).toBe('Email verified successfully');
  expect((await logIn(server, ada)).status).toBe(200);
});

test('within the request the work is the same for every address: one request in the outbox, and no other row', async () => {
  const server = await startServer();
  const tables = tablesOf(server);
  const query = `select ${tables.map((table) => `(select count(*) from ${table}) as ${table}`).join()}`;
  const counts = () => rows(server, query)[0] as Record<string, number>;
  for (const email of await everybody(server)) {
    const before = counts();
    await forgotLater(server, email);
    expect(counts()).toEqual({ ...before, mail_outbox: (before.mail_outbox ?? 0) + 1 });
    const [added] = rows(server, 'select kind, recipient, sent_at from mail_outbox order by id desc limit 1');
    expect(added).toEqual({ kind: 'reset_requested', recipient: email, sent_at: null });
  }
  const before = counts();
  for (const email of ['ada', 'ada@localhost', 'x'.repeat(5000)]) await forgot(server, email);
  expect(counts()).toEqual(before);
});

test('the link goes to the address that was asked for, when it is a verified one of the account, and to no claimed one', async () => {
  const server = await startServer();
  await registered(server, ada);
  const { accessToken } = await loggedIn(server, ada);
  await addedEmail(server, accessToken, 'second@example.com');
  await addEmail(server, accessToken, 'claimed@example.com');
  await forgotLater(server, 'second@example.com');
  await forgotLater(server, 'claimed@example.com');
  expect((await subjects(server, 'second@example.com'))[0]).toBe('Reset your password');
  expect(await subjects(server, 'claimed@example.com')).toEqual(['Confirm your additional e-mail address']);
  expect(await subjects(server, ada)).not.toContain('Reset your password');
});

test('asking changes nothing about the account: password and sessions stay', async () => {
  const server = await startServer();
  await registered(server, ada);
  const { accessToken } = await loggedIn(server, ada);
  await forgot(server, ada);
  await server.newestMail(ada);
  expect((await server.call('GET', '/api/v1/me', { token: accessToken })).status).toBe(200);
  expect((await logIn(server, ada)).status).toBe(200);
});

test('the mail speaks the language of the person, the answer that of whoever asks', async () => {
  const server = await startServer();
  await server.call('POST', '/api/v1/auth/register', {
    body: { email: ada, password: 'correct horse battery', name: 'エイダ' },
    headers: inJapanese,
  });
  await server.call('POST', '/api/v1/auth/email/verify', { body: { token: await tokenFor(server, ada, 'verify-email') } });
  expect((await forgotLater(server, ada)).body.data).toEqual(answered);
  expect((await server.newestMail(ada)).subject).toBe('パスワードの再設定');
  const inOther = await server.call('POST', path, { body: { email: ada }, headers: inJapanese });
  expect(inOther.body.data.message).toBe('ご登録のメールアドレスであれば、パスワード再設定用のリンクをお送りします。');
});

test('whatever Host, X-Forwarded-Host or Forwarded say, the link leads to the public address', async () => {
  const server = await startServer({ TEGATA_URL: 'https://auth.example.com', TEGATA_TRUSTED_PROXIES: '127.0.0.1' });
  await registered(server, ada);
  const lies = [
    ['Host: evil.example'],
    ['Host: evil.example:443'],
    ['Host: auth.example.com.evil.example'],
    ['Host: localhost', 'X-Forwarded-Host: evil.example'],
    ['Host: localhost', 'X-Forwarded-Host: evil.example', 'X-Forwarded-Proto: http', 'X-Forwarded-Port: 1'],
    ['Host: localhost', 'Forwarded: for=192.0.2.7;host=evil.example;proto=http'],
    ['Host: localhost', 'X-Host: evil.example', 'X-Original-Host: evil.example', 'X-Forwarded-Server: evil.example'],
    ['Host: localhost', 'Referer: https://evil.example/'],
  ];
  const body = JSON.stringify({ email: ada });
  const asJson = ['Content-Type: application/json', `Content-Length: ${body.length}`];
  for (const headers of lies) {
    const [answer] = await sendRaw(server, rawRequest(`POST ${path}`, [...headers, ...asJson], body));
    expect(answer?.status, headers.join()).toBe(200);
  }
  // Whoever would pick one of two hosts might pick another one than this server: RFC 9112 3.2.
  for (const hosts of [
    ['Host: localhost', 'Host: evil.example'],
    ['Host: evil.example', 'Host: localhost'],
  ]) {
    const [refused] = await sendRaw(server, rawRequest(`POST ${path}`, [...hosts, ...asJson], body));
    expect(refused?.status, hosts.join()).toBe(400);
  }
  const absolute = await sendRaw(server, rawRequest(`POST https://evil.example${path}`, asJson, body));
  expect(absolute[0]?.status).toBe(200);

  const mails = (await server.mails(ada)).filter(({ subject }) => subject === 'Reset your password');
  expect(mails).toHaveLength(lies.length + 1);
  for (const mail of mails) {
    expect(new URL(mail.links[0] as string).origin).toBe('https://auth.example.com');
    expect(mail.text + mail.html + mail.subject).not.toContain('evil');
  }
});

test('an origin of another site may ask too: there is no cookie to ride on, and nothing is told', async () => {
  const server = await startServer();
  const answer = await server.call('POST', path, { body: { email: ada }, headers: { origin: 'https://evil.example' } });
  expect(answer.status).toBe(200);
  expect(answer.headers.get('access-control-allow-origin')).toBeNull();
});

test('an address is required, in words', async () => {
  const server = await startServer();
  for (const body of [{}, { email: null }, { email: 5 }, { email: ['ada@example.com'] }, { email: { $ne: '' } }]) {
    const answer = await server.call('POST', path, { body });
    expect(answer.status).toBe(400);
    expect(answer.body).toEqual({
      error: {
        code: 'VALIDATION_ERROR',
        message: 'validation failed',
        details: [{ field: 'email', message: 'email is required' }],
      },
      meta: null,
    });
  }
  const inOther = await server.call('POST', path, { body: {}, headers: inJapanese });
  expect(inOther.body.error.details).toEqual([{ field: 'email', message: 'メールアドレスを入力してください' }]);
});

test('the sixth request of an hour from one address is refused, and says when to come back', async () => {
  const server = await startServer({ TEGATA_RATE_LIMITS: 'on', TEGATA_TRUSTED_PROXIES: '127.0.0.1' });
  for (let each = 0; each < 5; each += 1) {
    expect((await from(server, '192.0.2.1', `person-${each}@example.com`)).status).toBe(200);
  }
  const refused = await from(server, '192.0.2.1', ada);
  expect(refused.status).toBe(429);
  expect(refused.body.error).toEqual({
    code: 'RATE_LIMIT_EXCEEDED',
    message: 'too many requests, please try again later',
  });
  const retryAfter = Number(refused.headers.get('retry-after'));
  expect(retryAfter).toBeGreaterThan(3590);
  expect(retryAfter).toBeLessThanOrEqual(3600);
  expect(refused.headers.get('ratelimit-policy')).toBe('"standard:forgot";q=5;w=3600');
  expect(refused.headers.get('ratelimit')).toBe(`"standard:forgot";r=0;t=${retryAfter}`);
  expect((await from(server, '192.0.2.2', ada)).status).toBe(200);
});

test('the fourth request of an hour for one address is answered as ever and sends nothing, however it is spelled', async () => {
  const server = await startServer({ TEGATA_RATE_LIMITS: 'on', TEGATA_TRUSTED_PROXIES: '127.0.0.1' });
  await registered(server, ada);
  const spellings = [ada, ' ada@example.com', 'ADA@example.com', 'ada@EXAMPLE.com', ada];
  const answers: Answer[] = [];
  for (const [index, email] of spellings.entries()) answers.push(await from(server, `192.0.2.${index}`, email));
  for (const answer of answers) expect(comparable(answer)).toEqual(comparable(answers[0] as Answer));
  expect((await subjects(server, ada)).filter((subject) => subject === 'Reset your password')).toHaveLength(3);
  const unknown: Answer[] = [];
  for (let each = 0; each < 5; each += 1) unknown.push(await from(server, `198.51.100.${each}`, 'nobody@example.com'));
  for (const answer of unknown) expect(comparable(answer)).toEqual(comparable(answers[0] as Answer));
});
