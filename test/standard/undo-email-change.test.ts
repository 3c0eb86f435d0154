import { describe, expect, test } from 'vitest';
import { startServer, type TestServer } from '../server.ts';
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
  tokenFor,
  undoEmailChange,
  verifyEmail,
} from './people.ts';
import { count, rows } from './stored.ts';

const ada = 'ada@example.com';
const work = 'ada@work.example';
const restored = 'Your previous email address is the primary one again. Please set a new password with the link we sent to it.';

const refusal = (message: string) => ({ error: { code: 'VALIDATION_ERROR', message }, meta: null });

/** Somebody whose primary address was just changed to a second one, and the token that the old one got. */
const changed = async (server: TestServer, { from = ada, to = work } = {}) => {
  const { userId } = await registered(server, from);
  const session = await loggedIn(server, from);
  const { emailId } = await addedEmail(server, session.accessToken, to);
  server.advance({ minutes: 1 });
  await makePrimary(server, session.accessToken, emailId);
  return { userId, ...session, undo: await tokenFor(server, from, 'undo-email') };
};

const reset = (server: TestServer, token: string, password: string) =>
  server.call('POST', '/api/v1/auth/password/reset', { body: { token, password } });

describe('the old address undoes a change', () => {
  test('is the primary and only one again; every session ends and says why; a link to set a new password follows', async () => {
    const server = await startServer();
    const { userId, accessToken, refreshCookie, undo } = await changed(server);
    await addedEmail(server, accessToken, 'third@example.com');
    await addEmail(server, accessToken, 'claimed@example.com');
    const claimed = await mailedToken(server, 'claimed@example.com');
    const elsewhere = await loggedIn(server, work);
    server.advance({ minutes: 1 });

    const answer = await undoEmailChange(server, undo);
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({ data: { message: restored }, meta: null });
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.cookies).toEqual([]);

    expect(rows(server, 'select user_id, email, is_primary from user_emails')).toEqual([
      { user_id: userId, email: ada, is_primary: 1 },
    ]);
    for (const session of [{ accessToken, refreshCookie }, elsewhere]) {
      const seen = await me(server, session.accessToken);
      expect(seen.status).toBe(401);
      expect(seen.body.error).toEqual({
        code: 'UNAUTHORIZED',
        message: 'token has been revoked',
        reason: 'email_change_undone',
      });
      const refreshed = await refresh(server, session.refreshCookie);
      expect(refreshed.status).toBe(401);
      expect(refreshed.body.error).toEqual({
        code: 'UNAUTHORIZED',
        message: 'session not found',
        reason: 'email_change_undone',
      });
    }
    for (const email of [work, 'third@example.com']) {
      expect((await logIn(server, email)).body.error.message, email).toBe('invalid credentials');
    }
    expect((await verifyEmail(server, { token: claimed })).body.error.message).toBe('invalid or expired verification token');

    const mails = await server.mails(ada);
    const subjects = mails.map(({ subject }) => subject);
    expect(subjects.slice(0, 2).sort()).toEqual(['Reset your password', 'Your e-mail address is back']);
    const link = await tokenFor(server, ada, 'reset-password');
    expect((await reset(server, link, 'another good password')).status).toBe(200);
    expect((await logIn(server, ada, { password: 'another good password' })).body.data.user.id).toBe(userId);
    expect(count(server, `audit_events where type = 'email.primary_restored' and user_id = '${userId}'`)).toBe(1);
  });

  test('within 72 hours: the last second counts, the 72nd hour does not', async () => {
    const server = await startServer();
    const early = await changed(server);
    const late = await changed(server, { from: 'eve@example.com', to: 'eve@work.example' });
    // The second change was a minute after the first.
    server.advance({ hours: 72, minutes: -1, seconds: -1 });
    expect((await undoEmailChange(server, early.undo)).status).toBe(200);
    server.advance({ minutes: 1, seconds: 1 });
    const answer = await undoEmailChange(server, late.undo);
    expect(answer.status).toBe(400);
    expect(answer.body).toEqual(refusal('undo token expired'));
    expect((await loggedIn(server, 'eve@work.example')).answer.body.data.user.email).toBe('eve@work.example');
  });

  test('reset links that were mailed to the other addresses are dead', async () => {
    const server = await startServer();
    const { undo } = await changed(server);
    server.advance({ minutes: 1 });
    await forgot(server, work);
    const link = await tokenFor(server, work, 'reset-password');
    await undoEmailChange(server, undo);
    expect((await reset(server, link, 'the password of a thief')).status).toBe(400);
    expect((await logIn(server, ada)).status).toBe(200);
  });

  test('the addresses that went are free for others', async () => {
    const server = await startServer();
    const { undo } = await changed(server);
    await undoEmailChange(server, undo);
    expect((await register(server, work)).status).toBe(201);
  });

  test('in Japanese: the answers in the language of the call, the mails in the person’s', async () => {
    const server = await startServer();
    await server.call('POST', '/api/v1/auth/register', {
      body: { email: ada, password: goodPassword, name: '山田 花子' },
      headers: inJapanese,
    });
    await verifyEmail(server, { token: await mailedToken(server, ada) });
    const { accessToken } = await loggedIn(server, ada);
    const { emailId } = await addedEmail(server, accessToken, work);
    server.advance({ minutes: 1 });
    await makePrimary(server, accessToken, emailId);
    const mail = await server.newestMail(ada);
    expect(mail.subject).toBe('アカウントのメールアドレスが変更されました');
    expect(mail.text).toContain('3日間有効です。');
    const say = async (body: object) => {
      const { error, data } = (await server.call('POST', '/api/v1/auth/email/undo', { body, headers: inJapanese })).body;
      return error?.details?.[0].message ?? error?.message ?? data.message;
    };
    const undo = await tokenFor(server, ada, 'undo-email');
    server.advance({ minutes: 1 });
    expect(await say({})).toBe('トークンを指定してください');
    expect(await say({ token: 'unknown' })).toBe('取り消しトークンが無効か、有効期限が切れています');
    expect(await say({ token: undo })).toBe(
      '以前のメールアドレスをメインに戻しました。お送りしたリンクから、新しいパスワードを設定してください。',
    );
    expect(await say({ token: undo })).toBe('取り消しトークンはすでに使用されています');
    const subjects = (await server.mails(ada)).map(({ subject }) => subject);
    expect(subjects.slice(0, 2).sort()).toEqual(['パスワードの再設定', 'メールアドレスを元に戻しました']);
  });
});

