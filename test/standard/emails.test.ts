import { describe, expect, test } from 'vitest';
import { cookiePair, startServer, type TestServer } from '../server.ts';
import {
  addEmail,
  addedEmail,
  emailsOf,
  forgot,
  goodPassword,
  inJapanese,
  loggedIn,
  logIn,
  mailedToken,
  makePrimary,
  me,
  refresh,
  register,
  registered,
  resend,
  tokenFor,
  verifyEmail,
} from './people.ts';
import { count, rows } from './stored.ts';

const path = '/api/v1/me/emails';
const ada = 'ada@example.com';
const work = 'ada@work.example';

/** Somebody with a session. */
const person = async (server: TestServer, email = ada) => {
  const { userId } = await registered(server, email);
  const { accessToken, refreshCookie } = await loggedIn(server, email);
  return { userId, token: accessToken, refreshCookie };
};

const remove = (server: TestServer, token: string, emailId: string) => server.call('DELETE', `${path}/${emailId}`, { token });
const conflict = (message: string) => ({ error: { code: 'CONFLICT', message }, meta: null });
const notFound = { error: { code: 'NOT_FOUND', message: 'email not found' }, meta: null };
const missingId = '01900000-0000-7000-8000-000000000001';

describe('the list', () => {
  test('is the registered address at first', async () => {
    const server = await startServer();
    const { token } = await person(server);
    const answer = await server.call('GET', path, { token });
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({
      data: [{ id: expect.any(String), email: ada, primary: true, verified: true, created_at: '2030-01-15T09:00:00.000Z' }],
      meta: { pagination: { page: 1, per_page: 20, total_items: 1, total_pages: 1, has_next: false, has_prev: false } },
    });
    expect(answer.headers.get('cache-control')).toBe('no-store');
  });

  test('has the primary one first, then the verified ones as they came, then what waits for its mail to be used', async () => {
    const server = await startServer();
    const { token } = await person(server);
    for (const name of ['b', 'a', 'c']) {
      server.advance({ minutes: 1 });
      await addedEmail(server, token, `${name}@work.example`);
    }
    server.advance({ minutes: 1 });
    await addEmail(server, token, 'waiting@work.example');
    const [, , a] = await emailsOf(server, token);
    await makePrimary(server, token, a?.id as string);
    expect((await emailsOf(server, token)).map(({ email, primary, verified }) => [email, primary, verified])).toEqual([
      ['a@work.example', true, true],
      [ada, false, true],
      ['b@work.example', false, true],
      ['c@work.example', false, true],
      ['waiting@work.example', false, false],
    ]);
  });

  test('comes in pages', async () => {
    const server = await startServer();
    const { token } = await person(server);
    for (const name of ['a', 'b', 'c', 'd']) {
      server.advance({ minutes: 1 });
      await addedEmail(server, token, `${name}@work.example`);
    }
    const page = async (query: string) => {
      const { body } = await server.call('GET', `${path}?${query}`, { token });
      return [body.data.map(({ email }: { email: string }) => email), body.meta.pagination];
    };
    const meta = { per_page: 2, total_items: 5, total_pages: 3 };
    expect(await page('per_page=2')).toEqual([[ada, 'a@work.example'], { page: 1, ...meta, has_next: true, has_prev: false }]);
    expect(await page('per_page=2&page=2')).toEqual([
      ['b@work.example', 'c@work.example'],
      { page: 2, ...meta, has_next: true, has_prev: true },
    ]);
    expect(await page('page=3&per_page=2')).toEqual([['d@work.example'], { page: 3, ...meta, has_next: false, has_prev: true }]);
    expect(await page('page=4&per_page=2')).toEqual([[], { page: 4, ...meta, has_next: false, has_prev: true }]);
    for (const query of ['page=0', 'page=-1', 'page=1.5', 'page=x', 'per_page=0', 'per_page=101', 'per_page=1e9']) {
      const answer = await server.call('GET', `${path}?${query}`, { token });
      expect(answer.status, query).toBe(400);
      expect(answer.body.error, query).toMatchObject({
        code: 'VALIDATION_ERROR',
        details: [{ field: query.split('=')[0], message: expect.any(String) }],
      });
    }
  });

  test('belongs to whoever is logged in, and to nobody else', async () => {
    const server = await startServer();
    const { token } = await person(server);
    const emailId = (await emailsOf(server, token))[0]?.id;
    const calls = [
      ['GET', path],
      ['POST', path],
      ['DELETE', `${path}/${emailId}`],
      ['POST', `${path}/${emailId}/primary`],
    ] as const;
    for (const [method, target] of calls) {
      const body = method === 'POST' ? { email: work } : undefined;
      const without = await server.call(method, target, { body });
      expect(without.status).toBe(401);
      expect(without.body.error).toEqual({ code: 'UNAUTHORIZED', message: 'authorization header required' });
      expect(without.headers.get('www-authenticate')).toBe('Bearer realm="tegata"');
      const forged = await server.call(method, target, { body, token: `${token}x` });
      expect(forged.status).toBe(401);
      expect(forged.headers.get('www-authenticate')).toBe('Bearer realm="tegata", error="invalid_token"');
    }
  });
});

