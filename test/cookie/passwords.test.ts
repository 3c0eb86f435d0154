import { expect, test } from 'vitest';
import { execute } from '../database.ts';
import type { Answer, TestServer } from '../server.ts';
import { count, rows } from '../standard/stored.ts';
import {
  ada,
  asBrowser,
  challenge,
  changePassword,
  failure,
  forgotPassword,
  goodPassword,
  inJapanese,
  invalid,
  invalidAccessToken,
  invalidCredentials,
  invalidRefreshToken,
  mailedToken,
  me,
  missingToken,
  otherPassword,
  refresh,
  resetPassword,
  signedIn,
  signedUp,
  signIn,
  startCookie,
  wrongPassword,
} from './people.ts';

const startWithAda = async (settings: Record<string, string> = {}) => {
  const server = await startCookie(settings);
  return { server, person: await signedUp(server, ada) };
};

/** Everything of an answer that a stranger could compare. */
const visible = ({ status, body, headers, cookies }: Answer) => {
  const compared = Object.fromEntries([...headers].filter(([name]) => name !== 'x-request-id' && name !== 'date'));
  return { status, body, cookies, headers: compared };
};

const resetMails = async (server: TestServer, email: string) =>
  (await server.mails(email)).filter(({ links }) => links.some((link) => link.includes('/auth/reset-password')));

const asked = { message: 'If the email address exists, a password reset link has been sent' };
const done = { message: 'Password has been reset successfully. Please log in with your new password' };

const askedToken = async (server: TestServer) => {
  await forgotPassword(server, ada);
  return mailedToken(server, ada);
};

test('S0.10 asking for a reset is answered alike for a known, an unknown and an impossible address; only the first gets mail', async () => {
  const { server } = await startWithAda();
  const known = await forgotPassword(server, ada);
  expect([known.status, known.body, known.cookies]).toEqual([200, asked, []]);
  for (const email of ['nobody@example.com', 'no address', 'x'.repeat(5000)]) {
    expect(visible(await forgotPassword(server, email))).toEqual(visible(known));
  }
  expect(await resetMails(server, ada)).toHaveLength(1);
  expect(await server.mails('nobody@example.com')).toEqual([]);
});

test('asking changes nothing on the account', async () => {
  const { server, person } = await startWithAda();
  await forgotPassword(server, ada);
  expect((await me(server, asBrowser(person))).status).toBe(200);
  expect((await signIn(server, ada)).status).toBe(200);
});

test('an address is required, and must be text', async () => {
  const server = await startCookie();
  for (const body of [{}, { email: 1 }, { email: '' }]) {
    const answer = await server.call('POST', '/auth/forgot-password', { body });
    expect([answer.status, answer.body]).toEqual([400, invalid({ field: 'email', message: 'email is required' })]);
  }
});

test('S0.11 S0.23 the mailed token sets the new password, ends every session and logs nobody in', async () => {
  const { server, person } = await startWithAda();
  const phone = await signedIn(server, ada);
  const answer = await resetPassword(server, await askedToken(server));
  expect([answer.status, answer.body, answer.cookies]).toEqual([200, done, []]);
  for (const one of [person, phone]) {
    expect((await me(server, asBrowser(one))).body).toEqual(invalidAccessToken);
    expect((await refresh(server, asBrowser(one))).body).toEqual(invalidRefreshToken);
  }
  expect((await signIn(server, ada)).body).toEqual(invalidCredentials);
  expect((await signIn(server, ada, { body: { password: otherPassword } })).status).toBe(200);
});

test('S0.23 a token works once; what was never mailed, or belongs to another purpose, does not work at all', async () => {
  const { server, person } = await startWithAda();
  const token = await askedToken(server);
  await resetPassword(server, token);
  const again = await resetPassword(server, token, 'a third good password');
  expect([again.status, again.body]).toEqual([400, failure('bad_request', 'Reset token has already been used')]);
  const verification = await mailedToken(server, ada, 'verify-email');
  for (const other of ['nonsense', `${token}x`, verification, person.accessToken, person.csrfToken].map((one) =>
    one.slice(0, 512),
  )) {
    const answer = await resetPassword(server, other);
    expect([answer.status, answer.body]).toEqual([400, failure('bad_request', 'Invalid or expired reset token')]);
  }
  expect((await signIn(server, ada, { body: { password: otherPassword } })).status).toBe(200);
});

