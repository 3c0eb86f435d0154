import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Answer, startServer, type TestServer } from '../server.ts';
import { addedEmail, forgot, goodPassword, inJapanese, loggedIn, logIn, me, refresh, registered, tokenFor } from './people.ts';
import { allBytes, rows } from './stored.ts';

const path = '/api/v1/auth/password/reset';
const ada = 'ada@example.com';
const newPassword = 'a new and better password';

const reset = (server: TestServer, token: unknown, password: unknown = newPassword, headers = {}): Promise<Answer> =>
  server.call('POST', path, { body: { token, password }, headers });

/** Asks for a link and takes the token from its mail. A second passes first: mails of one millisecond have no order. */
const resetToken = async (server: TestServer, email = ada): Promise<string> => {
  server.advance({ seconds: 1 });
  await forgot(server, email);
  return tokenFor(server, email, 'reset-password');
};

const refused = (message: string) => ({ error: { code: 'VALIDATION_ERROR', message }, meta: null });
const rejected = (message: string) => ({
  error: { code: 'VALIDATION_ERROR', message: 'validation failed', details: [{ field: 'password', message }] },
  meta: null,
});

test('S3.106 S3.108 S3.123 S3.139 S3.171 the mailed token sets a new password, and the old one is over', async () => {
  const server = await startServer();
  await registered(server, ada);
  const answer = await reset(server, await resetToken(server));
  expect(answer.status).toBe(200);
  expect(answer.body).toEqual({ data: { message: 'Password reset successfully' }, meta: null });
  expect((await logIn(server, ada, { password: newPassword })).status).toBe(200);
  expect((await logIn(server, ada)).body.error.message).toBe('invalid credentials');
});

test('resetting logs nobody in: no cookie, no token', async () => {
  const server = await startServer();
  const { userId } = await registered(server, ada);
  const answer = await reset(server, await resetToken(server));
  expect(answer.cookies).toEqual([]);
  expect(Object.keys(answer.body.data)).toEqual(['message']);
  expect(rows(server, `select id from sessions where user_id = '${userId}'`)).toEqual([]);
});

test('S3.107 every session ends, and its owner is told why', async () => {
  const server = await startServer();
  await registered(server, ada);
  const devices = [await loggedIn(server, ada), await loggedIn(server, ada), await loggedIn(server, ada, { remember: true })];
  await registered(server, 'ben@example.com');
  const ben = await loggedIn(server, 'ben@example.com');
  await reset(server, await resetToken(server));
  for (const { accessToken, refreshCookie } of devices) {
    const withAccess = await me(server, accessToken);
    expect(withAccess.status).toBe(401);
    expect(withAccess.body.error).toEqual({
      code: 'UNAUTHORIZED',
      message: 'token has been revoked',
      reason: 'password_reset',
    });
    const withRefresh = await refresh(server, refreshCookie);
    expect(withRefresh.status).toBe(401);
    expect(withRefresh.body.error).toEqual({
      code: 'UNAUTHORIZED',
      message: 'session not found',
      reason: 'password_reset',
    });
  }
  expect((await me(server, ben.accessToken)).status).toBe(200);
});

test('the owner is told by mail, in a mail without a link', async () => {
  const server = await startServer();
  await registered(server, ada);
  const token = await resetToken(server);
  server.advance({ minutes: 2 });
  await reset(server, token);
  const mail = await server.newestMail(ada);
  expect(mail.subject).toBe('Your password was changed');
  expect(mail.links).toEqual([]);
});

test('S3.114 S3.119 the token lives for one hour, to the second', async () => {
  const server = await startServer();
  await registered(server, ada);
  const first = await resetToken(server);
  server.advance({ minutes: 59, seconds: 59 });
  expect((await reset(server, first)).status).toBe(200);
  const second = await resetToken(server);
  server.advance({ minutes: 59, seconds: 59 });
  server.advance({ seconds: 1 });
  const tooLate = await reset(server, second, 'yet another password');
  expect(tooLate.status).toBe(400);
  expect(tooLate.body).toEqual(refused('reset token expired'));
  server.advance({ seconds: 1 });
  expect((await reset(server, second)).body).toEqual(refused('reset token expired'));
  expect((await logIn(server, ada, { password: newPassword })).status).toBe(200);
});

