import { expect } from 'vitest';
import { type Answer, cookiePair } from '../server.ts';

// A whole life of an account, with its mistakes, at a server that runs as an operator runs it; and all that nobody else may
// ever read of it.

export const address = 'canary.address@example.com';
export const secondAddress = 'canary.second@example.com';
export const passwords = {
  first: 'canary-first-password',
  changed: 'canary-changed-password',
  reset: 'canary-reset-password',
  wrong: 'canary-wrong-password',
  misplaced: 'canary-misplaced-password',
};

type Call = (
  method: string,
  path: string,
  options?: { body?: unknown; token?: string; cookie?: string; type?: string },
) => Promise<Answer>;

export const callerOf =
  (url: string): Call =>
  async (method, path, { body, token, cookie, type = 'application/json' } = {}) => {
    const response = await fetch(url + path, {
      method,
      headers: {
        ...(body === undefined ? {} : { 'content-type': type }),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(cookie === undefined ? {} : { cookie }),
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = text !== '' && response.headers.get('content-type')?.startsWith('application/json');
    return {
      status: response.status,
      body: isJson ? JSON.parse(text) : text,
      headers: response.headers,
      cookies: response.headers.getSetCookie(),
    };
  };

/** The newest mail with that subject; the worker of the running server sends it a moment after the call. */
const mail = async (call: Call, to: string, subject: string): Promise<{ token: string; code: string }> => {
  for (let each = 0; each < 100; each += 1) {
    const { body } = await call('GET', `/dev/mailbox/messages?to=${to}`);
    const found = (body as { subject: string; links: string[]; code?: string }[]).find((one) => one.subject === subject);
    if (found) return { token: new URL(found.links[0] as string).searchParams.get('token') ?? '', code: found.code ?? '' };
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`no mail "${subject}"`);
};

/** Everything that nobody else may ever read. */
export const journey = async (call: Call): Promise<{ secrets: string[]; codes: string[] }> => {
  const secrets: string[] = Object.values(passwords);
  const codes: string[] = [];
  const expectStatus = (answer: Answer, status: number) => expect(answer.status, JSON.stringify(answer.body)).toBe(status);
  const auth = '/api/v1/auth';
  const logIn = async (password: string) => {
    const answer = await call('POST', `${auth}/login`, { body: { email: address, password } });
    if (answer.status !== 200) return { answer, token: '', cookie: '' };
    const [token, cookie, device] = [
      answer.body.data.access_token,
      cookiePair(answer, 'refresh_token'),
      cookiePair(answer, 'tegata_device'),
    ];
    secrets.push(token, cookie.split('=')[1] as string, device.split('=')[1] as string);
    return { answer, token: token as string, cookie };
  };

  expectStatus(await call('POST', `${auth}/register`, { body: { email: address, password: passwords.first, name: 'Ada' } }), 201);
  const verification = await mail(call, address, 'Confirm your e-mail address');
  secrets.push(verification.token);
  codes.push(verification.code);
  expectStatus(await call('GET', `/auth/verify-email?token=${verification.token}`), 200);
  expectStatus(await call('POST', `${auth}/email/verify?token=${verification.token}`), 200);
  expectStatus(await call('POST', `${auth}/email/verify`, { body: { email: address, code: verification.code } }), 200);

  // Logging in, well and badly: a password typed into the wrong field, or sent in a form that is not read.
  expectStatus((await logIn(passwords.wrong)).answer, 401);
  expectStatus(await call('POST', `${auth}/login`, { body: { email: passwords.misplaced, password: passwords.wrong } }), 401);
  expectStatus(await call('POST', `${auth}/login`, { body: `{"email":"${address}","password":"${passwords.first}"` }), 400);
  expectStatus(await call('POST', `${auth}/login`, { body: { password: [passwords.first] } }), 400);
  expectStatus(
    await call('POST', `${auth}/login`, { body: `email=${address}&password=${passwords.first}`, type: 'text/plain' }),
    415,
  );
  expectStatus(await call('GET', `${auth}/login?email=${address}&password=${passwords.first}`), 405);
  expectStatus(await call('GET', `/nowhere/${passwords.misplaced}/${address}`), 404);
  expectStatus(await call('POST', `${auth}/password/reset`, { body: { token: passwords.misplaced, password: 'x' } }), 400);

  const one = await logIn(passwords.first);
  const refreshed = await call('POST', `${auth}/refresh`, { cookie: one.cookie });
  expectStatus(refreshed, 200);
  secrets.push(refreshed.body.data.access_token, cookiePair(refreshed, 'refresh_token').split('=')[1] as string);
  expectStatus(await call('GET', '/api/v1/me', { token: one.token }), 200);
  expectStatus(await call('GET', `/api/v1/me?access_token=${one.token}`), 401);
  expectStatus(await call('GET', '/api/v1/me', { token: `${one.token}x` }), 401);
  expectStatus(await call('GET', '/api/v1/me', { token: passwords.misplaced }), 401);
  expectStatus(await call('DELETE', `${auth}/sessions/${one.token}`, { token: one.token }), 404);
  expectStatus(await call('POST', `${auth}/refresh`, { body: { refresh_token: one.token } }), 401);
  expectStatus(
    await call('PATCH', '/api/v1/me', { token: one.token, body: { name: 'Ada', password: passwords.misplaced } }),
    200,
  );

  expectStatus(await call('POST', '/api/v1/me/emails', { token: one.token, body: { email: secondAddress } }), 201);
  const added = await mail(call, secondAddress, 'Confirm your additional e-mail address');
  secrets.push(added.token);
  codes.push(added.code);
  expectStatus(await call('POST', `${auth}/email/verify`, { body: { token: added.token } }), 200);
  const { data: emails } = (await call('GET', '/api/v1/me/emails', { token: one.token })).body as {
    data: { id: string; email: string }[];
  };
  const second = emails.find(({ email }) => email === secondAddress);
  expectStatus(await call('POST', `/api/v1/me/emails/${second?.id}/primary`, { token: one.token }), 200);
  secrets.push((await mail(call, address, 'The e-mail address of your account was changed')).token);

  const change = { current_password: passwords.first, new_password: passwords.changed };
  expectStatus(
    await call('POST', `${auth}/password/change`, { token: one.token, body: { ...change, current_password: passwords.wrong } }),
    401,
  );
  expectStatus(await call('POST', `${auth}/password/change`, { token: one.token, body: change }), 200);
  expectStatus(await call('POST', `${auth}/password/forgot`, { body: { email: address } }), 200);
  const { token: reset } = await mail(call, address, 'Reset your password');
  secrets.push(reset);
  const form = `token=${reset}&password=short`;
  expectStatus(await call('POST', '/auth/reset-password', { body: form, type: 'application/x-www-form-urlencoded' }), 400);
  expectStatus(await call('POST', `${auth}/password/reset`, { body: { token: reset, password: passwords.reset } }), 200);
  expectStatus(await call('POST', `${auth}/password/reset`, { body: { token: reset, password: passwords.reset } }), 400);

  const two = await logIn(passwords.reset);
  expectStatus(two.answer, 200);
  expectStatus(await call('POST', `${auth}/logout`, { token: two.token, cookie: two.cookie }), 200);
  const three = await logIn(passwords.reset);
  expectStatus(await call('DELETE', '/api/v1/me', { token: three.token, body: { password: passwords.wrong } }), 401);
  for (let each = 0; each < 6; each += 1) await logIn(passwords.wrong);
  return { secrets, codes };
};

/** Which of them a text holds, as they are or as a URL holds them; a code only where it stands alone. */
export const hitsIn = (text: string, { secrets, codes }: { secrets: readonly string[]; codes: readonly string[] }): string[] => [
  ...secrets.filter((secret) => text.includes(secret) || text.includes(encodeURIComponent(secret))),
  ...codes.filter((code) => new RegExp(`(?<![\\w-])${code}(?![\\w-])`).test(text)),
];