describe('refused', () => {
  test('a token that is missing, no text, unknown or used; nothing changes by trying', async () => {
    const server = await startServer();
    const { undo } = await changed(server);
    for (const token of [undefined, null, '', 1, [undo], { undo }]) {
      const answer = await server.call('POST', '/api/v1/auth/email/undo', { body: { token } });
      expect(answer.status, JSON.stringify(token)).toBe(400);
      expect(answer.body.error, JSON.stringify(token)).toEqual({
        code: 'VALIDATION_ERROR',
        message: 'validation failed',
        details: [{ field: 'token', message: 'token is required' }],
      });
    }
    for (const token of ['unknown', `${undo} `, undo.slice(1), undo.toUpperCase()]) {
      const answer = await undoEmailChange(server, token);
      expect(answer.status, token).toBe(400);
      expect(answer.body, token).toEqual(refusal('invalid or expired undo token'));
    }
    expect((await loggedIn(server, ada)).answer.body.data.user.email).toBe(work);
    expect((await undoEmailChange(server, undo)).status).toBe(200);
    const again = await undoEmailChange(server, undo);
    expect(again.status).toBe(400);
    expect(again.body).toEqual(refusal('undo token already used'));
  });

  test('the token in a query: this call takes it in the body alone, and only by POST', async () => {
    const server = await startServer();
    const { undo } = await changed(server);
    const path = `/api/v1/auth/email/undo?token=${undo}`;
    expect((await server.call('POST', path, { body: {} })).status).toBe(400);
    const got = await server.call('GET', path);
    expect(got.status).toBe(405);
    expect(got.headers.get('allow')).toBe('POST');
    expect((await undoEmailChange(server, undo)).status).toBe(200);
  });

  test('of sixteen parallel uses one succeeds', async () => {
    const server = await startServer();
    const { undo } = await changed(server);
    const answers = await server.atOnce(16, () => undoEmailChange(server, undo));
    const messages = answers.map(({ body }) => body.data?.message ?? body.error.message).sort();
    expect(messages).toEqual([restored, ...Array(15).fill('undo token already used')]);
    await server.mails(ada);
    expect(count(server, "mail_outbox where kind = 'reset_password'")).toBe(1);
    expect(count(server, "mail_outbox where kind = 'primary_email_restored'")).toBe(1);
  });

  test('the eleventh try within an hour from one address', async () => {
    const server = await startServer({ TEGATA_RATE_LIMITS: 'on', TEGATA_TRUSTED_PROXIES: '127.0.0.1' });
    const attempt = (address: string) =>
      server.call('POST', '/api/v1/auth/email/undo', {
        body: { token: 'unknown' },
        headers: { 'x-forwarded-for': address },
      });
    for (let turn = 0; turn < 10; turn += 1) expect((await attempt('192.0.2.1')).status).toBe(400);
    const refused = await attempt('192.0.2.1');
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(3590);
    expect(refused.headers.get('ratelimit')).toMatch(/;r=0;t=\d+$/);
    expect(refused.headers.get('ratelimit-policy')).toMatch(/;q=10;w=3600$/);
    expect((await attempt('192.0.2.2')).status).toBe(400);
  });
});