test('TEGATA_RESET_TTL sets another life', async () => {
  const server = await startServer({ TEGATA_RESET_TTL: '10m' });
  await registered(server, ada);
  const token = await resetToken(server);
  server.advance({ minutes: 10 });
  expect((await reset(server, token)).body).toEqual(refused('reset token expired'));
});

test('S3.118 a token works once', async () => {
  const server = await startServer();
  await registered(server, ada);
  const token = await resetToken(server);
  await reset(server, token);
  const again = await reset(server, token, 'yet another password');
  expect(again.status).toBe(400);
  expect(again.body).toEqual(refused('reset token already used'));
  expect((await logIn(server, ada, { password: newPassword })).status).toBe(200);
});

test('of 50 parallel uses of one token exactly one succeeds, and its password is the one that counts', async () => {
  const server = await startServer();
  await registered(server, ada);
  const token = await resetToken(server);
  const passwords = Array.from({ length: 50 }, (_, index) => `parallel password ${index}`);
  const answers = await server.atOnce(50, (index) => reset(server, token, passwords[index]));
  const winner = answers.findIndex(({ status }) => status === 200);
  expect(answers.map(({ status }) => status).toSorted()).toEqual([200, ...Array<number>(49).fill(400)]);
  for (const { status, body } of answers) if (status === 400) expect(body).toEqual(refused('reset token already used'));
  expect((await logIn(server, ada, { password: passwords[winner] as string })).status).toBe(200);
  const loser = passwords[(winner + 1) % 50] as string;
  expect((await logIn(server, ada, { password: loser })).status).toBe(401);
  expect((await server.mails(ada)).filter(({ subject }) => subject === 'Your password was changed')).toHaveLength(1);
});

test('a newer request ends the older link', async () => {
  const server = await startServer();
  await registered(server, ada);
  const older = await resetToken(server);
  const newer = await resetToken(server);
  expect(newer).not.toBe(older);
  expect((await reset(server, older)).body).toEqual(refused('reset token already used'));
  expect((await reset(server, newer)).status).toBe(200);
});

test('a link for a second address of the account dies with the first that is used', async () => {
  const server = await startServer();
  await registered(server, ada);
  const { accessToken } = await loggedIn(server, ada);
  await addedEmail(server, accessToken, 'second@example.com');
  const toSecond = await resetToken(server, 'second@example.com');
  expect((await reset(server, await resetToken(server))).status).toBe(200);
  expect((await reset(server, toSecond)).body).toEqual(refused('reset token already used'));
});

test('S3.121 a password against the policy is refused in details, and the token still works', async () => {
  const server = await startServer();
  await registered(server, ada);
  const token = await resetToken(server);
  const bad: [password: string, message: string][] = [
    ['seven77', 'password must be at least 8 characters'],
    ['', 'password must be at least 8 characters'],
    ['x'.repeat(257), 'password is too long'],
    ['x'.repeat(5000), 'password is too long'],
    ['password1', 'password is too common'],
    ['ada@example.com', 'password must not be your email address'],
    ['ADA@Example.com', 'password must not be your email address'],
    ['half \ud83d of a pair', 'password contains characters that are not valid text'],
  ];
  for (const [password, message] of bad) {
    const answer = await reset(server, token, password);
    expect(answer.status, message).toBe(400);
    expect(answer.body).toEqual(rejected(message));
  }
  const inOther = await reset(server, token, 'seven77', inJapanese);
  expect(inOther.body.error).toEqual({
    code: 'VALIDATION_ERROR',
    message: '入力内容に誤りがあります',
    details: [{ field: 'password', message: 'パスワードは8文字以上にしてください' }],
  });
  expect((await logIn(server, ada)).status).toBe(200);
  expect((await reset(server, token)).status).toBe(200);
});

test('S3.117 a token that was never mailed is refused, whatever it looks like', async () => {
  const server = await startServer();
  await registered(server, ada);
  const token = await resetToken(server);
  const expected = refused('invalid or expired reset token');
  const near = [`${token}A`, token.slice(1), token.toUpperCase(), ` ${token}`, `${token}=`, token.replace(/.$/, '\u0000')];
  for (const wrong of near) expect((await reset(server, wrong)).body, wrong).toEqual(expected);
  await fc.assert(
    fc.asyncProperty(fc.string({ minLength: 1, maxLength: 512, unit: 'binary' }), async (wrong) => {
      const answer = await reset(server, wrong);
      expect(answer.status).toBe(400);
      expect(answer.body).toEqual(expected);
    }),
    { numRuns: 50 },
  );
  expect((await reset(server, token)).status).toBe(200);
});

