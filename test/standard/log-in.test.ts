import { expect, test } from 'vitest';
import { startServer } from '../server.ts';
import { goodPassword, loggedIn, logIn, me, register, registered } from './people.ts';

const cookieShape =
  /^refresh_token=[\w-]+\.[\w-]+\.[\w-]+; Path=\/api\/v1\/auth; Max-Age=604800; HttpOnly; Secure; SameSite=Strict$/;

test('S3.65 S3.130 S3.142 the right password gives an access token, the user, and the refresh token in its cookie alone', async () => {
  const server = await startServer();
  const { userId } = await registered(server, 'ada@example.com');
  const answer = await logIn(server, 'ada@example.com');
  expect(answer.status).toBe(200);
  expect(answer.body).toEqual({
    data: {
      access_token: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
      expires_in: 900,
      user: {
        id: userId,
        email: 'ada@example.com',
        name: 'Ada Lovelace',
        status: 'active',
        email_verified: true,
        created_at: '2030-01-15T09:00:00.000Z',
        updated_at: expect.any(String),
      },
    },
    meta: null,
  });
  expect(answer.cookies[0]).toMatch(cookieShape);
  expect(answer.headers.get('cache-control')).toBe('no-store');
});

test('remember_me makes the refresh cookie last 30 days', async () => {
  const server = await startServer();
  await registered(server, 'ada@example.com');
  const answer = await logIn(server, 'ada@example.com', { remember: true });
  expect(answer.cookies[0]).toMatch(/; Max-Age=2592000; HttpOnly; Secure; SameSite=Strict$/);
});

test('S3.56 S3.58 unknown address and wrong password are one answer, byte for byte', async () => {
  const server = await startServer();
  await registered(server, 'ada@example.com');
  const wrong = await logIn(server, 'ada@example.com', { password: 'not the password' });
  const unknown = await logIn(server, 'nobody@example.com', { password: 'not the password' });
  expect(wrong.status).toBe(401);
  expect(wrong.body).toEqual({ error: { code: 'UNAUTHORIZED', message: 'invalid credentials' }, meta: null });
  expect(wrong.headers.get('www-authenticate')).toBe('Bearer realm="tegata"');
  expect(unknown.body).toEqual(wrong.body);
  expect(unknown.status).toBe(wrong.status);
});

test('S3.59 a pending user is told to verify, after the right password only', async () => {
  const server = await startServer();
  await register(server, 'ada@example.com');
  const right = await logIn(server, 'ada@example.com');
  expect(right.status).toBe(401);
  expect(right.body.error).toEqual({
    code: 'UNAUTHORIZED',
    message: 'please verify your email first',
    reason: 'email_not_verified',
  });
  const wrong = await logIn(server, 'ada@example.com', { password: 'not the password' });
  expect(wrong.body.error.message).toBe('invalid credentials');
});

test('the access token works at once', async () => {
  const server = await startServer();
  await registered(server, 'ada@example.com');
  const { accessToken } = await loggedIn(server, 'ada@example.com', { password: goodPassword });
  expect((await me(server, accessToken)).status).toBe(200);
});