describe('adding an address', () => {
  test('mails it a link and a code, and answers with the claim', async () => {
    const server = await startServer();
    const { token } = await person(server);
    server.advance({ minutes: 1 });
    const answer = await server.call('POST', path, {
      token,
      body: { email: ' Ada@WORK.example', primary: true, verified: true, is_primary: true, id: missingId, user_id: missingId },
    });
    expect(answer.status).toBe(201);
    expect(answer.body).toEqual({
      data: {
        id: expect.any(String),
        email: work,
        primary: false,
        verified: false,
        created_at: new Date(server.now()).toISOString(),
      },
      meta: null,
    });
    expect(answer.body.data.id).not.toBe(missingId);
    expect((await emailsOf(server, token))[1]).toEqual(answer.body.data);
    const mail = await server.newestMail(work);
    expect(mail.subject).toBe('Confirm your additional e-mail address');
    expect(mail.links).toHaveLength(1);
    expect(mail.code).toMatch(/^\d{6}$/);
    expect(mail.text).toContain('It works for 24 hours.');
  });

  test('before it is verified it counts for nothing: no log-in, no reset', async () => {
    const server = await startServer();
    const { token } = await person(server);
    await addEmail(server, token, work);
    const tried = await logIn(server, work);
    expect(tried.status).toBe(401);
    expect(tried.body.error).toEqual({ code: 'UNAUTHORIZED', message: 'invalid credentials' });
    expect((await forgot(server, work)).status).toBe(200);
    expect((await server.mails(work)).map(({ subject }) => subject)).toEqual(['Confirm your additional e-mail address']);
  });

  test('once verified it logs in and resets like the first one, which stays the primary', async () => {
    const server = await startServer();
    const { userId, token } = await person(server);
    const { emailId } = await addedEmail(server, token, work);
    expect(await emailsOf(server, token)).toMatchObject([
      { email: ada, primary: true, verified: true },
      { id: emailId, email: work, primary: false, verified: true },
    ]);
    const { answer } = await loggedIn(server, work);
    expect(answer.body.data.user).toMatchObject({ id: userId, email: ada });
    server.advance({ minutes: 1 });
    await forgot(server, work);
    const reset = { token: await tokenFor(server, work, 'reset-password'), password: 'another good password' };
    expect((await server.call('POST', '/api/v1/auth/password/reset', { body: reset })).status).toBe(200);
    expect((await logIn(server, ada, { password: reset.password })).status).toBe(200);
  });

  test('the code of its mail verifies it as well', async () => {
    const server = await startServer();
    const { token } = await person(server);
    await addEmail(server, token, work);
    const { code } = await server.newestMail(work);
    expect((await verifyEmail(server, { email: work, code: code as string })).status).toBe(200);
    expect((await logIn(server, work)).status).toBe(200);
  });

  test('asking again sends the mail again, for one entry in the list; any of the links will do', async () => {
    const server = await startServer();
    const { token } = await person(server);
    await addEmail(server, token, work);
    const first = await mailedToken(server, work);
    server.advance({ minutes: 1 });
    expect((await addEmail(server, token, work)).status).toBe(201);
    expect(await server.mails(work)).toHaveLength(2);
    expect(await emailsOf(server, token)).toHaveLength(2);
    expect((await verifyEmail(server, { token: first })).body.data.message).toBe('Email verified successfully');
    expect((await verifyEmail(server, { token: await mailedToken(server, work) })).body.data.message).toBe(
      'Email already verified',
    );
    expect((await emailsOf(server, token)).map(({ email, verified }) => [email, verified])).toEqual([
      [ada, true],
      [work, true],
    ]);
  });

  test('the claim ends with its link, after 24 hours', async () => {
    const server = await startServer();
    const { refreshCookie } = await person(server);
    const { body } = await refresh(server, refreshCookie);
    await addEmail(server, body.data.access_token, work);
    const link = await mailedToken(server, work);
    server.advance({ hours: 24 });
    const { accessToken } = await loggedIn(server, ada);
    expect(await emailsOf(server, accessToken)).toHaveLength(1);
    expect((await verifyEmail(server, { token: link })).body.error.message).toBe('verification token expired');
    expect(await emailsOf(server, accessToken)).toHaveLength(1);
  });

  test('the mail is in the person’s language, the answers in that of the call', async () => {
    const server = await startServer();
    await server.call('POST', '/api/v1/auth/register', {
      body: { email: ada, password: goodPassword, name: '山田 花子' },
      headers: inJapanese,
    });
    await verifyEmail(server, { token: await mailedToken(server, ada) });
    const { accessToken: token } = await loggedIn(server, ada);
    await addEmail(server, token, work);
    expect((await server.newestMail(work)).subject).toBe('追加するメールアドレスの確認をお願いします');
    const say = async (method: string, target: string, body?: object) => {
      const answer = await server.call(method, target, { token, body, headers: inJapanese });
      return answer.body.error?.details?.[0].message ?? answer.body.error?.message ?? answer.body.data.message;
    };
    const [primary, claim] = (await emailsOf(server, token)).map(({ id }) => id);
    expect(await say('POST', path, { email: ada })).toBe('このメールアドレスは既に使用されています');
    expect(await say('POST', path, { email: 'ada' })).toBe('メールアドレスの形式が正しくありません');
    expect(await say('POST', path, {})).toBe('メールアドレスを入力してください');
    expect(await say('DELETE', `${path}/${primary}`)).toBe('メインのメールアドレスは削除できません');
    expect(await say('DELETE', `${path}/${missingId}`)).toBe('メールアドレスが見つかりません');
    expect(await say('POST', `${path}/${claim}/primary`)).toBe('先にこのメールアドレスを確認してください');
    expect(await say('POST', `${path}/${missingId}/primary`)).toBe('メールアドレスが見つかりません');
    await verifyEmail(server, { token: await mailedToken(server, work) });
    expect(await say('POST', `${path}/${claim}/primary`)).toBe('メインのメールアドレスを変更しました');
    expect(await say('DELETE', `${path}/${primary}`)).toBe(
      'メインのメールアドレスの変更を取り消せる間は、このメールアドレスを削除できません',
    );
    expect(await say('GET', `${path}?page=0`)).toBe('page は1以上の整数で指定してください');
    server.advance({ days: 3 });
    const again = await loggedIn(server, ada);
    const removed = await server.call('DELETE', `${path}/${primary}`, { token: again.accessToken, headers: inJapanese });
    expect(removed.body.data.message).toBe('メールアドレスを削除しました');
  });

  test('is refused for an address that has an account, one’s own or another’s, verified or not', async () => {
    const server = await startServer();
    const { token } = await person(server);
    await addedEmail(server, token, work);
    await registered(server, 'eve@example.com');
    await register(server, 'pending@example.com');
    for (const email of [ada, 'ADA@example.com', work, 'eve@example.com', ' Eve@Example.com', 'pending@example.com']) {
      const answer = await addEmail(server, token, email);
      expect(answer.status, email).toBe(409);
      expect(answer.body, email).toEqual(conflict('email already exists'));
    }
    for (const email of ['eve@example.com', 'pending@example.com']) expect(await server.mails(email)).toHaveLength(1);
    expect(await emailsOf(server, token)).toHaveLength(2);
  });

  test('is refused for what is no address', async () => {
    const server = await startServer();
    const { token } = await person(server);
    for (const email of ['', 'ada', 'ada@localhost', 'ada@example.com\r\nBcc: eve@example.com']) {
      const answer = await addEmail(server, token, email);
      expect(answer.status, email).toBe(400);
      expect(answer.body.error, email).toEqual({
        code: 'VALIDATION_ERROR',
        message: 'validation failed',
        details: [{ field: 'email', message: 'email is not a valid address' }],
      });
    }
    for (const body of [{}, { email: null }, { email: [work] }]) {
      const answer = await server.call('POST', path, { token, body });
      expect(answer.status).toBe(400);
      expect(answer.body.error.details).toEqual([{ field: 'email', message: 'email is required' }]);
    }
  });

  test('a person has ten addresses at most; asking again for one of them is no eleventh', async () => {
    const server = await startServer();
    const { token } = await person(server);
    for (let index = 1; index < 10; index += 1) {
      expect((await addEmail(server, token, `ada${index}@work.example`)).status, `${index}`).toBe(201);
    }
    const answer = await addEmail(server, token, 'one.more@work.example');
    expect(answer.status).toBe(409);
    expect(answer.body).toEqual(conflict('too many addresses'));
    expect((await addEmail(server, token, 'ada1@work.example')).status).toBe(201);
    expect(await emailsOf(server, token)).toHaveLength(10);

    const [, claim] = await emailsOf(server, token);
    await remove(server, token, claim?.id as string);
    expect((await addEmail(server, token, 'one.more@work.example')).status).toBe(201);
  });

  test('asking again and again for one address does not use up the ten', async () => {
    const server = await startServer();
    const { token } = await person(server);
    for (let turn = 0; turn < 12; turn += 1) {
      expect((await addEmail(server, token, work)).status, `${turn}`).toBe(201);
    }
    expect((await addEmail(server, token, 'other@work.example')).status).toBe(201);
    expect(await emailsOf(server, token)).toHaveLength(3);
  });

  test('beyond three an hour for one address the answer stays the same and nothing is sent', async () => {
    const server = await startServer({ TEGATA_RATE_LIMITS: 'on', TEGATA_TRUSTED_PROXIES: '127.0.0.1' });
    const { token } = await person(server);
    const shape = {
      data: { id: expect.any(String), email: work, primary: false, verified: false, created_at: expect.any(String) },
    };
    for (let turn = 0; turn < 5; turn += 1) {
      const answer = await addEmail(server, token, turn % 2 ? work : 'ADA@work.example');
      expect(answer.status).toBe(201);
      expect(answer.body).toMatchObject(shape);
    }
    expect(await server.mails(work)).toHaveLength(3);
    expect(await emailsOf(server, token)).toHaveLength(2);
  });
});

