import { expect, test } from 'vitest';
import { execute } from '../database.ts';
import { type Answer, startServer, type TestServer } from '../server.ts';
import { forgot, goodPassword, inJapanese, loggedIn, logIn, me, refresh, registered, tokenFor } from './people.ts';
import { rows } from './stored.ts';

const path = '/api/v1/auth/password/change';
const ada = 'ada@example.com';
const newPassword = 'a new and better password';

const change = (server: TestServer, token: string, body: unknown, headers = {}): Promise<Answer> =>
  server.call('POST', path, { token, body, headers });

const changed = (server: TestServer, token: string, current = goodPassword, next = newPassword): Promise<Answer> =>
  change(server, token, { current_password: current, new_password: next });

test('S3.140 S3.152 S3.172 the current password sets a new one', async () => {
  const server = await startServer();
  await registered(server, ada);
  const { accessToken } = await loggedIn(server, ada);
  const answer = await changed(server, accessToken);
  expect(answer.status).toBe(200);
  expect(answer.body).toEqual({ data: { message: 'Password changed successfully' }, meta: null });
  expect(answer.cookies).toEqual([]);
  expect((await logIn(server, ada, { password: newPassword })).status).toBe(200);
  expect((await logIn(server, ada)).status).toBe(401);
});

test('every other session ends with its reason, the own one goes on', async () => {
  const server = await startServer();
  await registered(server, ada);
  const own = await loggedIn(server, ada);
  const others = [await loggedIn(server, ada), await loggedIn(server, ada)];
  await changed(server, own.accessToken);
  for (const { accessToken, refreshCookie } of others) {
    expect((await me(server, accessToken)).body.error).toEqual({
      code: 'UNAUTHORIZED',
      message: 'token has been revoked',
      reason: 'password_changed',
    });
    expect((await refresh(server, refreshCookie)).body.error).toEqual({
      code: 'UNAUTHORIZED',
      message: 'session not found',
      reason: 'password_changed',
    });
  }
  expect((await me(server, own.accessToken)).status).toBe(200);
  expect((await refresh(server, own.refreshCookie)).status).toBe(200);
});

test('the owner is told by mail, and a reset link on its way is dead', async () => {
  const server = await startServer();
  await registered(server, ada);
  const { accessToken } = await loggedIn(server, ada);
  await forgot(server, ada);
  const token = await tokenFor(server, ada, 'reset-password');
  server.advance({ minutes: 1 });
  await changed(server, accessToken);
  expect((await server.newestMail(ada)).subject).toBe('Your password was changed');
  const reset = await server.call('POST', '/api/v1/auth/password/reset', { body: { token, password: 'of somebody else' } });
  expect(reset.status).toBe(400);
  expect(reset.body.error.message).toBe('reset token already used');
});

test('a wrong current password changes nothing and ends nothing', async () => {
  const server = await startServer();
  await registered(server, ada);
  const own = await loggedIn(server, ada);
  const other = await loggedIn(server, ada);
  const answer = await changed(server, own.accessToken, 'not the password');
  expect(answer.status).toBe(401);
  expect(answer.body).toEqual({
    error: { code: 'UNAUTHORIZED', message: 'current password is incorrect', reason: 'wrong_password' },
    meta: null,
  });
  // The token is fine, so the challenge says nothing against it.
  expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="tegata"');
  for (const { accessToken } of [own, other]) expect((await me(server, accessToken)).status).toBe(200);
  expect((await logIn(server, ada)).status).toBe(200);
});

