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
  undoEmailChange,
  verifyEmail,
} from './people.ts';
import { allBytes, count, rows } from './stored.ts';

const path = '/api/v1/auth/email/verify';
const ada = 'ada@example.com';

const refusal = (message: string) => ({ error: { code: 'VALIDATION_ERROR', message }, meta: null });
const invalid = refusal('invalid or expired verification token');
const done = { data: { message: 'Email verified successfully' }, meta: null };
const already = { data: { message: 'Email already verified' }, meta: null };

/** Registered, not verified: what the mail brought. */
const pending = async (server: TestServer, email = ada): Promise<{ userId: string; token: string; code: string }> => {
  const answer = await register(server, email);
  const token = await mailedToken(server, email);
  return { userId: answer.body.data.user_id, token, code: (await server.newestMail(email)).code as string };
};

const statusOf = async (server: TestServer, userId: string) => (await server.engine.stores.users.find(userId))?.status;

/** Another code of six digits; each `offset` gives a different one. */
const wrong = (code: string, offset = 1): string => String((Number(code) + offset) % 1_000_000).padStart(6, '0');

describe('a person proves an address', () => {
  test('S3.40 S3.48 S3.145 with the token in the body: the user becomes active and can log in', async () => {
    const server = await startServer();
    const { userId, token } = await pending(server);
    server.advance({ minutes: 1 });
    const answer = await server.call('POST', path, { body: { token } });
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual(done);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.cookies).toEqual([]);
    expect(await server.engine.stores.users.find(userId)).toMatchObject({
      status: 'active',
      emailVerified: true,
      updatedAt: server.now(),
    });
    const { accessToken } = await loggedIn(server, ada);
    expect((await me(server, accessToken)).body.data).toMatchObject({ id: userId, status: 'active', email_verified: true });
  });

  test('S3.38 S3.136 with the token in the query, without any body', async () => {
    const server = await startServer();
    const { userId, token } = await pending(server);
    const answer = await server.call('POST', `${path}?token=${encodeURIComponent(token)}`);
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual(done);
    expect(await statusOf(server, userId)).toBe('active');
  });

  test('a token in the body comes before one in the query', async () => {
    const server = await startServer();
    const { token } = await pending(server);
    expect((await server.call('POST', `${path}?token=${token}`, { body: { token: 'unknown' } })).body).toEqual(invalid);
    expect((await server.call('POST', `${path}?token=unknown`, { body: { token } })).body).toEqual(done);
  });

  test('with the six digits of the same mail and the address, in whatever spelling', async () => {
    const server = await startServer();
    const { userId, code } = await pending(server);
    const answer = await verifyEmail(server, { email: ' Ada@EXAMPLE.com ', code });
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual(done);
    expect(await statusOf(server, userId)).toBe('active');
  });

  test('S3.46 the second use is a success too, by link and by code, and says so', async () => {
    const server = await startServer();
    const { token, code } = await pending(server);
    await verifyEmail(server, { token });
    for (const answer of [
      await verifyEmail(server, { token }),
      await server.call('POST', `${path}?token=${token}`),
      await verifyEmail(server, { email: ada, code }),
    ]) {
      expect(answer.status).toBe(200);
      expect(answer.body).toEqual(already);
    }
    server.advance({ days: 30 });
    expect((await verifyEmail(server, { token })).body).toEqual(already);
    expect(count(server, "audit_events where type = 'email.verified'")).toBe(1);
  });

  test('in Japanese', async () => {
    const server = await startServer();
    const { token } = await pending(server);
    const say = async (body: object) => (await server.call('POST', path, { body, headers: inJapanese })).body;
    expect((await say({})).error.message).toBe('トークンを指定してください');
    expect((await say({ token: 'unknown' })).error.message).toBe('確認トークンが無効か、有効期限が切れています');
    server.advance({ hours: 24 });
    expect((await say({ token })).error.message).toBe('確認トークンの有効期限が切れています');
    await resend(server, ada);
    const fresh = await mailedToken(server, ada);
    expect((await say({ token: fresh })).data.message).toBe('メールアドレスを確認しました');
    expect((await say({ token: fresh })).data.message).toBe('メールアドレスはすでに確認済みです');
  });
});