describe('a claim does not hold the address against its owner', () => {
  test('who registers it gets it, and the claim’s link comes too late', async () => {
    const server = await startServer();
    const { token } = await person(server);
    await addEmail(server, token, 'bob@example.com');
    const claimed = await mailedToken(server, 'bob@example.com');
    server.advance({ minutes: 1 });
    const { userId } = await registered(server, 'bob@example.com');
    const late = await verifyEmail(server, { token: claimed });
    expect(late.status).toBe(409);
    expect(late.body).toEqual(conflict('email already exists'));
    expect(await emailsOf(server, token)).not.toContainEqual(
      expect.objectContaining({ verified: true, email: 'bob@example.com' }),
    );
    expect((await loggedIn(server, 'bob@example.com')).answer.body.data.user.id).toBe(userId);
  });

  test('of several people who claim it, who first uses the mail gets it, also when all use theirs at once', async () => {
    const server = await startServer();
    const people = await Promise.all(['ada', 'bob', 'eve', 'joe'].map((name) => person(server, `${name}@example.com`)));
    const links: string[] = [];
    for (const { token } of people) {
      await addEmail(server, token, 'shared@work.example');
      links.push(await mailedToken(server, 'shared@work.example'));
      server.advance({ minutes: 1 });
    }
    const answers = await server.atOnce(links.length, (at) => verifyEmail(server, { token: links[at] as string }));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409, 409, 409]);
    const winner = people[answers.findIndex(({ status }) => status === 200)];
    expect((await loggedIn(server, 'shared@work.example')).answer.body.data.user.id).toBe(winner?.userId);
    expect(count(server, "user_emails where email = 'shared@work.example'")).toBe(1);
  });

  test('RV-11 a link confirms the address it was mailed to, however many are added at once', async () => {
    const server = await startServer();
    const { token } = await person(server);
    const emails = ['a', 'b', 'c', 'd'].map((name) => `${name}@work.example`);
    await Promise.all(emails.map((email) => addEmail(server, token, email)));
    const links = await Promise.all(emails.map((email) => mailedToken(server, email)));
    await verifyEmail(server, { token: links[2] as string });
    expect((await emailsOf(server, token)).filter(({ verified }) => verified).map(({ email }) => email)).toEqual([
      ada,
      'c@work.example',
    ]);
  });
});

