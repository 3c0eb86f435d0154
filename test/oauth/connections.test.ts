import { describe, expect, test } from 'vitest';
import { execute } from '../database.ts';
import {
  addedEmail,
  forgot,
  goodPassword,
  inJapanese,
  loggedIn,
  logIn,
  makePrimary,
  me,
  registered,
  tokenFor,
  undoEmailChange,
} from '../standard/people.ts';
import { allBytes, count, rows } from '../standard/stored.ts';
import {
  ada,
  begin,
  connectionsOf,
  finish,
  type House,
  loggedInThrough,
  logInThrough,
  octocat,
  startHouse,
  visit,
} from './people.ts';

const start = async (settings: Record<string, string> = {}) => {
  const house = await startHouse(settings);
  house.google.people.set('ada', ada);
  house.company.people.set('ada', { email: 'ada@company.example', email_verified: false });
  house.github.people.set('ada', octocat('private@example.org'));
  return house;
};

const remove = ({ server }: House, token: string, provider: string) =>
  server.call('DELETE', `/api/v1/me/connections/${provider}`, { token });
const namesOf = async ({ server }: House, token: string) =>
  (await connectionsOf(server, token)).body.data.map(({ provider }: { provider: string }) => provider);

describe('adding one while logged in', () => {
  test('keeps the session, needs no address of the provider, and tells the owner', async () => {
    const house = await start();
    const { server } = house;
    const { userId } = await registered(server, 'ada@example.com');
    const { accessToken: token } = await loggedIn(server, 'ada@example.com');
    server.advance({ minutes: 5 });
    for (const provider of ['company', 'github'] as const) {
      const answer = await logInThrough(house, provider, 'ada', { token });
      expect(answer.status).toBe(200);
      expect(answer.body.data).toMatchObject({ access_token: token, expires_in: 600, is_new_user: false, user: { id: userId } });
      expect(answer.cookies).toEqual([expect.stringMatching(/^tegata_oauth=; /)]);
    }
    expect(await namesOf(house, token)).toEqual(['company', 'github']);
    expect(['users', 'sessions', 'user_emails'].map((table) => count(server, table))).toEqual([1, 1, 1]);
    const subjects = (await server.mails('ada@example.com')).map(({ subject }) => subject);
    expect(subjects).toEqual(
      expect.arrayContaining(['Example Company was connected to your account', 'GitHub was connected to your account']),
    );
    expect((await loggedInThrough(house, 'github', 'ada')).userId).toBe(userId);
  });

  test('only whoever began it can finish it', async () => {
    const house = await start();
    const { server } = house;
    await registered(server, 'ada@example.com');
    await registered(server, 'eve@example.com');
    const own = (await loggedIn(server, 'ada@example.com')).accessToken;
    const eves = (await loggedIn(server, 'eve@example.com')).accessToken;
    const { cookie, url } = await begin(server, 'github', { token: own });
    const answer = await visit(house, 'github', 'ada', url);
    const nobody = await finish(server, 'github', answer, { cookie });
    expect(nobody.status).toBe(401);
    expect(nobody.body.error).toMatchObject({ code: 'UNAUTHORIZED', message: 'authorization header required' });
    const somebodyElse = await finish(server, 'github', answer, { cookie, token: eves });
    expect(somebodyElse.body.error).toMatchObject({ message: 'invalid authorization code', reason: 'flow_of_another_user' });
    expect(count(server, 'oauth_accounts')).toBe(0);
    expect((await finish(server, 'github', answer, { cookie, token: own })).status).toBe(200);
  });

  test('a log-in that nobody began logged in connects nothing, whatever token comes with its end (forced linking)', async () => {
    const house = await start();
    const { server } = house;
    await registered(server, 'victim@example.com');
    const { accessToken: token } = await loggedIn(server, 'victim@example.com');
    const { cookie, url } = await begin(server, 'google');
    const answer = await finish(server, 'google', await visit(house, 'google', 'ada', url), { cookie, token });
    expect(answer.body.data).toMatchObject({ is_new_user: true, user: { email: 'ada@example.com' } });
    expect(await namesOf(house, token)).toEqual([]);
  });

  test('what belongs to another user stays theirs; one’s own is kept; a second one of a provider is refused', async () => {
    const house = await start();
    const { server } = house;
    const owner = await loggedInThrough(house, 'google', 'ada');
    await registered(server, 'eve@example.com');
    const { accessToken: token } = await loggedIn(server, 'eve@example.com');
    const taken = await logInThrough(house, 'google', 'ada', { token });
    expect(taken.status).toBe(409);
    expect(taken.body.error).toMatchObject({ message: 'this provider account is connected to another user' });
    expect((await logInThrough(house, 'google', 'ada', { token: owner.accessToken })).status).toBe(200);
    expect(count(server, 'oauth_accounts')).toBe(1);
    house.google.people.set('second', { ...ada, email: 'second@example.com' });
    const second = await logInThrough(house, 'google', 'second', { token: owner.accessToken });
    expect(second.status).toBe(409);
    expect(second.body.error).toMatchObject({ message: 'another account of this provider is already connected' });
  });

  test('in parallel, one account at a provider is connected to one user', async () => {
    const house = await start();
    const { server } = house;
    const tokens: string[] = [];
    for (const name of ['a', 'b', 'c']) {
      await registered(server, `${name}@example.com`);
      tokens.push((await loggedIn(server, `${name}@example.com`)).accessToken);
    }
    const answers = await Promise.all(tokens.map((token) => logInThrough(house, 'github', 'ada', { token })));
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 409, 409]);
    expect(count(server, 'oauth_accounts')).toBe(1);
  });
});