describe('refused', () => {
  test('S3.136 nothing to prove it with', async () => {
    const server = await startServer();
    await pending(server);
    for (const [query, body] of [
      ['', undefined],
      ['', {}],
      ['?token=', undefined],
      ['', { token: '' }],
      ['?token=', { token: '' }],
      ['', { email: ada }],
      ['', { code: '123456' }],
      ['', { email: '', code: '' }],
    ] as const) {
      const answer = await server.call('POST', path + query, { body });
      expect(answer.status, JSON.stringify(body)).toBe(400);
      expect(answer.body, JSON.stringify(body)).toEqual(refusal('token is required'));
    }
  });

  test('a token of another type is no token', async () => {
    const server = await startServer();
    const { token, userId } = await pending(server);
    for (const wished of [null, 1, true, [token], { token }, 'x'.repeat(513)]) {
      const answer = await server.call('POST', path, { body: { token: wished } });
      expect(answer.status, JSON.stringify(wished)).toBe(400);
      expect(answer.body.error.code).toBe('VALIDATION_ERROR');
      expect(answer.body.error.details?.[0].field).toBe('token');
    }
    expect(await statusOf(server, userId)).toBe('pending');
  });

  test('S3.43 an unknown token, and every variation of a real one', async () => {
    const server = await startServer();
    const { userId, token } = await pending(server);
    const last = token.at(-1) as string;
    const twins = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'.replace(last, '');
    for (const other of [
      'unknown',
      'A'.repeat(43),
      token.slice(0, -1),
      `${token}=`,
      ` ${token}`,
      token.toLowerCase(),
      token.split('').reverse().join(''),
      // Base64url of 32 bytes has two bits to spare in its last character: they must not make a second token.
      ...twins.split('').map((letter) => token.slice(0, -1) + letter),
    ]) {
      if (other === token) continue;
      const answer = await verifyEmail(server, { token: other });
      expect(answer.status, other).toBe(400);
      expect(answer.body, other).toEqual(invalid);
    }
    expect(await statusOf(server, userId)).toBe('pending');
  });

  test('S3.39 S3.44 S3.29 an expired one: the last second counts, the 24th hour does not', async () => {
    const server = await startServer();
    const { userId, token, code } = await pending(server);
    const second = await pending(server, 'eve@example.com');
    server.advance({ hours: 24, seconds: -1 });
    expect((await verifyEmail(server, { token: second.token })).body).toEqual(done);
    server.advance({ seconds: 1 });
    const byToken = await verifyEmail(server, { token });
    expect(byToken.status).toBe(400);
    expect(byToken.body).toEqual(refusal('verification token expired'));
    expect((await verifyEmail(server, { email: ada, code })).body).toEqual(refusal('verification token expired'));
    expect(await statusOf(server, userId)).toBe('pending');
    expect((await logIn(server, ada)).status).toBe(401);
  });

  test('TEGATA_VERIFY_TTL decides how long', async () => {
    const server = await startServer({ TEGATA_VERIFY_TTL: '10m' });
    const { token } = await pending(server);
    server.advance({ minutes: 10 });
    expect((await verifyEmail(server, { token })).body).toEqual(refusal('verification token expired'));
  });

  test('S3.45 the token of an account that is gone', async () => {
    const server = await startServer();
    const { userId, token } = await pending(server);
    await server.engine.stores.users.delete(userId);
    const answer = await verifyEmail(server, { token });
    expect(answer.status).toBe(400);
    expect(answer.body).toEqual(invalid);
  });

  test('reading the address of the call changes nothing: only POST verifies', async () => {
    const server = await startServer();
    const { userId, token } = await pending(server);
    for (const method of ['GET', 'HEAD', 'PUT', 'DELETE', 'PATCH']) {
      const answer = await fetch(`${server.url}${path}?token=${token}`, { method });
      expect(answer.status, method).toBe(405);
      expect(answer.headers.get('allow'), method).toBe('POST');
    }
    expect(await statusOf(server, userId)).toBe('pending');
  });

  test('V19 a suspended or deactivated user stays so: an old mail lifts nothing', async () => {
    const server = await startServer();
    for (const status of ['suspended', 'deactivated'] as const) {
      for (const by of ['token', 'code'] as const) {
        const email = `${status}-${by}@example.com`;
        const { userId, token, code } = await pending(server, email);
        await server.engine.auth.setUserStatus({ userId, status });
        const answer = await verifyEmail(server, by === 'token' ? { token } : { email, code });
        expect(answer.status).toBe(200);
        expect(await statusOf(server, userId)).toBe(status);
        const tried = await logIn(server, email);
        expect(tried.status).toBe(401);
        expect(tried.body.error.message).toBe(`account ${status}`);
        expect((await verifyEmail(server, { token })).body).toEqual(already);
        expect(await statusOf(server, userId)).toBe(status);
      }
    }
  });
});

