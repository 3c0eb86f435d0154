import { expect, test } from 'vitest';
import { openMailSink } from '../../packages/server/src/mail/testing/mail-sink.ts';
import { execute, tablesOf } from '../database.ts';
import { type Answer, startServer, type TestServer } from '../server.ts';
import {
  addEmail,
  addedEmail,
  forgot,
  goodPassword,
  inJapanese,
  loggedIn,
  logIn,
  me,
  refresh,
  register,
  registered,
} from './people.ts';
import { rows } from './stored.ts';

const path = '/api/v1/me';
const ada = 'ada@example.com';

const close = (server: TestServer, token: string, body?: unknown, headers = {}): Promise<Answer> =>
  server.call('DELETE', path, { token, body, headers });

/** Every row that holds one of the texts in any column, by table. */
const rowsWith = (server: TestServer, ...texts: string[]): Record<string, Record<string, unknown>[]> => {
  const tables = tablesOf(server);
  const holds = (row: Record<string, unknown>) =>
    Object.values(row).some((value) => texts.some((text) => String(value).includes(text)));
  const found = tables.map((table) => [table, rows(server, `select * from ${table}`).filter(holds)] as const);
  return Object.fromEntries(found.filter(([, kept]) => kept.length > 0));
};

test('S0.9 the password closes the account: nobody logs in with it any more, and the cookie goes', async () => {
  const server = await startServer();
  await registered(server, ada);
  const { accessToken } = await loggedIn(server, ada);
  const answer = await close(server, accessToken, { password: goodPassword });
  expect(answer.status).toBe(200);
  expect(answer.body).toEqual({ data: { message: 'account deleted' }, meta: null });
  expect(answer.cookies).toEqual(['refresh_token=; Path=/api/v1/auth; HttpOnly; Secure; SameSite=Strict; Max-Age=0']);
  const again = await logIn(server, ada);
  expect(again.status).toBe(401);
  expect(again.body.error.message).toBe('invalid credentials');
});

test('every token of every device is dead, and says why', async () => {
  const server = await startServer();
  await registered(server, ada);
  const own = await loggedIn(server, ada);
  const other = await loggedIn(server, ada);
  await close(server, own.accessToken, { password: goodPassword });
  for (const { accessToken, refreshCookie } of [own, other]) {
    const withAccess = await me(server, accessToken);
    expect(withAccess.status).toBe(401);
    expect(withAccess.body.error).toEqual({
      code: 'UNAUTHORIZED',
      message: 'token has been revoked',
      reason: 'account_closed',
    });
    const withRefresh = await refresh(server, refreshCookie);
    expect(withRefresh.status).toBe(401);
    expect(withRefresh.body.error.reason).toBe('account_closed');
    expect((await close(server, accessToken, { password: goodPassword })).status).toBe(401);
  }
});

test('the address is free again at once, for a new account that has nothing of the old one', async () => {
  const server = await startServer();
  const { userId } = await registered(server, ada);
  const { accessToken } = await loggedIn(server, ada);
  await addedEmail(server, accessToken, 'second@example.com');
  await close(server, accessToken, { password: goodPassword });
  server.advance({ seconds: 1 });
  const next = await registered(server, ada, 'another good password');
  expect(next.userId).not.toBe(userId);
  expect((await logIn(server, ada)).status).toBe(401);
  expect((await logIn(server, ada, { password: 'another good password' })).status).toBe(200);
  expect((await me(server, accessToken)).status).toBe(401);
  expect((await register(server, 'second@example.com')).status).toBe(201);
});

test('of the person nothing is left but the audit log, how sessions ended and what verifiers refuse, and none knows an address', async () => {
  const sink = await openMailSink();
  const server = await startServer({ SMTP_URL: `smtp://127.0.0.1:${sink.port}` });
  const mailsHave = (subject: string) => sink.received.filter((mail) => mail.header('Subject') === subject).length;
  const { body } = await register(server, ada);
  const userId = body.data.user_id as string;
  await server.engine.mailWorker.drain();
  await server.engine.auth.setUserStatus({ userId, status: 'active' });
  const { accessToken } = await loggedIn(server, ada);
  await logIn(server, ada, { password: 'a wrong guess' });
  await close(server, accessToken, { password: 'a wrong guess' });
  await addEmail(server, accessToken, 'claimed@example.com');
  await forgot(server, ada);
  await server.engine.mailWorker.drain();
  await forgot(server, ada);
  expect(Object.keys(rowsWith(server, userId, ada)).length).toBeGreaterThan(6);

  expect((await close(server, accessToken, { password: goodPassword })).status).toBe(200);
  expect(Object.keys(rowsWith(server, userId)).toSorted()).toEqual(['audit_events', 'revocations', 'sessions']);
  // By id alone, so that other services refuse the tokens; gone when the last of these has expired.
  for (const row of rowsWith(server, userId).revocations ?? []) {
    expect(
      Object.keys(row).filter((column) => row[column] !== null && !['id', 'user_id', 'session_id'].includes(column)),
    ).toEqual(['reason', 'revoked_at', 'expires_at']);
    expect(row.reason).toBe('account_closed');
    expect(Number(row.expires_at)).toBeLessThanOrEqual(server.now() + 65 * 60_000);
  }
  expect(rowsWith(server, userId).sessions?.every((session) => session.end_reason === 'account_closed')).toBe(true);
  // The one mail that says so is still to be sent.
  expect(rowsWith(server, ada)).toEqual({ mail_outbox: [expect.objectContaining({ kind: 'account_closed', sent_at: null })] });
  expect(rowsWith(server, userId).audit_events?.map(({ type }) => type)).toContain('user.closed');

  await server.engine.mailWorker.drain();
  expect(mailsHave('Your account was closed')).toBe(1);
  expect(mailsHave('Reset your password')).toBe(1);
  await sink.close();
});