test('an address that was never verified gets no link: it may be a stranger’s, mistyped at registration', async () => {
  const server = await startServer();
  const { body } = await register(server, ada);
  // An operator let the person in without the mail.
  await server.engine.auth.setUserStatus({ userId: body.data.user_id, status: 'active' });
  const { accessToken } = await loggedIn(server, ada);
  const { emailId } = await addedEmail(server, accessToken, work);
  server.advance({ minutes: 1 });
  expect((await makePrimary(server, accessToken, emailId)).status).toBe(200);
  expect((await me(server, accessToken)).body.data).toMatchObject({ email: work, email_verified: true });
  expect((await server.mails(ada)).map(({ subject }) => subject)).toEqual(['Confirm your e-mail address']);
  expect(count(server, "one_time_tokens where purpose = 'undo_primary_email'")).toBe(0);
  const [, old] = await emailsOf(server, accessToken);
  expect(old).toMatchObject({ email: ada, verified: false });
  expect((await server.call('DELETE', `/api/v1/me/emails/${old?.id}`, { token: accessToken })).status).toBe(200);
});

test('an undone account that was suspended stays suspended, and gets no reset link', async () => {
  const server = await startServer();
  const { userId, undo } = await changed(server);
  await server.engine.auth.setUserStatus({ userId, status: 'suspended' });
  expect((await undoEmailChange(server, undo)).status).toBe(200);
  expect((await logIn(server, ada)).body.error.message).toBe('account suspended');
  expect((await server.mails(ada)).map(({ subject }) => subject)).not.toContain('Reset your password');
});

describe('several changes', () => {
  test('the first address undoes them all, and the links of those in between are dead', async () => {
    const server = await startServer();
    const { accessToken, undo } = await changed(server);
    const { emailId } = await addedEmail(server, accessToken, 'third@example.com');
    server.advance({ minutes: 1 });
    await makePrimary(server, accessToken, emailId);
    const second = await tokenFor(server, work, 'undo-email');
    expect((await undoEmailChange(server, undo)).status).toBe(200);
    expect((await undoEmailChange(server, second)).body).toEqual(refusal('undo token already used'));
    expect(rows(server, 'select email from user_emails')).toEqual([{ email: ada }]);
  });

  test('one in between undoes what came after it, and leaves the first one its say', async () => {
    const server = await startServer();
    const { accessToken, undo } = await changed(server);
    const { emailId } = await addedEmail(server, accessToken, 'third@example.com');
    server.advance({ minutes: 1 });
    await makePrimary(server, accessToken, emailId);
    expect((await undoEmailChange(server, await tokenFor(server, work, 'undo-email'))).status).toBe(200);
    expect(rows(server, 'select email, is_primary from user_emails order by is_primary')).toEqual([
      { email: ada, is_primary: 0 },
      { email: work, is_primary: 1 },
    ]);
    expect((await undoEmailChange(server, undo)).status).toBe(200);
    expect(rows(server, 'select email, is_primary from user_emails')).toEqual([{ email: ada, is_primary: 1 }]);
  });
});