describe('the code', () => {
  test('dies after five wrong tries; the link in the same mail still works', async () => {
    const server = await startServer();
    const { userId, token, code } = await pending(server);
    for (let turn = 1; turn <= 5; turn += 1) {
      const answer = await verifyEmail(server, { email: ada, code: wrong(code, turn) });
      expect(answer.status).toBe(400);
      expect(answer.body).toEqual(invalid);
    }
    expect((await verifyEmail(server, { email: ada, code })).body).toEqual(invalid);
    expect(await statusOf(server, userId)).toBe('pending');
    expect((await verifyEmail(server, { token })).body).toEqual(done);
  });

  test('works at the fifth try, after four wrong ones', async () => {
    const server = await startServer();
    const { code } = await pending(server);
    for (let turn = 1; turn <= 4; turn += 1) await verifyEmail(server, { email: ada, code: wrong(code, turn) });
    expect((await verifyEmail(server, { email: ada, code })).body).toEqual(done);
  });

  test('fifty parallel wrong tries are five tries', async () => {
    const server = await startServer();
    const { token, code } = await pending(server);
    const answers = await server.atOnce(50, (turn) => verifyEmail(server, { email: ada, code: wrong(code, turn + 1) }));
    for (const answer of answers) expect(answer.body).toEqual(invalid);
    expect(rows(server, 'select code_attempts from one_time_tokens')).toEqual([{ code_attempts: 5 }]);
    expect((await verifyEmail(server, { email: ada, code })).body).toEqual(invalid);
    expect((await verifyEmail(server, { token })).body).toEqual(done);
  });

  test('says no more than "invalid" for an unknown address, an address that is none, and a wrong or dead code', async () => {
    const server = await startServer();
    const { code } = await pending(server);
    await registered(server, 'verified@example.com');
    for (const email of ['nobody@example.com', 'verified@example.com', ada, 'no address', 'ada@localhost']) {
      const answer = await verifyEmail(server, { email, code: wrong(code) });
      expect(answer.status, email).toBe(400);
      expect(answer.body, email).toEqual(invalid);
    }
  });

  test('is only good for its own address, and must be those six digits', async () => {
    const server = await startServer();
    const { code } = await pending(server);
    const eve = await pending(server, 'eve@example.com');
    if (eve.code !== code) expect((await verifyEmail(server, { email: 'eve@example.com', code })).body).toEqual(invalid);
    for (const typed of [`${code} `, ` ${code}`, `${code}0`, code.slice(1)]) {
      await resend(server, ada);
      expect((await verifyEmail(server, { email: ada, code: typed })).body, typed).toEqual(invalid);
    }
    for (const typed of [Number(code), null, [code]]) {
      const answer = await server.call('POST', path, { body: { email: ada, code: typed } });
      expect(answer.status, JSON.stringify(typed)).toBe(400);
      expect(answer.body.error.details[0].field).toBe('code');
    }
  });

  test('of the newest mail replaces the older ones, with five tries of its own; older links live on', async () => {
    const server = await startServer();
    const first = await pending(server);
    for (let turn = 1; turn <= 5; turn += 1) await verifyEmail(server, { email: ada, code: wrong(first.code, turn) });
    server.advance({ minutes: 10 });
    await resend(server, ada);
    const { code } = await server.newestMail(ada);
    if (first.code !== code) expect((await verifyEmail(server, { email: ada, code: first.code })).body).toEqual(invalid);
    expect((await verifyEmail(server, { email: ada, code: code as string })).body).toEqual(done);
    expect((await verifyEmail(server, { token: first.token })).body).toEqual(already);
  });
});

