import { expect, test } from 'vitest';
import { execute } from '../database.ts';
import { count, rows } from '../standard/stored.ts';
import {
  ada,
  asBrowser,
  challenge,
  clearedCookies,
  deleteAccount,
  failure,
  goodPassword,
  inJapanese,
  invalid,
  invalidAccessToken,
  invalidCredentials,
  invalidRefreshToken,
  me,
  missingToken,
  refresh,
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

const locked = failure('forbidden', 'Too many failed attempts. Please try again in 15 minutes');

test('S0.9 the right password deletes the account and clears the cookies; nothing of it works any more', async () => {
  const { server, person } = await startWithAda();
  const phone = await signedIn(server, ada);
  const eve = await signedUp(server, 'eve@example.com');
  const answer = await deleteAccount(server, goodPassword, asBrowser(person));
  expect([answer.status, answer.body]).toEqual([200, { message: 'Account has been permanently deleted' }]);
  expect(answer.cookies).toEqual(clearedCookies);
  for (const one of [person, phone]) {
    expect((await me(server, asBrowser(one))).body).toEqual(invalidAccessToken);
    expect((await refresh(server, asBrowser(one))).body).toEqual(invalidRefreshToken);
  }
  expect((await signIn(server, ada)).body).toEqual(invalidCredentials);
  expect(rows(server, 'select id from users')).toEqual([{ id: eve.userId }]);
  expect(count(server, 'password_credentials')).toBe(1);
  expect((await me(server, asBrowser(eve))).status).toBe(200);
});

test('the address is free again, for an account that is a new one', async () => {
  const { server, person } = await startWithAda();
  await deleteAccount(server, goodPassword, asBrowser(person));
  const again = await signedUp(server, ada);
  expect(again.userId).not.toBe(person.userId);
});

test('by Authorization: Bearer it needs no CSRF token', async () => {
  const { server, person } = await startWithAda();
  expect((await deleteAccount(server, goodPassword, { token: person.accessToken })).status).toBe(200);
  expect(count(server, 'users')).toBe(0);
});

test('a wrong password deletes nothing and clears nothing', async () => {
  const { server, person } = await startWithAda();
  const answer = await deleteAccount(server, wrongPassword, asBrowser(person));
  expect([answer.status, answer.body]).toEqual([401, failure('unauthorized', 'Password is incorrect')]);
  expect(answer.headers.get('www-authenticate')).toBe(challenge);
  expect(answer.cookies).toEqual([]);
  expect((await me(server, asBrowser(person))).status).toBe(200);
});

test('without a log-in it is a 401 and the body is not looked at', async () => {
  const { server } = await startWithAda();
  const answer = await server.call('DELETE', '/auth/account', { body: '{' });
  expect([answer.status, answer.body]).toEqual([401, missingToken]);
  expect(count(server, 'users')).toBe(1);
});

test.each<[string, unknown]>([
  ['no password', {}],
  ['null', { password: null }],
  ['another type', { password: 1 }],
  ['no body at all', undefined],
])('%s is a validation error', async (_, body) => {
  const { server, person } = await startWithAda();
  const answer = await server.call('DELETE', '/auth/account', { ...asBrowser(person), body });
  expect([answer.status, answer.body]).toEqual([400, invalid({ field: 'password', message: 'password is required' })]);
  expect(count(server, 'users')).toBe(1);
});

test('five wrong passwords lock the question for 15 minutes, for this account alone; signing in stays possible', async () => {
  const { server, person } = await startWithAda();
  for (let turn = 0; turn < 5; turn += 1)
    expect((await deleteAccount(server, wrongPassword, asBrowser(person))).status).toBe(401);
  const answer = await deleteAccount(server, goodPassword, asBrowser(person));
  expect([answer.status, answer.body, answer.cookies]).toEqual([403, locked, []]);
  const phone = await signedIn(server, ada);
  expect((await deleteAccount(server, goodPassword, asBrowser(phone))).body).toEqual(locked);
  server.advance({ minutes: 15 });
  const late = await signedIn(server, ada);
  expect((await deleteAccount(server, goodPassword, asBrowser(late))).status).toBe(200);
});

test('an account without a password asks for a sign-in younger than five minutes instead', async () => {
  const { server, person } = await startWithAda();
  execute(server, 'delete from password_credentials');
  server.advance({ minutes: 5, seconds: 1 });
  const old = await deleteAccount(server, undefined, asBrowser(person));
  expect([old.status, old.body]).toEqual([403, failure('forbidden', 'Please sign in again to do this')]);
  server.advance({ minutes: -2 });
  expect((await deleteAccount(server, undefined, asBrowser(person))).status).toBe(200);
});

test('the texts are in Japanese where that is preferred', async () => {
  const { server, person } = await startWithAda();
  const inJapan = { ...asBrowser(person), headers: { ...asBrowser(person).headers, ...inJapanese } };
  expect((await deleteAccount(server, wrongPassword, inJapan)).body.error).toBe('パスワードが正しくありません');
  expect((await deleteAccount(server, undefined, inJapan)).body).toEqual({
    error: '入力内容に誤りがあります',
    error_type: 'validation_errors',
    errors: [{ field: 'password', message: 'パスワードを入力してください' }],
  });
  expect((await deleteAccount(server, goodPassword, inJapan)).body).toEqual({ message: 'アカウントを完全に削除しました' });
});