describe('a hijack, from end to end', () => {
  const thief = 'thief@evil.example';
  const password = 'the password of a thief';

  /** A stolen session makes the thief's address the primary one. */
  const hijacked = async (server: TestServer) => {
    const { userId } = await registered(server, ada);
    const { accessToken: stolen } = await loggedIn(server, ada);
    const { emailId } = await addedEmail(server, stolen, thief);
    server.advance({ minutes: 1 });
    await makePrimary(server, stolen, emailId);
    server.advance({ minutes: 1 });
    return { userId, stolen };
  };

  /** The owner, who has nothing left but the mailbox, takes the account back and keeps it. */
  const takeBack = async (server: TestServer, userId: string) => {
    expect((await undoEmailChange(server, await tokenFor(server, ada, 'undo-email'))).status).toBe(200);
    server.advance({ minutes: 1 });
    const link = await tokenFor(server, ada, 'reset-password');
    expect((await reset(server, link, 'a new good password of ada')).status).toBe(200);
    const owner = await loggedIn(server, ada, { password: 'a new good password of ada' });
    expect(owner.answer.body.data.user).toMatchObject({ id: userId, email: ada });
    expect((await emailsOf(server, owner.accessToken)).map(({ email }) => email)).toEqual([ada]);
    for (const [email, tried] of [
      [thief, password],
      [thief, goodPassword],
      [ada, password],
      [ada, goodPassword],
    ] as const) {
      expect((await logIn(server, email, { password: tried })).status, `${email} ${tried}`).toBe(401);
    }
    const mailsBefore = (await server.mails(thief)).length;
    await forgot(server, thief);
    expect(await server.mails(thief)).toHaveLength(mailsBefore);
  };

  test('the thief changes the password too, adds more addresses and stays logged in: all of it ends with one link', async () => {
    const server = await startServer();
    const { userId, stolen } = await hijacked(server);
    await forgot(server, thief);
    expect((await reset(server, await tokenFor(server, thief, 'reset-password'), password)).status).toBe(200);
    expect((await me(server, stolen)).status).toBe(401);
    const session = await loggedIn(server, thief, { password });
    await addedEmail(server, session.accessToken, 'more@evil.example');
    await addEmail(server, session.accessToken, 'claimed@evil.example');
    const late = await mailedToken(server, 'claimed@evil.example');
    server.advance({ minutes: 1 });
    await forgot(server, thief);
    const lateReset = await tokenFor(server, thief, 'reset-password');
    expect((await logIn(server, ada)).status).toBe(401);
    const [, old] = await emailsOf(server, session.accessToken);
    expect(old?.email).toBe(ada);
    const removing = await server.call('DELETE', `/api/v1/me/emails/${old?.id}`, { token: session.accessToken });
    expect(removing.status).toBe(409);

    await takeBack(server, userId);
    expect((await me(server, session.accessToken)).body.error.reason).toBe('email_change_undone');
    expect((await refresh(server, session.refreshCookie)).status).toBe(401);
    expect((await verifyEmail(server, { token: late })).status).toBe(400);
    expect((await reset(server, lateReset, password)).status).toBe(400);
  });

  test('the thief changes the address back and undoes that, to be the one who takes the account back: the owner still wins', async () => {
    const server = await startServer();
    const { userId, stolen } = await hijacked(server);
    const own = (await emailsOf(server, stolen)).find(({ email }) => email === ada);
    expect((await makePrimary(server, stolen, own?.id as string)).status).toBe(200);
    server.advance({ minutes: 1 });
    expect((await undoEmailChange(server, await tokenFor(server, thief, 'undo-email'))).status).toBe(200);
    server.advance({ minutes: 1 });
    expect((await reset(server, await tokenFor(server, thief, 'reset-password'), password)).status).toBe(200);
    const session = await loggedIn(server, thief, { password });
    const removing = await server.call('DELETE', `/api/v1/me/emails/${own?.id}`, { token: session.accessToken });
    expect(removing.body.error?.message).toBe('this email can still undo a change of the primary email');

    await takeBack(server, userId);
    expect((await me(server, session.accessToken)).status).toBe(401);
  });

  test('the thief resets the password through an address added in silence: the owner is told', async () => {
    const server = await startServer();
    await registered(server, ada);
    const { accessToken: stolen } = await loggedIn(server, ada);
    await addedEmail(server, stolen, thief);
    server.advance({ minutes: 1 });
    await forgot(server, thief);
    const link = await tokenFor(server, thief, 'reset-password');
    server.advance({ minutes: 1 });
    expect((await reset(server, link, password)).status).toBe(200);
    for (const email of [ada, thief]) {
      expect((await server.newestMail(email)).subject, email).toBe('Your password was changed');
    }
  });
});
