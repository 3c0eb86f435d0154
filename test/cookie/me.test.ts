import { SignJWT } from 'jose';
import { expect, test } from 'vitest';
import { execute } from '../database.ts';
import { tampered } from '../standard/tokens.ts';
import {
  ada,
  asBrowser,
  challenge,
  challengeRefused,
  cookiesOf,
  deleteAccount,
  failure,
  goodPassword,
  inJapanese,
  invalidAccessToken,
  me,
  missingToken,
  signedIn,
  signedUp,
  startCookie,
} from './people.ts';

const startWithAda = async (settings: Record<string, string> = {}) => {
  const server = await startCookie(settings);
  return { server, person: await signedUp(server, ada) };
};

test('S0.12 S0.15 the cookie says who I am, wherever it stands among others', async () => {
  const { server, person } = await startWithAda();
  const { accessCookie } = person;
  for (const cookie of [accessCookie, `theme=dark; ${accessCookie}`, `a=b;${accessCookie};  c="d;e"`, cookiesOf(person)]) {
    const answer = await me(server, { cookie });
    expect([answer.status, answer.body]).toEqual([200, { user: person.answer.body.user }]);
    expect(answer.cookies).toEqual([]);
    expect(answer.headers.get('cache-control')).toBe('no-store');
  }
});

test('Authorization: Bearer says so too, and reading needs no CSRF token', async () => {
  const { server, person } = await startWithAda();
  for (const scheme of ['Bearer', 'bearer', 'BEARER']) {
    const answer = await me(server, { headers: { authorization: `${scheme} ${person.accessToken}` } });
    expect(answer.body).toEqual({ user: person.answer.body.user });
  }
});

test('without a token: 401 and how to authenticate', async () => {
  const { server, person } = await startWithAda();
  for (const cookie of [undefined, 'access_token=', person.refreshCookie, person.csrfCookie]) {
    const answer = await me(server, { cookie });
    expect([answer.status, answer.body]).toEqual([401, missingToken]);
    expect(answer.headers.get('www-authenticate')).toBe(challenge);
  }
});

test('two cookies of that name are none: guessing which is ours would be worse', async () => {
  const { server, person } = await startWithAda();
  for (const cookie of [`${person.accessCookie}; access_token=x`, `access_token=x; ${person.accessCookie}`]) {
    expect((await me(server, { cookie })).body).toEqual(missingToken);
  }
});

test('a forged, foreign or wrong kind of token is invalid, by cookie and by header', async () => {
  const { server, person } = await startWithAda();
  const none = `${Buffer.from('{"alg":"none","typ":"at+jwt"}').toString('base64url')}.${person.accessToken.split('.')[1]}.`;
  const foreign = await new SignJWT({ sid: 'x', gen: 0 })
    .setProtectedHeader({ alg: 'HS256', typ: 'at+jwt' })
    .setSubject(person.userId)
    .setIssuer('tegata')
    .setAudience('tegata-api')
    .setExpirationTime('1h')
    .sign(new TextEncoder().encode('a key that this server does not have'));
  for (const token of ['nonsense', tampered(person.accessToken), none, foreign, person.refreshToken]) {
    for (const options of [{ cookie: `access_token=${token}` }, { token }]) {
      const answer = await me(server, options);
      expect([answer.status, answer.body]).toEqual([401, invalidAccessToken]);
      expect(answer.headers.get('www-authenticate')).toBe(challengeRefused);
    }
  }
});

test('a bad header is not rescued by a good cookie', async () => {
  const { server, person } = await startWithAda();
  for (const authorization of ['Bearer nonsense', 'Basic YWRhOnB3', 'Bearer', `Token ${person.accessToken}`]) {
    const answer = await me(server, { cookie: cookiesOf(person), headers: { authorization } });
    expect([answer.status, answer.body]).toEqual([401, invalidAccessToken]);
  }
});

test('a good header wins over a bad cookie, and over somebody else’s', async () => {
  const { server, person } = await startWithAda();
  const eve = await signedUp(server, 'eve@example.com');
  for (const cookie of ['access_token=nonsense', cookiesOf(eve)]) {
    expect((await me(server, { cookie, token: person.accessToken })).body.user.email).toBe(ada);
  }
});

test('S0.13 the access token expires after 15 minutes, to the second', async () => {
  const { server, person } = await startWithAda();
  server.advance({ minutes: 15, seconds: -1 });
  expect((await me(server, asBrowser(person))).status).toBe(200);
  server.advance({ seconds: 1 });
  for (const options of [asBrowser(person), { token: person.accessToken }]) {
    const late = await me(server, options);
    expect([late.status, late.body]).toEqual([401, failure('unauthorized', 'Access token has expired')]);
    expect(late.headers.get('www-authenticate')).toBe(challengeRefused);
  }
});

test('who is suspended, deactivated or deleted is out with the next request', async () => {
  const { server, person } = await startWithAda();
  const gone = await signedUp(server, 'gone@example.com');
  await deleteAccount(server, goodPassword, asBrowser(gone));
  expect((await me(server, asBrowser(gone))).body).toEqual(invalidAccessToken);
  for (const status of ['suspended', 'deactivated'] as const) {
    await server.engine.auth.setUserStatus({ userId: person.userId, status });
    expect((await me(server, asBrowser(person))).body).toEqual(invalidAccessToken);
    await server.engine.auth.setUserStatus({ userId: person.userId, status: 'active' });
  }
});

test('a session whose row is lost is over', async () => {
  const { server, person } = await startWithAda();
  execute(server, 'delete from sessions');
  expect((await me(server, asBrowser(person))).body).toEqual(invalidAccessToken);
});

test('a token in the query is not looked at', async () => {
  const { server, person } = await startWithAda();
  expect((await server.call('GET', `/auth/me?access_token=${person.accessToken}`)).body).toEqual(missingToken);
});

test('the refusals are in Japanese where that is preferred', async () => {
  const { server, person } = await startWithAda();
  const says = async (options: Parameters<typeof me>[1]) =>
    (await me(server, { ...options, headers: { ...options?.headers, ...inJapanese } })).body.error;
  expect(await says({})).toBe('認証トークンがありません');
  expect(await says({ token: 'nonsense' })).toBe('アクセストークンが無効です');
  const phone = await signedIn(server, ada);
  server.advance({ hours: 1 });
  expect(await says({ token: phone.accessToken })).toBe('アクセストークンの有効期限が切れています');
  expect(await says(asBrowser(person))).toBe('アクセストークンの有効期限が切れています');
});
