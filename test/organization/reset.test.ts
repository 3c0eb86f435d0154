import { expect, test } from 'vitest';
import type { TestServer } from '../server.ts';
import { rows } from '../standard/stored.ts';
import {
  confirmReset,
  failure,
  goodPassword,
  inEnglish,
  invalidInput,
  invalidRefreshToken,
  invalidToken,
  loggedIn,
  logIn,
  me,
  path,
  refreshWith,
  registered,
  requestReset,
  resetToken,
  startOrganization,
} from './people.ts';

const ada = 'ada@example.com';
const newPassword = 'another horse battery';

const sent = { success: true, data: { message: 'パスワードリセット手順を記載したメールを送信しました' } };
const done = { success: true, data: { message: 'パスワードが正常にリセットされました' } };
const invalid = failure('INVALID_RESET_TOKEN', 'パスワードリセットトークンが無効です');
const expired = failure('RESET_TOKEN_EXPIRED', 'パスワードリセットトークンの有効期限が切れています。再度リクエストしてください');

const startWithAda = async (settings: Record<string, string> = {}) => {
  const server = await startOrganization(settings);
  const person = await registered(server, ada);
  server.advance({ seconds: 1 });
  return { server, person };
};

const askedFor = async (server: TestServer) => {
  await requestReset(server, ada);
  return resetToken(server, ada);
};

test('S2.21 S2.22 S2.81 S2.82 S2.86 S2.88 S2.91 S2.96 S2.187 the mailed token sets a new password and ends every session', async () => {
  const { server, person } = await startWithAda();
  const phone = await loggedIn(server, ada);
  const asked = await requestReset(server, ' ADA@example.com ');
  expect([asked.status, asked.body]).toEqual([200, sent]);
  // Asking changes nothing.
  expect((await me(server, { token: person.accessToken })).status).toBe(200);
  expect((await logIn(server, ada)).status).toBe(200);

  const answer = await confirmReset(server, await resetToken(server, ada), newPassword);
  expect([answer.status, answer.body]).toEqual([200, done]);
  expect(answer.cookies).toEqual([]);
  for (const { accessToken, refreshToken } of [person, phone]) {
    expect((await me(server, { token: accessToken })).body).toEqual(invalidToken);
    expect((await refreshWith(server, refreshToken)).body).toEqual(invalidRefreshToken);
  }
  expect((await logIn(server, ada)).status).toBe(401);
  expect((await logIn(server, ada, { password: newPassword })).status).toBe(200);
  expect((await server.mails(ada))[0]?.subject).toMatch(/パスワード/);
});

test('S2.83 the answer is the same for an address that nobody has, and only the owner gets mail', async () => {
  const { server } = await startWithAda();
  const known = await requestReset(server, ada);
  const unknown = await requestReset(server, 'nobody@example.com');
  expect([unknown.status, unknown.body]).toEqual([known.status, known.body]);
  const compared = (headers: Headers) => [...headers].filter(([name]) => name !== 'x-request-id' && name !== 'date');
  expect(compared(unknown.headers)).toEqual(compared(known.headers));
  expect(await server.mails('nobody@example.com')).toEqual([]);
  expect(await server.mails(ada)).toHaveLength(2);
});

test('S2.84 S2.93 the link lives 24 hours, says so, and then is 400 RESET_TOKEN_EXPIRED', async () => {
  const { server } = await startWithAda();
  const token = await askedFor(server);
  expect((await server.newestMail(ada)).text).toContain('24時間');
  server.advance({ hours: 24, seconds: -1 });
  expect((await confirmReset(server, token, 'short')).status).toBe(422);
  server.advance({ seconds: 1 });
  const answer = await confirmReset(server, token, newPassword);
  expect([answer.status, answer.body]).toEqual([400, expired]);
  const english = await confirmReset(server, token, newPassword, { headers: inEnglish });
  expect(english.body).toEqual(failure('RESET_TOKEN_EXPIRED', 'The password reset token has expired. Please request a new one'));
  expect((await logIn(server, ada)).status).toBe(200);
});

test('S2.84 in its last second it still works', async () => {
  const { server } = await startWithAda();
  const token = await askedFor(server);
  server.advance({ hours: 24, seconds: -1 });
  expect((await confirmReset(server, token, newPassword)).body).toEqual(done);
});

test('the lifetime is this contract’s own setting', async () => {
  const { server } = await startWithAda({ TEGATA_ORGANIZATION_RESET_TTL: '2h', TEGATA_RESET_TTL: '10m' });
  const token = await askedFor(server);
  expect((await server.newestMail(ada)).text).toContain('2時間');
  server.advance({ hours: 1, minutes: 59 });
  expect((await confirmReset(server, token, newPassword)).status).toBe(200);
});

