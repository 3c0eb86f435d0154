import { expect, test } from 'vitest';
import { count } from '../standard/stored.ts';
import { curve, forgeries, signed, startForger } from './forger.ts';

test(`the one right ID token logs in, and none of ${Object.keys(forgeries).length} wrong ones does`, async () => {
  const { server, logIn } = await startForger();
  for (const [name, forge] of Object.entries(forgeries)) {
    const answer = await logIn(forge);
    // Another flow's nonce says that the code is another flow's; everything else is the provider's trouble.
    expect([answer.status, answer.cookies], name).toEqual([
      ['another nonce', 'a nonce that is a list'].includes(name) ? 400 : 503,
      [],
    ]);
  }
  expect(['users', 'oauth_accounts', 'sessions'].map((table) => count(server, table))).toEqual([0, 0, 0]);
  expect((await logIn((claims) => signed(claims))).status).toBe(200);
  expect((await logIn((claims) => signed(claims, curve.privateKey, { alg: 'ES256', kid: 'curve' }))).status).toBe(200);
});

test('only `true` is a verified address', async () => {
  const { server, logIn } = await startForger();
  for (const email_verified of [false, 'true', 'false', 1, {}, null, [true]]) {
    const answer = await logIn((claims) => signed(claims), { email_verified });
    expect(answer.body.error, JSON.stringify(email_verified)).toMatchObject({ reason: 'address_unverified' });
  }
  for (const email of [null, 42, ['ada@example.com'], { address: 'ada@example.com' }, 'ada@example.com,eve@example.com', 'ada']) {
    const answer = await logIn((claims) => signed(claims), { email });
    expect(answer.body.error, JSON.stringify(email)).toMatchObject({ reason: 'address_missing' });
  }
  expect(count(server, 'users')).toBe(0);
});
