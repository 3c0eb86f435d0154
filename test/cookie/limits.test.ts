import { expect, test } from 'vitest';
import type { Answer, TestServer } from '../server.ts';
import {
  ada,
  asBrowser,
  failure,
  forgotPassword,
  inJapanese,
  personOf,
  refresh,
  resetPassword,
  signedIn,
  signedUp,
  signIn,
  signUp,
  startCookie,
} from './people.ts';

/** Limits on, and a proxy believed, so that one test can be many callers. */
const startLimited = () => startCookie({ TEGATA_RATE_LIMITS: 'on', TEGATA_TRUSTED_PROXIES: '127.0.0.1' });

const from = (address: string) => ({ 'x-forwarded-for': address });

const tooMany = failure('rate_limit_exceeded', 'Too many requests. Please try again later');

const expectRefused = (answer: Answer, { name, points, seconds }: { name: string; points: number; seconds: number }) => {
  expect([answer.status, answer.body, answer.cookies]).toEqual([429, tooMany, []]);
  const retryAfter = Number(answer.headers.get('retry-after'));
  expect(retryAfter).toBeGreaterThan(seconds - 60);
  expect(retryAfter).toBeLessThanOrEqual(seconds);
  expect(answer.headers.get('ratelimit-policy')).toBe(`"${name}";q=${points};w=${seconds}`);
  expect(answer.headers.get('ratelimit')).toBe(`"${name}";r=0;t=${retryAfter}`);
};

test.each<
  [string, number, { name: string; seconds: number }, (server: TestServer, headers: Record<string, string>) => Promise<Answer>]
>([
  ['signing up', 5, { name: 'cookie:signup', seconds: 3600 }, (server, headers) => signUp(server, 'no address', { headers })],
  [
    'signing in',
    10,
    { name: 'cookie:signin', seconds: 60 },
    (server, headers) => signIn(server, `${Math.random()}@example.com`, { headers }),
  ],
  [
    'asking for a reset',
    5,
    { name: 'cookie:forgot', seconds: 3600 },
    (server, headers) => forgotPassword(server, ada, { headers }),
  ],
  [
    'resetting',
    10,
    { name: 'cookie:reset', seconds: 3600 },
    (server, headers) => resetPassword(server, 'nonsense', undefined, { headers }),
  ],
])('S0.22 %s is limited for each address of the network: %i pass, of many at once too', async (_, points, bucket, call) => {
  const server = await startLimited();
  const answers = await Promise.all(Array.from({ length: points + 5 }, () => call(server, from('203.0.113.5'))));
  const refused = answers.filter(({ status }) => status === 429);
  expect(refused).toHaveLength(5);
  for (const answer of refused) expectRefused(answer, { ...bucket, points });
  expect((await call(server, from('203.0.113.6'))).status).not.toBe(429);
});

test('S0.22 one session refreshes sixty times a minute, whatever the address; other sessions are not held up by it', async () => {
  const server = await startLimited();
  let person = await signedUp(server, ada);
  const phone = await signedIn(server, ada);
  for (let turn = 0; turn < 60; turn += 1) {
    const { cookie, headers } = asBrowser(person);
    person = personOf(await refresh(server, { cookie, headers: { ...headers, ...from(`203.0.113.${turn}`) } }));
  }
  expectRefused(await refresh(server, asBrowser(person)), { name: 'cookie:refresh', points: 60, seconds: 60 });
  expect((await refresh(server, asBrowser(phone))).status).toBe(200);
});

test('S0.22 one address is mailed three times an hour; a fourth request is answered alike and mails nothing', async () => {
  const server = await startLimited();
  await signedUp(server, ada);
  const before = (await server.mails(ada)).length;
  for (let turn = 0; turn < 5; turn += 1) {
    const answer = await forgotPassword(server, ada, { headers: from(`203.0.113.${turn}`) });
    expect([answer.status, answer.body]).toEqual([
      200,
      { message: 'If the email address exists, a password reset link has been sent' },
    ]);
  }
  expect((await server.mails(ada)).length - before).toBe(3);
});

test('a refusal uses up nothing: the token works when the hour is over, or from elsewhere', async () => {
  const server = await startLimited();
  await signedUp(server, ada);
  await forgotPassword(server, ada);
  const link = (await server.mails(ada)).flatMap(({ links }) => links).find((one) => one.includes('/auth/reset-password'));
  const token = new URL(link as string).searchParams.get('token');
  const headers = from('203.0.113.5');
  for (let turn = 0; turn < 10; turn += 1) await resetPassword(server, 'nonsense', undefined, { headers });
  expect((await resetPassword(server, token, undefined, { headers })).status).toBe(429);
  expect((await resetPassword(server, token)).status).toBe(200);
});

test('the text is in Japanese where that is preferred', async () => {
  const server = await startLimited();
  const answers = await Promise.all(Array.from({ length: 6 }, () => signUp(server, 'no address', { headers: inJapanese })));
  const refused = answers.find(({ status }) => status === 429);
  expect(refused?.body).toEqual(failure('rate_limit_exceeded', 'リクエストが多すぎます。しばらく待ってから再試行してください'));
});

test('TEGATA_RATE_LIMITS=off lets everything pass', async () => {
  const server = await startCookie();
  for (let turn = 0; turn < 12; turn += 1) expect((await signUp(server, 'no address')).status).toBe(400);
});