test('the owner is told by mail', async () => {
  const server = await startServer();
  await registered(server, ada);
  const { accessToken } = await loggedIn(server, ada);
  await close(server, accessToken, { password: goodPassword });
  const mails = await server.mails(ada);
  expect(mails.map(({ subject }) => subject)).toEqual(['Your account was closed']);
  expect(mails[0]?.links).toEqual([]);
});

test('a wrong password closes nothing', async () => {
  const server = await startServer();
  await registered(server, ada);
  const { accessToken } = await loggedIn(server, ada);
  const answer = await close(server, accessToken, { password: 'not the password' });
  expect(answer.status).toBe(401);
  expect(answer.body).toEqual({
    error: { code: 'UNAUTHORIZED', message: 'password is incorrect', reason: 'wrong_password' },
    meta: null,
  });
  expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="tegata"');
  expect(answer.cookies).toEqual([]);
  expect((await me(server, accessToken)).status).toBe(200);
  expect((await logIn(server, ada)).status).toBe(200);
});

test('the password is required, however the body is missing', async () => {
  const server = await startServer();
  await registered(server, ada);
  const { accessToken } = await loggedIn(server, ada);
  const details = [{ field: 'password', message: 'password is required' }];
  for (const body of [undefined, {}, { password: null }, { password: 5 }, { confirm: 'DELETE' }]) {
    const answer = await close(server, accessToken, body);
    expect(answer.status).toBe(400);
    expect(answer.body.error).toEqual({ code: 'VALIDATION_ERROR', message: 'validation failed', details });
  }
  const inOther = await close(server, accessToken, {}, inJapanese);
  expect(inOther.body.error.details).toEqual([{ field: 'password', message: 'パスワードを入力してください' }]);
  expect((await me(server, accessToken)).status).toBe(200);
});

test('an account without a password closes with a log-in of up to five minutes ago, and not a moment later', async () => {
  const server = await startServer();
  const withoutPassword = async (email: string) => {
    const { userId } = await registered(server, email);
    const { accessToken } = await loggedIn(server, email);
    execute(server, 'delete from password_credentials where user_id = ?', userId);
    return accessToken;
  };
  const early = await withoutPassword(ada);
  const late = await withoutPassword('ben@example.com');
  server.advance({ minutes: 4, seconds: 59 });
  expect((await close(server, early)).status).toBe(200);
  server.advance({ seconds: 2 });
  const answer = await close(server, late);
  expect(answer.status).toBe(403);
  expect(answer.body).toEqual({
    error: { code: 'STEP_UP_REQUIRED', message: 'please log in again to do this', reason: 'login_too_old' },
    meta: null,
  });
  expect((await close(server, late, { password: goodPassword })).status).toBe(403);
  expect((await me(server, late)).status).toBe(200);
});

test('refreshing does not make a log-in younger', async () => {
  const server = await startServer();
  const { userId } = await registered(server, ada);
  const { refreshCookie } = await loggedIn(server, ada);
  execute(server, 'delete from password_credentials where user_id = ?', userId);
  server.advance({ minutes: 6 });
  const { access_token: fresh } = (await refresh(server, refreshCookie)).body.data;
  expect((await close(server, fresh)).body.error.code).toBe('STEP_UP_REQUIRED');
});

test('ten parallel calls close it once: one event, one mail', async () => {
  const server = await startServer({ TEGATA_LOCKOUT_THRESHOLD: '100' });
  const { userId } = await registered(server, ada);
  const { accessToken } = await loggedIn(server, ada);
  const answers = await server.atOnce(10, () => close(server, accessToken, { password: goodPassword }));
  for (const { status } of answers) expect([200, 401]).toContain(status);
  expect(answers.some(({ status }) => status === 200)).toBe(true);
  const closed = rows(server, `select id from audit_events where type = 'user.closed' and user_id = '${userId}'`);
  expect(closed).toHaveLength(1);
  expect((await server.mails(ada)).map(({ subject }) => subject)).toEqual(['Your account was closed']);
});
