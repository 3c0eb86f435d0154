import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readCookie } from '../../packages/server/src/http/cookies.ts';
import { rawRequest, sendRaw } from '../raw-http.ts';
import { startServer, type TestServer } from '../server.ts';
import { goodPassword, loggedIn, me, refresh, registered } from '../standard/people.ts';

const ada = 'ada@example.com';

/** A refresh with these very Cookie lines. */
const refreshWith = async (server: TestServer, ...lines: string[]) => {
  const headers = ['Content-Length: 0', ...lines.map((line) => `Cookie: ${line}`)];
  const [answer] = await sendRaw(server, rawRequest('POST /api/v1/auth/refresh', headers));
  return { status: answer?.status, message: answer && JSON.parse(answer.body).error?.message };
};

test('every cookie that is set is Secure, HttpOnly, SameSite=Strict, and goes to the calls about sessions alone', async () => {
  const server = await startServer();
  await registered(server, ada);
  const { answer, accessToken: token, refreshCookie: cookie } = await loggedIn(server, ada);
  const remembered = await loggedIn(server, ada, { remember: true });
  const refreshed = await refresh(server, cookie);
  const answers = [
    answer,
    remembered.answer,
    refreshed,
    await server.call('POST', '/api/v1/auth/logout', { token }),
    await server.call('POST', '/api/v1/auth/logout-all', { token: remembered.accessToken }),
    await server.call('DELETE', '/api/v1/me', {
      token: (await loggedIn(server, ada)).accessToken,
      body: { password: goodPassword },
    }),
  ];
  for (const { status, cookies } of answers) {
    expect(status).toBe(200);
    expect(cookies.length).toBeGreaterThan(0);
    for (const set of cookies) {
      expect(set).toMatch(
        /^(refresh_token|tegata_device)=[\w.-]*; Path=\/api\/v1\/auth; HttpOnly; Secure; SameSite=Strict; Max-Age=\d+$/,
      );
    }
  }
});

test('of two cookies with one name neither is used: a neighbor cannot toss in its own', async () => {
  const server = await startServer();
  await registered(server, ada);
  await registered(server, 'eve@example.com');
  const { refreshCookie: own, accessToken } = await loggedIn(server, ada);
  const { refreshCookie: tossed } = await loggedIn(server, 'eve@example.com');
  const missing = { status: 401, message: 'refresh token not found' };
  expect(await refreshWith(server, `${own}; ${tossed}`)).toEqual(missing);
  expect(await refreshWith(server, `${tossed}; ${own}`)).toEqual(missing);
  expect(await refreshWith(server, own, tossed)).toEqual(missing);
  expect(await refreshWith(server, `${own}; ${own}`)).toEqual(missing);
  expect(await refreshWith(server, `${own};refresh_token=`)).toEqual(missing);
  expect(await refreshWith(server, `refresh_token;${own}`)).toEqual(missing);
  expect((await me(server, accessToken)).status).toBe(200);
  expect((await refresh(server, own)).status).toBe(200);
});

test('cookies of others around it, however broken, do not hide it', async () => {
  const server = await startServer();
  await registered(server, ada);
  const { refreshCookie } = await loggedIn(server, ada);
  let own = refreshCookie;
  const around = [
    (pair: string) => `a=b; ${pair}; c=d`,
    (pair: string) => `;;; ${pair} ;;;`,
    (pair: string) => `=; ==; =x; a; ${pair}`,
    (pair: string) => `broken="a; ${pair}; b"`,
    (pair: string) => `e=%E0%A4%A; f=%; ${pair}`,
    (pair: string) => `Refresh_Token=x; refresh_token2=y; xrefresh_token=z; ${pair}`,
    (pair: string) => `__proto__=1; constructor=2; ${pair}`,
    (pair: string) => `\u00e9=\u00e9; ${pair}`,
    (pair: string) => `$Version=1; ${pair}; $Path=/`,
    (pair: string) => `a=${'b'.repeat(4000)}; ${pair}`,
  ];
  for (const cookies of around) {
    const headers = ['Content-Length: 0', `Cookie: ${cookies(own)}`];
    const [answer] = await sendRaw(server, rawRequest('POST /api/v1/auth/refresh', headers));
    expect(answer?.status, cookies('')).toBe(200);
    const next = answer?.headers.find(([name, value]) => name === 'set-cookie' && value.startsWith('refresh_token='));
    own = next?.[1].split(';')[0] as string;
  }
});

test('a broken cookie of the right name is a token that is none', async () => {
  const server = await startServer();
  const values = [
    'x',
    '"x"',
    '"',
    '%',
    '%E0%A4%A',
    '%00',
    'a b',
    'a=b=c',
    '\u00ff',
    '{"a":1}',
    '../../etc/passwd',
    'x'.repeat(9000),
  ];
  for (const value of values) {
    const { status, message } = await refreshWith(server, `refresh_token=${value}`);
    expect(status, value).toBe(401);
    expect(['invalid refresh token', 'refresh token not found'], value).toContain(message);
  }
  for (const empty of ['', ';', '=', 'refresh_token', 'refresh_token=', 'refresh_token =', ' refresh_token= ;']) {
    expect(await refreshWith(server, empty), empty).toEqual({ status: 401, message: 'refresh token not found' });
  }
});

test('a device cookie that was tampered with is only an unknown device', async () => {
  const server = await startServer();
  await registered(server, ada);
  const { deviceCookie } = await loggedIn(server, ada);
  const values = [
    deviceCookie.slice(0, -1),
    `${deviceCookie}.x`,
    'tegata_device=v1',
    'tegata_device=%',
    `${deviceCookie}; ${deviceCookie}`,
  ];
  for (const cookie of values) expect((await loggedIn(server, ada, { cookie })).answer.status, cookie).toBe(200);
});

test('calls that need no login ignore cookies that are stale', async () => {
  const server = await startServer();
  const cookie = 'refresh_token=stale; tegata_device=stale; access_token=stale';
  for (const [path, body, status] of [
    ['/api/v1/auth/register', { email: ada, password: goodPassword, name: 'Ada' }, 201],
    ['/api/v1/auth/password/forgot', { email: ada }, 200],
    ['/api/v1/auth/email/resend', { email: ada }, 200],
    ['/api/v1/auth/logout', undefined, 200],
  ] as const) {
    expect((await server.call('POST', path, { body, cookie })).status, path).toBe(status);
  }
});

test('whatever the header, reading a cookie gives its value or nothing, and never throws', () => {
  const part = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 20 }),
    fc.constantFrom('refresh_token', 'refresh_token=', 'refresh_token=a', '=', ';', ' ', '"', '%41', '%', '\u0000'),
  );
  fc.assert(
    fc.property(fc.array(part), fc.constantFrom('', ';', '; '), (parts, separator) => {
      const header = parts.join(separator);
      const value = readCookie(header, 'refresh_token');
      const named = header.split(';').filter((pair) => pair.split('=')[0]?.trim() === 'refresh_token');
      if (named.length !== 1) expect(value).toBeUndefined();
      else if (value !== undefined) expect(value.length).toBeGreaterThan(0);
    }),
    { numRuns: 500 },
  );
});
