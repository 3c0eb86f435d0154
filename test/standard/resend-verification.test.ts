import { expect, test } from 'vitest';
import { type Answer, startServer, type TestServer } from '../server.ts';
import { addEmail, inJapanese, loggedIn, register, registered, resend, tokenFor, verifyEmail } from './people.ts';
import { count } from './stored.ts';

const path = '/api/v1/auth/email/resend';
const ada = 'ada@example.com';
const answered = { message: 'If your email address is registered, a verification email has been sent.' };

const from = (server: TestServer, address: string, email: unknown, headers: Record<string, string> = {}): Promise<Answer> =>
  server.call('POST', path, { body: { email }, headers: { 'x-forwarded-for': address, ...headers } });

/** Everything of an answer but what is different in any two: the request's id and the time. */
const comparable = ({ status, body, headers }: Answer) => ({
  status,
  body,
  headers: [...headers].filter(([name]) => name !== 'x-request-id' && name !== 'date'),
});

test('S3.137 S3.146 a pending user gets a new mail, with a link and a code of its own; the older link lives on', async () => {
  const server = await startServer();
  await register(server, ada);
  const first = await server.newestMail(ada);
  server.advance({ hours: 1 });
  const answer = await resend(server, ' ADA@example.com ');
  expect(answer.status).toBe(200);
  expect(answer.body).toEqual({ data: answered, meta: null });
  const [second, ...others] = await server.mails(ada);
  expect(others).toEqual([first]);
  expect(second?.subject).toBe('Confirm your e-mail address');
  expect(second?.text).toContain('It works for 24 hours.');
  expect(second?.links).not.toEqual(first.links);
  const [newer, older] = [second, first].map((mail) => new URL(mail?.links[0] as string).searchParams.get('token') as string);
  expect((await verifyEmail(server, { token: older as string })).body.data.message).toBe('Email verified successfully');
  expect((await verifyEmail(server, { token: newer as string })).body.data.message).toBe('Email already verified');
});

test('the new link works for 24 hours from now, when the first has long expired', async () => {
  const server = await startServer();
  await register(server, ada);
  server.advance({ days: 40 });
  await resend(server, ada);
  const token = await tokenFor(server, ada, 'verify-email');
  server.advance({ hours: 23, minutes: 59 });
  expect((await verifyEmail(server, { token })).body.data.message).toBe('Email verified successfully');
});

test('the answer is the same, byte for byte, for every address; only one that waits for verification gets a mail', async () => {
  const server = await startServer();
  await registered(server, 'verified@example.com');
  for (const status of ['suspended', 'deactivated'] as const) {
    const { body } = await register(server, `${status}@example.com`);
    await server.engine.auth.setUserStatus({ userId: body.data.user_id, status });
  }
  await register(server, 'pending@example.com');
  const emails = ['verified', 'suspended', 'deactivated', 'unknown', 'pending'].map((name) => `${name}@example.com`);
  const mailsBefore = await Promise.all(emails.map(async (email) => (await server.mails(email)).length));
  const answers: Answer[] = [];
  for (const email of emails) answers.push(await resend(server, email));
  for (const answer of answers) {
    expect(comparable(answer)).toEqual(comparable(answers[0] as Answer));
    expect(answer.body).toEqual({ data: answered, meta: null });
  }
  const mailsAfter = await Promise.all(emails.map(async (email) => (await server.mails(email)).length));
  expect(mailsAfter.map((after, index) => after - (mailsBefore[index] as number))).toEqual([0, 0, 0, 0, 1]);
  expect(count(server, 'mail_outbox where sent_at is null')).toBe(0);
});

test('the call does the same work whether the address is known or not: it leaves one sealed request, answered later', async () => {
  const server = await startServer();
  await register(server, ada);
  await server.mails(ada);
  for (const email of [ada, 'nobody@example.com']) {
    const before = server.engine.hashingCounts();
    await resend(server, email);
    expect(count(server, "mail_outbox where kind = 'verification_requested' and sent_at is null"), email).toBe(1);
    expect(count(server, "one_time_tokens where purpose = 'verify_email'"), email).toBe(email === ada ? 1 : 2);
    expect(server.engine.hashingCounts()).toEqual(before);
    await server.mails(email);
    expect(count(server, "mail_outbox where kind = 'verification_requested'"), email).toBe(0);
  }
  expect(await server.mails('nobody@example.com')).toEqual([]);
});

test('an added address that is only a claim gets no mail this way: adding it again sends one', async () => {
  const server = await startServer();
  await registered(server, ada);
  const { accessToken } = await loggedIn(server, ada);
  await addEmail(server, accessToken, 'second@example.com');
  expect(await server.mails('second@example.com')).toHaveLength(1);
  await resend(server, 'second@example.com');
  expect(await server.mails('second@example.com')).toHaveLength(1);
});