describe('removing an address', () => {
  test('a verified one: no log-in and no reset with it any more, mailed links are dead, and it is free for others', async () => {
    const server = await startServer();
    const { token } = await person(server);
    const { emailId } = await addedEmail(server, token, work);
    server.advance({ minutes: 1 });
    await forgot(server, work);
    const reset = await tokenFor(server, work, 'reset-password');
    const answer = await remove(server, token, emailId);
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({ data: { message: 'email removed' }, meta: null });
    expect(await emailsOf(server, token)).toHaveLength(1);
    expect((await logIn(server, work)).body.error.message).toBe('invalid credentials');
    const dead = await server.call('POST', '/api/v1/auth/password/reset', {
      body: { token: reset, password: 'another good password' },
    });
    expect(dead.status).toBe(400);
    expect((await remove(server, token, emailId)).body).toEqual(notFound);
    expect((await register(server, work)).status).toBe(201);
  });

  test('the link that once verified it does not bring it back', async () => {
    const server = await startServer();
    const { token } = await person(server);
    await addEmail(server, token, work);
    const link = await mailedToken(server, work);
    await verifyEmail(server, { token: link });
    await remove(server, token, (await emailsOf(server, token))[1]?.id as string);
    expect((await verifyEmail(server, { token: link })).body.error.message).toBe('invalid or expired verification token');
    expect(await emailsOf(server, token)).toHaveLength(1);
  });

  test('a claim: all its mails are dead', async () => {
    const server = await startServer();
    const { token } = await person(server);
    const first = (await addEmail(server, token, work)).body.data.id;
    const links = [await mailedToken(server, work)];
    server.advance({ minutes: 1 });
    await addEmail(server, token, work);
    links.push(await mailedToken(server, work));
    const { code } = await server.newestMail(work);
    expect((await remove(server, token, first)).body.data.message).toBe('email removed');
    expect(await emailsOf(server, token)).toHaveLength(1);
    for (const link of links) expect((await verifyEmail(server, { token: link })).status).toBe(400);
    expect((await verifyEmail(server, { email: work, code: code as string })).status).toBe(400);
    expect(count(server, 'user_emails')).toBe(1);
  });

  test('the primary one stays', async () => {
    const server = await startServer();
    const { token } = await person(server);
    await addedEmail(server, token, work);
    const [primary] = await emailsOf(server, token);
    const answer = await remove(server, token, primary?.id as string);
    expect(answer.status).toBe(409);
    expect(answer.body).toEqual(conflict('the primary email cannot be deleted'));
    expect(await emailsOf(server, token)).toHaveLength(2);
  });

  test('another person’s address, claim, or no address at all is one answer, and nothing happens to it', async () => {
    const server = await startServer();
    const { token } = await person(server);
    const eve = await person(server, 'eve@example.com');
    const { emailId } = await addedEmail(server, eve.token, 'eve@work.example');
    const claim = (await addEmail(server, eve.token, 'eve@home.example')).body.data.id;
    const [primary] = await emailsOf(server, eve.token);
    const before = await emailsOf(server, eve.token);
    for (const id of [primary?.id, emailId, claim, missingId, 'x', "'%20or%201=1--", eve.userId]) {
      for (const answer of [await remove(server, token, id as string), await makePrimary(server, token, id as string)]) {
        expect(answer.status, id).toBe(404);
        expect(answer.body, id).toEqual(notFound);
      }
    }
    expect(await emailsOf(server, eve.token)).toEqual(before);
  });
});