test('a thief with a session cannot guess on: the fifth failure locks, even for the right password, and not the log-in', async () => {
  const server = await startServer();
  await registered(server, ada);
  const { accessToken } = await loggedIn(server, ada);
  for (let each = 0; each < 5; each += 1) {
    expect((await changed(server, accessToken, `guess ${each}`)).body.error.message).toBe('current password is incorrect');
  }
  const locked = await changed(server, accessToken);
  expect(locked.status).toBe(403);
  expect(locked.body.error).toEqual({
    code: 'ACCOUNT_LOCKED',
    message: 'too many failed attempts, please try again later',
    reason: 'account_locked',
    details: [{ locked_until: new Date(server.now() + 15 * 60_000).toISOString() }],
  });
  expect((await logIn(server, ada)).status).toBe(200);
  const closing = await server.call('DELETE', '/api/v1/me', { token: accessToken, body: { password: goodPassword } });
  expect(closing.body.error.code).toBe('ACCOUNT_LOCKED');
  server.advance({ minutes: 15 });
  const { accessToken: later } = await loggedIn(server, ada);
  expect((await changed(server, later)).status).toBe(200);
});

test('the new password obeys the policy, told in details of its field', async () => {
  const server = await startServer();
  await registered(server, ada);
  const { accessToken } = await loggedIn(server, ada);
  const bad: [password: string, message: string][] = [
    ['seven77', 'password must be at least 8 characters'],
    ['x'.repeat(257), 'password is too long'],
    ['password1', 'password is too common'],
    [ada, 'password must not be your email address'],
  ];
  for (const [password, message] of bad) {
    const answer = await changed(server, accessToken, goodPassword, password);
    expect(answer.status).toBe(400);
    expect(answer.body.error).toEqual({
      code: 'VALIDATION_ERROR',
      message: 'validation failed',
      details: [{ field: 'new_password', message }],
    });
  }
  expect((await logIn(server, ada)).status).toBe(200);
});

test('both passwords are required, in words and in the language asked for', async () => {
  const server = await startServer();
  await registered(server, ada);
  const { accessToken } = await loggedIn(server, ada);
  for (const body of [{}, { current_password: 5, new_password: null }, { current_password: [], new_password: {} }]) {
    const answer = await change(server, accessToken, body);
    expect(answer.status).toBe(400);
    expect(answer.body.error.details).toEqual([
      { field: 'current_password', message: 'password is required' },
      { field: 'new_password', message: 'password is required' },
    ]);
  }
  const inOther = await change(server, accessToken, {}, inJapanese);
  expect(inOther.body.error.details[0]).toEqual({
    field: 'current_password',
    message: 'パスワードを入力してください',
  });
});

test('an account without a password has none to change', async () => {
  const server = await startServer();
  const { userId } = await registered(server, ada);
  const { accessToken } = await loggedIn(server, ada);
  execute(server, 'delete from password_credentials where user_id = ?', userId);
  const answer = await changed(server, accessToken);
  expect(answer.status).toBe(409);
  expect(answer.body.error).toEqual({
    code: 'CONFLICT',
    message: 'this account has no password',
    reason: 'no_password',
  });
});

test('a caller who is not logged in is told so, whatever the body', async () => {
  const server = await startServer();
  const answer = await server.call('POST', path, { body: { current_password: goodPassword, new_password: newPassword } });
  expect(answer.status).toBe(401);
  expect(answer.body.error.message).toBe('authorization header required');
});

test('of ten parallel changes with the same current password exactly one counts', async () => {
  const server = await startServer({ TEGATA_LOCKOUT_THRESHOLD: '100' });
  const { userId } = await registered(server, ada);
  const { accessToken } = await loggedIn(server, ada);
  const passwords = Array.from({ length: 10 }, (_, index) => `parallel password ${index}`);
  const answers = await server.atOnce(10, (index) => changed(server, accessToken, goodPassword, passwords[index]));
  expect(answers.map(({ status }) => status).toSorted()).toEqual([200, ...Array<number>(9).fill(401)]);
  const winner = passwords[answers.findIndex(({ status }) => status === 200)] as string;
  expect((await logIn(server, ada, { password: winner })).status).toBe(200);
  expect(rows(server, `select id from audit_events where type = 'password.changed' and user_id = '${userId}'`)).toHaveLength(1);
});