test('in Japanese: the answer in the language of the call, the mail in that of the registration', async () => {
  const server = await startServer();
  await register(server, ada);
  server.advance({ minutes: 1 });
  const answer = await server.call('POST', path, { body: { email: ada }, headers: inJapanese });
  expect(answer.body.data.message).toBe('ご登録のメールアドレスであれば、確認メールをお送りしました。');
  expect((await server.mails(ada)).map(({ subject }) => subject)).toEqual(Array(2).fill('Confirm your e-mail address'));
});

test('what is no address is refused', async () => {
  const server = await startServer();
  const refused = async (body: object, headers = {}) => {
    const answer = await server.call('POST', path, { body, headers });
    expect(answer.status, JSON.stringify(body)).toBe(400);
    return answer.body.error;
  };
  const say = (message: string) => ({
    code: 'VALIDATION_ERROR',
    message: 'validation failed',
    details: [{ field: 'email', message }],
  });
  for (const email of ['', 'ada', 'ada@localhost', 'a@example.com,b@example.com', `${'a'.repeat(65)}@example.com`]) {
    expect(await refused({ email })).toEqual(say('email is not a valid address'));
  }
  for (const body of [{}, { email: null }, { email: 1 }, { email: [ada] }]) {
    expect(await refused(body)).toEqual(say('email is required'));
  }
  expect((await refused({ email: 'ada' }, inJapanese)).details).toEqual([
    { field: 'email', message: 'メールアドレスの形式が正しくありません' },
  ]);
  const broken = await server.call('POST', path, { body: '{' });
  expect(broken.body.error).toEqual({ code: 'INVALID_REQUEST', message: 'invalid request body' });
});

test('V34 beyond three an hour for one address the answer stays the same and nothing is sent, however it is spelled', async () => {
  const server = await startServer({ TEGATA_RATE_LIMITS: 'on', TEGATA_TRUSTED_PROXIES: '127.0.0.1' });
  await register(server, ada);
  const spellings = [ada, 'ADA@example.com', ' ada@EXAMPLE.com', 'Ada@Example.com', ada];
  const answers: Answer[] = [];
  for (const [index, email] of spellings.entries()) answers.push(await from(server, `192.0.2.${index}`, email));
  for (const answer of answers) expect(comparable(answer)).toEqual(comparable(answers[0] as Answer));
  expect(answers[0]?.status).toBe(200);
  expect(await server.mails(ada)).toHaveLength(1 + 3);

  await register(server, 'eve@example.com');
  await from(server, '192.0.2.99', 'eve@example.com');
  expect(await server.mails('eve@example.com')).toHaveLength(2);
});

test('an unknown address has the same limit, so that it shows nothing', async () => {
  const server = await startServer({ TEGATA_RATE_LIMITS: 'on', TEGATA_TRUSTED_PROXIES: '127.0.0.1' });
  for (let turn = 0; turn < 4; turn += 1) {
    const answer = await from(server, `192.0.2.${turn}`, 'nobody@example.com');
    expect(answer.status).toBe(200);
    expect(answer.body.data).toEqual(answered);
  }
  expect(count(server, "mail_outbox where kind = 'verification_requested'")).toBe(3);
});

test('the sixth call within an hour from one address is refused, for whomever it asks', async () => {
  const server = await startServer({ TEGATA_RATE_LIMITS: 'on', TEGATA_TRUSTED_PROXIES: '127.0.0.1' });
  for (let turn = 0; turn < 5; turn += 1) {
    expect((await from(server, '192.0.2.1', `person-${turn}@example.com`)).status).toBe(200);
  }
  for (const email of ['another@example.com', 'no address']) {
    const refused = await from(server, '192.0.2.1', email);
    expect(refused.status).toBe(429);
    expect(refused.body).toEqual({
      error: { code: 'RATE_LIMIT_EXCEEDED', message: 'too many requests, please try again later' },
      meta: null,
    });
    const seconds = Number(refused.headers.get('retry-after'));
    expect(seconds).toBeGreaterThan(3590);
    expect(seconds).toBeLessThanOrEqual(3600);
    expect(refused.headers.get('ratelimit-policy')).toBe('"standard:resend";q=5;w=3600');
    expect(refused.headers.get('ratelimit')).toBe(`"standard:resend";r=0;t=${seconds}`);
    expect(refused.headers.get('ratelimit-limit')).toBe('5');
    expect(refused.headers.get('ratelimit-remaining')).toBe('0');
    expect(refused.headers.get('ratelimit-reset')).toBe(String(seconds));
  }
  const japanese = await from(server, '192.0.2.1', ada, inJapanese);
  expect(japanese.body.error.message).toBe('リクエストが多すぎます。しばらく待ってから再試行してください');
  expect((await from(server, '192.0.2.2', ada)).status).toBe(200);
});