describe('another primary address', () => {
  test('takes over at once, in the account and in the next access token; the old one still logs in', async () => {
    const server = await startServer();
    const { userId, token, refreshCookie } = await person(server);
    const { emailId } = await addedEmail(server, token, work);
    const answer = await makePrimary(server, token, emailId);
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({ data: { message: 'primary email changed' }, meta: null });
    expect((await me(server, token)).body.data).toMatchObject({ id: userId, email: work, email_verified: true });
    expect((await emailsOf(server, token)).map(({ email, primary }) => [email, primary])).toEqual([
      [work, true],
      [ada, false],
    ]);
    const rotated = await refresh(server, refreshCookie);
    const claims = JSON.parse(Buffer.from(rotated.body.data.access_token.split('.')[1], 'base64url').toString());
    expect(claims).toMatchObject({ sub: userId, email: work });
    expect(cookiePair(rotated, 'refresh_token')).not.toBe('');
    for (const email of [ada, work]) expect((await logIn(server, email)).body.data.user.email).toBe(work);
  });

  test('the old one is told which it is, with a link to undo it for three days; the new one is told nothing', async () => {
    const server = await startServer();
    const { token } = await person(server);
    const { emailId } = await addedEmail(server, token, work);
    server.advance({ minutes: 1 });
    await makePrimary(server, token, emailId);
    const mail = await server.newestMail(ada);
    expect(mail.subject).toBe('The e-mail address of your account was changed');
    expect(mail.text).toContain(`The main address of your account is now ${work}.`);
    expect(mail.text).toContain('It works for 3 days.');
    expect(mail.links).toEqual([expect.stringMatching(/^http:\/\/localhost(:\d+)?\/auth\/undo-email\?token=[\w-]{43}$/)]);
    expect(await server.mails(work)).toHaveLength(1);
  });

  test('making the primary one primary is done already, and mails nobody', async () => {
    const server = await startServer();
    const { token } = await person(server);
    const [primary] = await emailsOf(server, token);
    expect((await makePrimary(server, token, primary?.id as string)).status).toBe(200);
    expect(await server.mails(ada)).toHaveLength(1);
  });

  test('has to be verified first', async () => {
    const server = await startServer();
    const { token } = await person(server);
    const claim = (await addEmail(server, token, work)).body.data.id;
    const answer = await makePrimary(server, token, claim);
    expect(answer.status).toBe(409);
    expect(answer.body).toEqual(conflict('please verify this email first'));
    expect((await me(server, token)).body.data.email).toBe(ada);
    await verifyEmail(server, { token: await mailedToken(server, work) });
    expect((await makePrimary(server, token, claim)).status).toBe(200);
  });

  test('a reset link mailed before is dead', async () => {
    const server = await startServer();
    const { token } = await person(server);
    const { emailId } = await addedEmail(server, token, work);
    await forgot(server, ada);
    const reset = await tokenFor(server, ada, 'reset-password');
    await makePrimary(server, token, emailId);
    const body = { token: reset, password: 'another good password' };
    expect((await server.call('POST', '/api/v1/auth/password/reset', { body })).status).toBe(400);
    expect((await logIn(server, ada)).status).toBe(200);
  });

  test('the old one cannot be removed while it can undo the change, and can afterwards', async () => {
    const server = await startServer();
    const { token } = await person(server);
    const { emailId } = await addedEmail(server, token, work);
    const [old] = await emailsOf(server, token);
    await makePrimary(server, token, emailId);
    const refused = await remove(server, token, old?.id as string);
    expect(refused.status).toBe(409);
    expect(refused.body).toEqual(conflict('this email can still undo a change of the primary email'));
    server.advance({ hours: 72, seconds: -1 });
    const late = await loggedIn(server, work);
    expect((await remove(server, late.accessToken, old?.id as string)).status).toBe(409);
    server.advance({ seconds: 1 });
    expect((await remove(server, late.accessToken, old?.id as string)).status).toBe(200);
    expect(await emailsOf(server, late.accessToken)).toHaveLength(1);
  });

  test('of many changes at once exactly one address is primary in the end, and every one of them was told', async () => {
    const server = await startServer();
    const { token } = await person(server);
    for (const name of ['a', 'b', 'c']) await addedEmail(server, token, `${name}@work.example`);
    const ids = (await emailsOf(server, token)).map(({ id }) => id);
    server.advance({ minutes: 1 });
    const answers = await server.atOnce(16, (turn) => makePrimary(server, token, ids[turn % 4] as string));
    expect(answers.map(({ status }) => status)).toEqual(Array(16).fill(200));
    expect((await emailsOf(server, token)).filter(({ primary }) => primary)).toHaveLength(1);
    const changes = count(server, "audit_events where type = 'email.primary_changed'");
    expect(count(server, "one_time_tokens where purpose = 'undo_primary_email'")).toBe(changes);
    await server.mails(ada);
    expect(count(server, "mail_outbox where kind = 'primary_email_changed'")).toBe(changes);
  });
});