test('the mail is in the language of the person, its link opens the page where the same token works', async () => {
  const { server } = await startWithAda();
  await requestReset(server, ada);
  const mail = await server.newestMail(ada);
  expect(mail.subject).toMatch(/[ぁ-んァ-ヶ]/);
  const link = new URL(mail.links[0] as string);
  expect(link.pathname).toBe('/auth/reset-password');
  const page = await server.call('GET', link.pathname + link.search);
  expect(page.status).toBe(200);
  const form = { 'content-type': 'application/x-www-form-urlencoded' };
  const body = new URLSearchParams({ token: link.searchParams.get('token') as string, password: newPassword }).toString();
  expect((await server.call('POST', link.pathname, { body, headers: form })).status).toBe(200);
  expect((await logIn(server, ada, { password: newPassword })).status).toBe(200);
});

test('S2.89 S2.92 S2.95 a used, an unknown or a replaced token is 400 INVALID_RESET_TOKEN', async () => {
  const { server } = await startWithAda();
  const first = await askedFor(server);
  server.advance({ hours: 1 });
  const second = await askedFor(server);
  expect((await confirmReset(server, first, newPassword)).body).toEqual(invalid);
  expect((await confirmReset(server, second, newPassword)).body).toEqual(done);
  for (const token of [second, 'gone', `${second}x`, 'x'.repeat(5000)]) {
    const answer = await confirmReset(server, token, 'yet another horse');
    expect([answer.status, answer.body]).toEqual([400, invalid]);
  }
  server.advance({ days: 2 });
  expect((await confirmReset(server, second, 'yet another horse')).body).toEqual(invalid);
  const english = await confirmReset(server, 'gone', newPassword, { headers: inEnglish });
  expect(english.body).toEqual(failure('INVALID_RESET_TOKEN', 'The password reset token is not valid'));
});

test('S2.95 V32 of sixteen uses at once exactly one succeeds', async () => {
  const { server } = await startWithAda();
  const token = await askedFor(server);
  const passwords = Array.from({ length: 16 }, (_, index) => `horse number ${index}`);
  const answers = await Promise.all(passwords.map((password) => confirmReset(server, token, password)));
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
  for (const { status, body } of answers.filter((answer) => answer.status !== 200))
    expect([status, body]).toEqual([400, invalid]);
  const winner = passwords[answers.findIndex(({ status }) => status === 200)] as string;
  expect((await logIn(server, ada, { password: winner })).status).toBe(200);
});

test.each<[string, Record<string, unknown>, Record<string, string>]>([
  ['S2.90 a short password', { password: '7 chars' }, { password: 'パスワードは8文字以上である必要があります' }],
  ['S2.90 no password', { password: undefined }, { password: 'パスワードを入力してください' }],
  ['S2.124 a common password', { password: 'password1' }, { password: 'よく使われているパスワードは使用できません' }],
  ['S2.124 the address as password', { password: ada }, { password: 'メールアドレスと同じパスワードは使用できません' }],
  ['S2.89 no token', { token: undefined }, { token: 'トークンを指定してください' }],
  ['S2.89 an empty token', { token: '' }, { token: 'トークンを指定してください' }],
  ['S2.89 a token that is no text', { token: 7 }, { token: 'トークンを指定してください' }],
])('S2.94 %s is 422, and the token stays usable', async (_, change, details) => {
  const { server } = await startWithAda();
  const token = await askedFor(server);
  const answer = await server.call('POST', path('password-reset/confirm'), { body: { token, password: newPassword, ...change } });
  expect([answer.status, answer.body]).toEqual([422, invalidInput(details)]);
  expect((await logIn(server, ada, { password: goodPassword })).status).toBe(200);
  expect((await confirmReset(server, token, newPassword)).status).toBe(200);
});

test.each([
  ['no address', {}, 'メールアドレスを入力してください'],
  ['what is no address', { email: 'ada' }, 'メールアドレスの形式が正しくありません'],
])('S2.81 asking with %s is 422', async (_, body, email) => {
  const { server } = await startWithAda();
  const answer = await server.call('POST', path('password-reset/request'), { body });
  expect([answer.status, answer.body]).toEqual([422, invalidInput({ email })]);
});

test('a completed reset lifts the lock, and is open to whoever is locked out', async () => {
  const { server } = await startWithAda();
  for (let attempt = 0; attempt < 5; attempt += 1) await logIn(server, ada, { password: 'a guess' });
  expect((await logIn(server, ada)).status).toBe(403);
  await confirmReset(server, await askedFor(server), newPassword);
  expect((await logIn(server, ada, { password: newPassword })).status).toBe(200);
});

test('the stored token is a digest', async () => {
  const { server } = await startWithAda();
  const token = await askedFor(server);
  expect(JSON.stringify(rows(server, 'select * from one_time_tokens'))).not.toContain(token);
});