describe('many at once', () => {
  test('RV-10 sixteen parallel uses of one link: verified once, and every caller hears a success', async () => {
    const server = await startServer();
    const { userId, token } = await pending(server);
    const answers = await server.atOnce(16, () => verifyEmail(server, { token }));
    const messages = answers.map(({ status, body }) => `${status} ${body.data?.message}`).sort();
    expect(messages).toEqual([...Array(15).fill('200 Email already verified'), '200 Email verified successfully']);
    expect(await statusOf(server, userId)).toBe('active');
    expect(count(server, "audit_events where type = 'email.verified'")).toBe(1);
    expect(count(server, 'active_users')).toBe(1);
  });

  test('link and code of one mail at once: verified once', async () => {
    const server = await startServer();
    const { token, code } = await pending(server);
    const answers = await server.atOnce(8, (at) => verifyEmail(server, at < 4 ? { token } : { email: ada, code }));
    expect(answers.map(({ status }) => status)).toEqual(Array(8).fill(200));
    expect(answers.filter(({ body }) => body.data.message === 'Email verified successfully')).toHaveLength(1);
    expect(count(server, "audit_events where type = 'email.verified'")).toBe(1);
  });

  test('the eleventh within an hour from one address is refused, whatever it brings', async () => {
    const server = await startServer({ TEGATA_RATE_LIMITS: 'on', TEGATA_TRUSTED_PROXIES: '127.0.0.1' });
    const { token } = await pending(server);
    const from = (address: string, body: object) => server.call('POST', path, { body, headers: { 'x-forwarded-for': address } });
    for (let turn = 0; turn < 10; turn += 1) expect((await from('192.0.2.1', { token: `guess-${turn}` })).status).toBe(400);
    const refused = await from('192.0.2.1', { token });
    expect(refused.status).toBe(429);
    expect(refused.body.error.code).toBe('RATE_LIMIT_EXCEEDED');
    const seconds = Number(refused.headers.get('retry-after'));
    expect(seconds).toBeGreaterThan(3590);
    expect(seconds).toBeLessThanOrEqual(3600);
    expect(refused.headers.get('ratelimit-policy')).toBe('"standard:verify";q=10;w=3600');
    expect(refused.headers.get('ratelimit')).toBe(`"standard:verify";r=0;t=${seconds}`);
    expect((await from('192.0.2.2', { token })).body).toEqual(done);
  });
});