describe('removing one', () => {
  test('is possible while there is another way in, and tells the owner', async () => {
    const house = await start();
    const { server } = house;
    await registered(server, 'ada@example.com');
    const { accessToken: token } = await loggedIn(server, 'ada@example.com');
    await logInThrough(house, 'github', 'ada', { token });
    server.advance({ seconds: 1 });
    const answer = await remove(house, token, 'github');
    expect(answer.body).toEqual({ data: { message: 'connection removed' }, meta: null });
    expect(await namesOf(house, token)).toEqual([]);
    expect((await server.newestMail('ada@example.com')).subject).toBe('GitHub was disconnected from your account');
    expect((await remove(house, token, 'github')).body.error).toMatchObject({
      code: 'NOT_FOUND',
      message: 'connection not found',
    });
    expect(rows(server, "select reason from audit_events where type = 'connection.removed'")).toHaveLength(1);
  });

  test('never the last way in', async () => {
    const house = await start();
    const { accessToken: token } = await loggedInThrough(house, 'google', 'ada');
    const last = await remove(house, token, 'google');
    expect(last.status).toBe(409);
    expect(last.body.error).toEqual({
      code: 'CONFLICT',
      message: 'this is the only way to log in to your account',
      reason: 'last_way_in',
    });
    await logInThrough(house, 'github', 'ada', { token });
    const answers = await house.server.atOnce(10, (index) => remove(house, token, index % 2 ? 'google' : 'github'));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(await namesOf(house, token)).toHaveLength(1);
  });

  test('a provider that is no longer on offer is no way in', async () => {
    const house = await start();
    const { accessToken: token, userId } = await loggedInThrough(house, 'google', 'ada');
    execute(house.server, "insert into oauth_accounts values ('x', ?, 'gone', 'gone 1', null, null, 0, 0)", userId);
    expect((await remove(house, token, 'google')).status).toBe(409);
    expect((await remove(house, token, 'gone')).status).toBe(200);
  });

  test('nobody removes another user’s, and nobody without a log-in', async () => {
    const house = await start();
    await loggedInThrough(house, 'google', 'ada');
    await registered(house.server, 'eve@example.com');
    const { accessToken: token } = await loggedIn(house.server, 'eve@example.com');
    expect((await remove(house, token, 'google')).status).toBe(404);
    expect((await house.server.call('DELETE', '/api/v1/me/connections/google')).status).toBe(401);
    expect((await house.server.call('GET', '/api/v1/me/connections')).status).toBe(401);
    expect(count(house.server, 'oauth_accounts')).toBe(1);
  });
});