test('what happens to addresses is on record, by user and never by address', async () => {
  const server = await startServer();
  const { userId, token } = await person(server);
  const { emailId } = await addedEmail(server, token, work);
  const { emailId: other } = await addedEmail(server, token, 'ada@home.example');
  await makePrimary(server, token, emailId);
  await remove(server, token, other);
  await resend(server, ada);
  const events = rows(server, "select * from audit_events where type like 'email.%' order by type, id");
  expect(events.map(({ type }) => type)).toEqual([
    'email.added',
    'email.added',
    'email.primary_changed',
    'email.removed',
    'email.verified',
    'email.verified',
    'email.verified',
  ]);
  for (const event of events) {
    expect(event.user_id).toBe(userId);
    expect(JSON.stringify(event)).not.toContain('@');
  }
});

test('the primary address is told when another one joins the account', async () => {
  const server = await startServer();
  await registered(server, 'ada@example.com');
  const { accessToken } = await loggedIn(server, 'ada@example.com');
  server.advance({ seconds: 1 });
  await addedEmail(server, accessToken, 'ada@work.example');
  const { subject, text } = await server.newestMail('ada@example.com');
  expect(subject).toBe('An e-mail address was added to your account');
  expect(text).toContain('ada@work.example');
});

test('a user adds at most ten addresses an hour, taken back or not', async () => {
  const server = await startServer({ TEGATA_RATE_LIMITS: 'on' });
  await registered(server, 'ada@example.com');
  const { accessToken } = await loggedIn(server, 'ada@example.com');
  for (let number = 0; number < 10; number += 1) {
    const added = await server.call('POST', '/api/v1/me/emails', {
      token: accessToken,
      body: { email: `a${number}@example.com` },
    });
    expect(added.status).toBe(201);
    await server.call('DELETE', `/api/v1/me/emails/${added.body.data.id}`, { token: accessToken });
  }
  const refused = await server.call('POST', '/api/v1/me/emails', { token: accessToken, body: { email: 'more@example.com' } });
  expect(refused.status).toBe(429);
});