describe('a secret of one kind', () => {
  test('RV-12 is unknown to every call that takes another kind', async () => {
    const server = await startServer();
    await registered(server, ada);
    const { accessToken, refreshCookie } = await loggedIn(server, ada);
    const { emailId } = await addedEmail(server, accessToken, 'second@example.com');
    await makePrimary(server, accessToken, emailId);
    const undo = await tokenFor(server, ada, 'undo-email');
    await addEmail(server, accessToken, 'third@example.com');
    const verify = await mailedToken(server, 'third@example.com');
    await forgot(server, ada);
    const reset = await tokenFor(server, ada, 'reset-password');
    const refreshToken = refreshCookie.slice('refresh_token='.length);
    const secrets = { verify, undo, reset, access: accessToken, refresh: refreshToken };

    const calls: Record<keyof typeof secrets, (secret: string) => Promise<unknown>> = {
      verify: async (token) => (await verifyEmail(server, { token })).body.error?.message,
      undo: async (token) => (await undoEmailChange(server, token)).body.error?.message,
      reset: async (token) => {
        const body = { token, password: 'another good password' };
        return (await server.call('POST', '/api/v1/auth/password/reset', { body })).body.error?.message;
      },
      access: async (token) => (await me(server, token)).body.error?.message,
      refresh: async (token) => (await refresh(server, `refresh_token=${token}`)).body.error?.message,
    };
    const refusals = {
      verify: 'invalid or expired verification token',
      undo: 'invalid or expired undo token',
      reset: 'invalid or expired reset token',
      access: 'invalid or expired token',
      refresh: 'invalid refresh token',
    };
    for (const [kind, secret] of Object.entries(secrets)) {
      for (const [taking, call] of Object.entries(calls)) {
        if (taking === kind) continue;
        expect(await call(secret), `a token to ${kind} given to ${taking}`).toBe(refusals[taking as keyof typeof refusals]);
      }
    }
    // None of those refusals used anything up, changed anything, or ended the session.
    expect((await emailsOf(server, accessToken)).map(({ email, primary, verified }) => [email, primary, verified])).toEqual([
      ['second@example.com', true, true],
      [ada, false, true],
      ['third@example.com', false, false],
    ]);
    const rotated = await refresh(server, refreshCookie);
    expect(rotated.status).toBe(200);
    expect(cookiePair(rotated, 'refresh_token')).not.toBe(refreshCookie);
    expect(await calls.verify(verify)).toBeUndefined();
    expect(await calls.reset(reset)).toBeUndefined();
    expect(await calls.undo(undo)).toBeUndefined();
  });

  test('V31 S3.29 is stored as a digest alone: neither link nor code can be read from the data folder', async () => {
    const server = await startServer();
    const people = await Promise.all(['ada', 'eve', 'bob'].map((name) => pending(server, `${name}@example.com`)));
    await registered(server, 'carol@example.com');
    await forgot(server, 'carol@example.com');
    const reset = await tokenFor(server, 'carol@example.com', 'reset-password');

    const bytes = await allBytes(server);
    // The search would find what is there.
    expect(bytes.includes('ada@example.com')).toBe(true);
    const digest = rows(server, "select digest from one_time_tokens where purpose = 'reset_password'")[0]?.digest as string;
    expect(bytes.includes(digest)).toBe(true);
    for (const token of [...people.map((person) => person.token), reset]) {
      expect(bytes.includes(token)).toBe(false);
      expect(bytes.includes(Buffer.from(token, 'base64url'))).toBe(false);
      expect(bytes.includes(Buffer.from(token, 'base64url').toString('hex'))).toBe(false);
      expect(bytes.includes(Buffer.from(token).toString('base64'))).toBe(false);
    }
    expect(bytes.includes(goodPassword)).toBe(false);
    // Six digits may stand by chance in a random id; by chance all three codes do not.
    expect(people.filter(({ code }) => bytes.includes(code)).length).toBeLessThan(3);
    for (const { code } of people) {
      expect(bytes.includes(`"${code}"`)).toBe(false);
      expect(bytes.includes(`${code}.`)).toBe(false);
    }
  });

  test('stays sealed in the mails that the development mailbox keeps', async () => {
    const server = await startServer();
    const { token } = await pending(server);
    const [mail] = rows(server, 'select sealed_body, sent_at from mail_outbox');
    expect(mail?.sent_at).toBe(server.now());
    const body = String(mail?.sealed_body);
    expect(body).toMatch(/^v1\.[\w-]+\.[\w-]+$/);
    const bytes = Buffer.from(body.split('.')[2] as string, 'base64url');
    for (const secret of [token, 'verify_registration', 'Ada Lovelace']) expect(bytes.includes(secret)).toBe(false);
  });
});