describe('a user who logs in through providers only', () => {
  const setPassword = ({ server }: House, token: string, password = goodPassword) =>
    server.call('POST', '/api/v1/auth/password/set', { token, body: { password } });

  test('can set a password, log in with it, and then remove the provider', async () => {
    const house = await start();
    const { server } = house;
    const { accessToken: token, userId } = await loggedInThrough(house, 'google', 'ada');
    server.advance({ minutes: 5 });
    expect((await setPassword(house, token, 'short')).body.error.details).toEqual([
      { field: 'password', message: 'password must be at least 8 characters' },
    ]);
    const set = await setPassword(house, token);
    expect(set.body).toEqual({ data: { message: 'Password set successfully' }, meta: null });
    expect((await logIn(server, 'ada@example.com')).body.data.user.id).toBe(userId);
    expect((await me(server, token)).status).toBe(200);
    expect((await server.newestMail('ada@example.com')).subject).toBe('Your account now has a password');
    expect((await remove(house, token, 'google')).status).toBe(200);
  });

  test('needs a log-in younger than five minutes for that, and cannot replace a password in this way', async () => {
    const house = await start();
    const { accessToken: token } = await loggedInThrough(house, 'google', 'ada');
    house.server.advance({ minutes: 5, milliseconds: 1 });
    const late = await setPassword(house, token);
    expect(late.status).toBe(403);
    expect(late.body.error).toEqual({
      code: 'STEP_UP_REQUIRED',
      message: 'please log in again to do this',
      reason: 'login_too_old',
    });
    const fresh = await loggedInThrough(house, 'google', 'ada');
    const answers = await house.server.atOnce(3, (index) => setPassword(house, fresh.accessToken, `${goodPassword} ${index}`));
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 409, 409]);
    expect(answers.find(({ status }) => status === 409)?.body.error).toMatchObject({
      message: 'this account already has a password',
    });
  });

  test('who forgot the password they never had gets a mail that names their providers', async () => {
    const house = await start();
    const { server } = house;
    const { accessToken: token } = await loggedInThrough(house, 'google', 'ada');
    await logInThrough(house, 'github', 'ada', { token });
    server.advance({ seconds: 1 });
    expect((await forgot(server, 'ada@example.com')).body.data.message).toBe(
      'If your email is registered, you will receive a password reset link.',
    );
    const mail = await server.newestMail('ada@example.com');
    expect(mail.subject).toBe('How to log in to your account');
    expect(mail.text).toContain('you log in with Google or GitHub');
    expect(mail.links).toEqual([]);
  });

  test('reads it in Japanese, and gets a reset link once none of the providers is on offer', async () => {
    const house = await start();
    const { server } = house;
    const { cookie, url } = await begin(server, 'google');
    await finish(server, 'google', await visit(house, 'google', 'ada', url), { cookie, headers: inJapanese });
    server.advance({ seconds: 1 });
    await forgot(server, 'ada@example.com');
    expect((await server.newestMail('ada@example.com')).text).toContain('Googleを使ってログインするアカウントです');
    execute(server, "update oauth_accounts set provider = 'gone'");
    await forgot(server, 'ada@example.com');
    expect(await tokenFor(server, 'ada@example.com', 'reset-password')).toBeTruthy();
  });

  test('deletes the account after a log-in younger than five minutes, and can come back as a new user', async () => {
    const house = await start();
    const { server } = house;
    const { accessToken: token, userId } = await loggedInThrough(house, 'google', 'ada');
    server.advance({ minutes: 5, milliseconds: 1 });
    const late = await server.call('DELETE', '/api/v1/me', { token });
    expect(late.body.error).toMatchObject({ code: 'STEP_UP_REQUIRED', reason: 'login_too_old' });
    const again = await loggedInThrough(house, 'google', 'ada');
    expect((await server.call('DELETE', '/api/v1/me', { token: again.accessToken })).status).toBe(200);
    expect(['users', 'oauth_accounts', 'user_emails'].map((table) => count(server, table))).toEqual([0, 0, 0]);
    expect((await me(server, token)).status).toBe(401);
    const back = await logInThrough(house, 'google', 'ada');
    expect(back.body.data.is_new_user).toBe(true);
    expect(back.body.data.user.id).not.toBe(userId);
  });
});

test('undoing a change of the address also removes what the thief has connected', async () => {
  const house = await start();
  const { server } = house;
  await registered(server, 'ada@example.com');
  const { accessToken: stolen } = await loggedIn(server, 'ada@example.com');
  house.github.people.set('thief', { ...octocat('thief@example.org'), id: 666 });
  expect((await logInThrough(house, 'github', 'thief', { token: stolen })).status).toBe(200);
  const { emailId } = await addedEmail(server, stolen, 'thief@example.org');
  await makePrimary(server, stolen, emailId);
  await undoEmailChange(server, await tokenFor(server, 'ada@example.com', 'undo-email'));
  expect(count(server, 'oauth_accounts')).toBe(0);
  const thief = await logInThrough(house, 'github', 'thief');
  expect(thief.body.data).toMatchObject({ is_new_user: true });
});

describe('the provider’s own tokens (V44, S3.84)', () => {
  test('are not stored', async () => {
    const house = await start();
    await loggedInThrough(house, 'github', 'ada');
    expect(rows(house.server, 'select sealed_tokens from oauth_accounts')).toEqual([{ sealed_tokens: null }]);
  });

  test('are stored encrypted where the configuration asks for it, the newest ones, and never reach the browser', async () => {
    const house = await start({ TEGATA_STORE_PROVIDER_TOKENS: 'on' });
    const first = await loggedInThrough(house, 'github', 'ada');
    const stored = () => rows(house.server, 'select sealed_tokens from oauth_accounts')[0]?.sealed_tokens as string;
    const before = stored();
    expect(before).toMatch(/^v1\./);
    expect((await allBytes(house.server)).includes('gho_')).toBe(false);
    expect(JSON.stringify([first.answer.body, first.answer.cookies])).not.toContain('gho_');
    await loggedInThrough(house, 'github', 'ada');
    expect(stored()).not.toBe(before);
    expect((await connectionsOf(house.server, first.accessToken)).body.data[0]).not.toHaveProperty('sealed_tokens');
  });
});