test('a token of another kind does not reset: the verification link, its code, an access token', async () => {
  const server = await startServer();
  await registered(server, ada);
  const { accessToken } = await loggedIn(server, ada);
  const { code } = await server.newestMail(ada);
  for (const other of [await tokenFor(server, ada, 'verify-email'), code, accessToken]) {
    const answer = await reset(server, other);
    expect(answer.body).toEqual(refused('invalid or expired reset token'));
  }
  const verified = await server.call('POST', '/api/v1/auth/email/verify', { body: { token: await resetToken(server) } });
  expect(verified.body).toEqual(refused('invalid or expired verification token'));
});

test('both fields are required, in words and in the language asked for', async () => {
  const server = await startServer();
  const details = [
    { field: 'token', message: 'token is required' },
    { field: 'password', message: 'password is required' },
  ];
  for (const body of [{}, { token: null, password: null }, { token: 5, password: [] }, { token: {}, password: true }]) {
    const answer = await server.call('POST', path, { body });
    expect(answer.status).toBe(400);
    expect(answer.body.error.details).toEqual(details);
  }
  const inOther = await server.call('POST', path, { body: { token: '' }, headers: inJapanese });
  expect(inOther.body.error.details).toEqual([
    { field: 'token', message: 'トークンを指定してください' },
    { field: 'password', message: 'パスワードを入力してください' },
  ]);
});

test('a lock is lifted: whoever owns the mailbox gets in at once', async () => {
  const server = await startServer();
  await registered(server, ada);
  const token = await resetToken(server);
  for (let each = 0; each < 5; each += 1) await logIn(server, ada, { password: 'a wrong guess' });
  expect((await logIn(server, ada)).body.error.code).toBe('ACCOUNT_LOCKED');
  await reset(server, token);
  expect((await logIn(server, ada, { password: newPassword })).status).toBe(200);
});

test('a person who is locked out can still ask for a link', async () => {
  const server = await startServer();
  await registered(server, ada);
  for (let each = 0; each < 5; each += 1) await logIn(server, ada, { password: 'a wrong guess' });
  expect((await reset(server, await resetToken(server))).status).toBe(200);
});

test('a suspension stays: the password is new, the account is not open', async () => {
  const server = await startServer();
  const { userId } = await registered(server, ada);
  const token = await resetToken(server);
  await server.engine.auth.setUserStatus({ userId, status: 'suspended' });
  expect((await reset(server, token)).status).toBe(200);
  expect((await logIn(server, ada, { password: newPassword })).body.error.message).toBe('account suspended');
});

test('S3.120 a link of an account that is gone is unknown', async () => {
  const server = await startServer();
  await registered(server, ada);
  const { accessToken } = await loggedIn(server, ada);
  const token = await resetToken(server);
  await server.call('DELETE', '/api/v1/me', { token: accessToken, body: { password: goodPassword } });
  expect((await reset(server, token)).body).toEqual(refused('invalid or expired reset token'));
});

test('neither token nor password is anywhere in the data folder, before or after', async () => {
  const server = await startServer();
  await registered(server, ada);
  const token = await resetToken(server);
  const before = await allBytes(server);
  await reset(server, token);
  const after = await allBytes(server);
  for (const secret of [token, newPassword, goodPassword]) {
    expect(before.includes(secret)).toBe(false);
    expect(after.includes(secret)).toBe(false);
  }
});

test('the eleventh try of an hour from one address is refused', async () => {
  const server = await startServer({ TEGATA_RATE_LIMITS: 'on' });
  for (let each = 0; each < 10; each += 1) expect((await reset(server, `guess ${each}`)).status).toBe(400);
  const refusedNow = await reset(server, 'guess 10');
  expect(refusedNow.status).toBe(429);
  expect(refusedNow.body.error.code).toBe('RATE_LIMIT_EXCEEDED');
  expect(refusedNow.headers.get('ratelimit-policy')).toBe('"standard:reset";q=10;w=3600');
  expect(Number(refusedNow.headers.get('retry-after'))).toBeGreaterThan(3500);
});