test('S0.24 the token is good for an hour, to the second', async () => {
  const { server } = await startWithAda();
  const token = await askedToken(server);
  server.advance({ minutes: 59, seconds: 59 });
  expect((await resetPassword(server, token, 'short')).status).toBe(400);
  server.advance({ seconds: 1 });
  const late = await resetPassword(server, token);
  expect([late.status, late.body]).toEqual([400, failure('bad_request', 'Reset token has expired')]);
  const next = await askedToken(server);
  server.advance({ minutes: 59, seconds: 59 });
  expect((await resetPassword(server, next)).status).toBe(200);
});

test('a newer mail kills the older token', async () => {
  const { server } = await startWithAda();
  const older = await askedToken(server);
  server.advance({ seconds: 1 });
  const newer = await askedToken(server);
  expect((await resetPassword(server, older)).status).toBe(400);
  expect((await resetPassword(server, newer)).status).toBe(200);
});

test('ten parallel uses of a token set one password', async () => {
  const { server } = await startWithAda();
  const token = await askedToken(server);
  const answers = await Promise.all(
    Array.from({ length: 10 }, (_, turn) => resetPassword(server, token, `${otherPassword} ${turn}`)),
  );
  expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array(9).fill(400)]);
  const winner = answers.findIndex(({ status }) => status === 200);
  expect((await signIn(server, ada, { body: { password: `${otherPassword} ${winner}` } })).status).toBe(200);
});

test.each<[string, unknown, string]>([
  ['a short password', '1234567', 'password must be at least 8 characters'],
  ['a common password', 'password1', 'password is too common'],
  ['the address', ada, 'password must not be your email address'],
  ['no password', undefined, 'password is required'],
])('%s is a validation error of new_password and leaves the token usable', async (_, password, message) => {
  const { server } = await startWithAda();
  const token = await askedToken(server);
  // A default would stand in for undefined.
  const answer = await server.call('POST', '/auth/reset-password', { body: { token, new_password: password } });
  expect([answer.status, answer.body]).toEqual([400, invalid({ field: 'new_password', message })]);
  expect((await resetPassword(server, token)).status).toBe(200);
});

test('a token is required, and a bounded one', async () => {
  const server = await startCookie();
  const says = async (token: unknown) => (await resetPassword(server, token)).body;
  for (const token of [undefined, '', 1, null]) {
    expect(await says(token)).toEqual(invalid({ field: 'token', message: 'token is required' }));
  }
  expect(await says('x'.repeat(513))).toEqual(invalid({ field: 'token', message: 'token is too long' }));
});

test('the page behind the link and the JSON call share one path: a form goes to the page, JSON to the contract', async () => {
  const { server } = await startWithAda();
  const token = await askedToken(server);
  const page = await server.call('GET', `/auth/reset-password?token=${token}`);
  expect(page.status).toBe(200);
  expect(page.headers.get('content-type')).toMatch(/^text\/html/);
  const form = (fields: Record<string, string>) =>
    server.call('POST', '/auth/reset-password', {
      body: new URLSearchParams(fields).toString(),
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
  const pressed = await form({ token, password: otherPassword });
  expect(pressed.status).toBe(200);
  expect(pressed.headers.get('content-type')).toMatch(/^text\/html/);
  const json = await resetPassword(server, token);
  expect([json.status, json.body]).toEqual([400, failure('bad_request', 'Reset token has already been used')]);
  const text = await server.call('POST', '/auth/reset-password', {
    body: '{}',
    headers: { 'content-type': 'text/plain' },
  });
  expect([text.status, text.body]).toEqual([415, failure('bad_request', 'Content-Type must be application/json')]);
});

test('JSON to a path that only a page has is refused in the contract’s shape', async () => {
  const server = await startCookie();
  const answer = await server.call('POST', '/auth/verify-email', { body: { token: 'x' } });
  expect([answer.status, answer.body]).toEqual([415, failure('bad_request', 'Content-Type must be application/json')]);
});

test('changing the password keeps this session, ends every other one, and tells the owner', async () => {
  const { server, person } = await startWithAda();
  const phone = await signedIn(server, ada);
  server.advance({ minutes: 1 });
  const answer = await changePassword(server, { current_password: goodPassword, new_password: otherPassword }, asBrowser(person));
  expect([answer.status, answer.body]).toEqual([200, { message: 'Password has been changed successfully' }]);
  expect(answer.cookies).toEqual([]);
  expect((await me(server, asBrowser(person))).status).toBe(200);
  expect((await refresh(server, asBrowser(person))).status).toBe(200);
  expect((await me(server, asBrowser(phone))).body).toEqual(invalidAccessToken);
  expect((await refresh(server, asBrowser(phone))).body).toEqual(invalidRefreshToken);
  expect((await signIn(server, ada)).body).toEqual(invalidCredentials);
  expect((await signIn(server, ada, { body: { password: otherPassword } })).status).toBe(200);
  expect((await server.newestMail(ada)).subject).toMatch(/password/i);
});

test('changing it kills reset links that were mailed before', async () => {
  const { server, person } = await startWithAda();
  const token = await askedToken(server);
  await changePassword(server, { current_password: goodPassword, new_password: otherPassword }, asBrowser(person));
  expect((await resetPassword(server, token, 'a third good password')).status).toBe(400);
});

test('the current password must be right, and five wrong ones lock the question', async () => {
  const { server, person } = await startWithAda();
  const wrong = { current_password: wrongPassword, new_password: otherPassword };
  for (let turn = 0; turn < 5; turn += 1) {
    const answer = await changePassword(server, wrong, asBrowser(person));
    expect([answer.status, answer.body]).toEqual([401, failure('unauthorized', 'Current password is incorrect')]);
    expect(answer.headers.get('www-authenticate')).toBe(challenge);
  }
  const right = { current_password: goodPassword, new_password: otherPassword };
  const locked = await changePassword(server, right, asBrowser(person));
  expect([locked.status, locked.body]).toEqual([
    403,
    failure('forbidden', 'Too many failed attempts. Please try again in 15 minutes'),
  ]);
  expect((await signIn(server, ada)).status).toBe(200);
});

test('a new password that breaks the policy is a validation error of that field', async () => {
  const { server, person } = await startWithAda();
  const change = (new_password: unknown) =>
    changePassword(server, { current_password: goodPassword, new_password }, asBrowser(person));
  const expected = { short: 'password must be at least 8 characters', password1: 'password is too common' };
  for (const [password, message] of Object.entries(expected)) {
    const answer = await change(password);
    expect([answer.status, answer.body]).toEqual([400, invalid({ field: 'new_password', message })]);
  }
  const both = await changePassword(server, { current_password: 1, new_password: null }, asBrowser(person));
  expect(both.body).toEqual(
    invalid(
      { field: 'current_password', message: 'password is required' },
      { field: 'new_password', message: 'password is required' },
    ),
  );
  expect((await signIn(server, ada)).status).toBe(200);
});

test('an account without a password cannot change it', async () => {
  const { server, person } = await startWithAda();
  execute(server, 'delete from password_credentials');
  const answer = await changePassword(server, { current_password: goodPassword, new_password: otherPassword }, asBrowser(person));
  expect([answer.status, answer.body]).toEqual([409, failure('conflict', 'This account has no password')]);
  expect(count(server, 'password_credentials')).toBe(0);
});

test('changing needs a log-in; by Authorization: Bearer it needs no CSRF token', async () => {
  const { server, person } = await startWithAda();
  const passwords = { current_password: goodPassword, new_password: otherPassword };
  const nobody = await changePassword(server, passwords, {});
  expect([nobody.status, nobody.body]).toEqual([401, missingToken]);
  expect((await changePassword(server, passwords, { token: person.accessToken })).status).toBe(200);
});

test('the texts, and the mail, are in Japanese where that is preferred', async () => {
  const { server, person } = await startWithAda();
  const headers = inJapanese;
  expect((await forgotPassword(server, ada, { headers })).body.message).toMatch(/^ご登録のメールアドレスであれば/);
  const token = await mailedToken(server, ada);
  expect((await resetPassword(server, 'nonsense', otherPassword, { headers })).body).toEqual(
    failure('bad_request', '再設定トークンが無効か、有効期限が切れています'),
  );
  const changed = await changePassword(
    server,
    { current_password: wrongPassword, new_password: otherPassword },
    { token: person.accessToken, headers },
  );
  expect(changed.body.error).toBe('現在のパスワードが正しくありません');
  expect((await resetPassword(server, token, otherPassword, { headers })).body.message).toMatch(/^パスワードを再設定しました/);
  expect(rows(server, 'select id from sessions where ended_at is null')).toEqual([]);
});
