import { readFile } from 'node:fs/promises';
import { consequences, type SecurityEvent } from '@tegata/core';
import { expect, test, vi } from 'vitest';
import * as cookie from '../cookie/people.ts';
import { loggedInThrough, ada as owner, startHouse } from '../oauth/people.ts';
import * as organization from '../organization/people.ts';
import { startServer, type TestServer } from '../server.ts';
import {
  addedEmail,
  forgot,
  goodPassword,
  type LoggedIn,
  loggedIn,
  makePrimary,
  me,
  refresh,
  registered,
  tokenFor,
  undoEmailChange,
} from '../standard/people.ts';
import { decodeToken } from '../standard/tokens.ts';
import { expectSoon, outcome, subscribedVerifier } from './verifiers.ts';

vi.setConfig({ testTimeout: 30_000 });

// Every row of the table of consequences, driven through the product and looked at from everywhere where a token counts.

const email = 'ada@example.com';

type Ada = {
  userId: string;
  /** The session in which it happens, or which it is about. */
  own: LoggedIn;
  other: LoggedIn;
};

const expectOk = (answer: { status: number }) => expect(answer.status).toBe(200);

const changePrimary = async (server: TestServer, { own }: Ada) => {
  const { emailId } = await addedEmail(server, own.accessToken, 'new@example.com');
  expectOk(await makePrimary(server, own.accessToken, emailId));
};

type Drive = (server: TestServer, ada: Ada) => Promise<void>;

const drives: Record<Exclude<SecurityEvent, 'role_changed' | 'account_claimed'>, Drive> = {
  password_changed: async (server, { own }) => {
    const body = { current_password: goodPassword, new_password: 'another horse battery' };
    expectOk(await server.call('POST', '/api/v1/auth/password/change', { token: own.accessToken, body }));
  },
  password_reset: async (server) => {
    expectOk(await forgot(server, email));
    const body = { token: await tokenFor(server, email, 'reset-password'), password: 'another horse battery' };
    expectOk(await server.call('POST', '/api/v1/auth/password/reset', { body }));
  },
  password_set: async (server, { userId }) => {
    expect((await server.engine.auth.setUserPassword({ userId, password: 'another horse battery' })).ok).toBe(true);
    expect((await server.mails(email)).map(({ subject }) => subject)).toContain('Your password was changed');
  },
  email_changed: changePrimary,
  email_change_undone: async (server, ada) => {
    await changePrimary(server, ada);
    expectOk(await undoEmailChange(server, await tokenFor(server, email, 'undo-email')));
  },
  account_suspended: async (server, { userId }) => {
    expect((await server.engine.auth.setUserStatus({ userId, status: 'suspended' })).ok).toBe(true);
  },
  account_deactivated: async (server, { userId }) => {
    expect((await server.engine.auth.setUserStatus({ userId, status: 'deactivated' })).ok).toBe(true);
  },
  account_closed: async (server, { own }) => {
    expectOk(await server.call('DELETE', '/api/v1/me', { token: own.accessToken, body: { password: goodPassword } }));
  },
  session_revoked: async (server, { own, other }) => {
    const { sid } = decodeToken(own.accessToken).claims;
    expectOk(await server.call('DELETE', `/api/v1/auth/sessions/${sid}`, { token: other.accessToken }));
  },
  session_limit: async (server) => {
    await loggedIn(server, email);
  },
  logged_out: async (server, { own }) => {
    expectOk(await server.call('POST', '/api/v1/auth/logout', { token: own.accessToken }));
  },
  logged_out_everywhere: async (server, { own }) => {
    expectOk(await server.call('POST', '/api/v1/auth/logout-all', { token: own.accessToken }));
  },
  refresh_reuse: async (server, ada) => {
    const { own } = ada;
    let cookie = own.refreshCookie;
    for (let rotation = 0; rotation < 2; rotation += 1) {
      const answer = await refresh(server, cookie);
      expectOk(answer);
      cookie = answer.cookies.find((set) => set.startsWith('refresh_token='))?.split(';')[0] as string;
    }
    expect((await refresh(server, own.refreshCookie)).body.error.reason).toBe('refresh_reuse');
    // What the owner holds by then.
    ada.own = { ...own, refreshCookie: cookie };
  },
};

test.each(Object.entries(drives) as [keyof typeof drives, Drive][])(
  '%s does what the table says, everywhere',
  async (event, drive) => {
    const server = await startServer({ TEGATA_MAX_SESSIONS: '2' });
    const { userId } = await registered(server, email);
    const ada: Ada = { userId, own: await loggedIn(server, email), other: await loggedIn(server, email) };
    const verifier = await subscribedVerifier(server);
    for (const { accessToken } of [ada.own, ada.other]) expect(await outcome(verifier, accessToken)).toBe('ok');
    await drive(server, ada);
    const { own } = ada;

    const row = consequences[event];
    const isOver = { own: row.thisSession === 'ended', other: row.otherSessions === 'ended' };
    for (const [which, { accessToken, refreshCookie }] of [
      ['own', own],
      ['other', ada.other],
    ] as const) {
      const ofEnded = (fate: string) => fate === 'of ended sessions' && isOver[which];
      await expectSoon(verifier, accessToken, ofEnded(row.accessTokensAtVerifiers) ? `token_revoked: ${event}` : 'ok');
      expect((await me(server, accessToken)).status, `${which} access token here`).toBe(
        ofEnded(row.accessTokensHere) ? 401 : 200,
      );
      expect((await refresh(server, refreshCookie)).status, `${which} refresh token`).toBe(
        ofEnded(row.refreshTokens) ? 401 : 200,
      );
    }
    // Nothing is left behind that could accept the token later: it says so with the policy that accepts most.
    expect(await outcome(verifier, own.accessToken, { onLostFeed: 'open' })).toBe(isOver.own ? `token_revoked: ${event}` : 'ok');
  },
);

test('role_changed does what the table says: tokens with the old role are refused by verifiers until they are refreshed', async () => {
  // The feed is a call of the standard contract.
  const server = await organization.startOrganization({ TEGATA_CONTRACTS: 'standard,organization' });
  const { data } = (await organization.register(server, email)).body;
  const [own, other] = [await organization.loggedIn(server, email), await organization.loggedIn(server, email)];
  const userId = data.user.id.replace('user_', '');
  const verifier = await subscribedVerifier(server);
  expect(await verifier.verify(own.accessToken)).toMatchObject({ ok: true, user: { id: userId, claims: { role: 'user' } } });
  expect(await server.engine.auth.changeRole({ userId, role: 'admin' })).toEqual({ ok: true, value: { before: 'user' } });

  expect(consequences.role_changed).toMatchObject({
    ...{ thisSession: 'kept', otherSessions: 'kept', refreshTokens: 'kept', accessTokensHere: 'kept' },
    accessTokensAtVerifiers: 'renewed',
  });
  for (const { accessToken, refreshToken } of [own, other]) {
    await expectSoon(verifier, accessToken, 'token_revoked: role_changed');
    const here = await server.call('GET', organization.path('me'), { token: accessToken });
    expect(here).toMatchObject({ status: 200, body: { data: { user: { role: 'admin' } } } });
    const refreshed = await server.call('POST', organization.path('refresh'), { body: { refreshToken } });
    expect(refreshed.status).toBe(200);
    const renewed = refreshed.body.data.token.token;
    expect(await verifier.verify(renewed)).toMatchObject({ ok: true, user: { claims: { role: 'admin' } } });
  }
  expect(await server.engine.auth.changeRole({ userId, role: 'admin' })).toEqual({ ok: true, value: { before: 'admin' } });
  // The session that registering started is the third.
  expect(verifier.health().revoked).toBe(3);
});

test('account_claimed does what the table says: whoever registered an address that is not theirs is out', async () => {
  const house = await startHouse({ TEGATA_CONTRACTS: 'standard,cookie' });
  const { server } = house;
  house.google.people.set('ada', owner);
  const held = [(await cookie.signedUp(server, email)).accessToken, (await cookie.signedIn(server, email)).accessToken];
  const verifier = await subscribedVerifier(server);
  for (const token of held) expect(await outcome(verifier, token)).toBe('ok');
  const { accessToken } = await loggedInThrough(house, 'google', 'ada');
  expect(consequences.account_claimed).toMatchObject({ thisSession: 'ended', otherSessions: 'ended' });
  for (const token of held) {
    await expectSoon(verifier, token, 'token_revoked: account_claimed');
    expect((await me(server, token)).status).toBe(401);
  }
  expect(await outcome(verifier, accessToken)).toBe('ok');
});

test('a token of a suspended user is refused whichever session it names, and after the user is back a new one is not', async () => {
  const server = await startServer();
  const { userId } = await registered(server, email);
  const verifier = await subscribedVerifier(server);
  await server.engine.auth.setUserStatus({ userId, status: 'suspended' });
  await expect.poll(() => verifier.health().revoked, { timeout: 5_000 }).toBe(1);
  await server.engine.auth.setUserStatus({ userId, status: 'active' });
  server.advance({ seconds: 3 });
  // As if it had been signed beside the suspension, by a server whose clock is ahead.
  const beside = (await loggedIn(server, email)).accessToken;
  expect(await outcome(verifier, beside)).toBe('token_revoked: account_suspended');
  server.advance({ seconds: 3 });
  expect(await outcome(verifier, (await loggedIn(server, email)).accessToken)).toBe('ok');
});

test('docs/revocation.md shows the table as it is', async () => {
  const shown = await readFile(new URL('../../docs/revocation.md', import.meta.url), 'utf8');
  const line = (cells: string[]) => `| ${cells.join(' | ')} |`;
  const head = [
    'event',
    '`reason`',
    'this session',
    'other sessions',
    'refresh tokens',
    'access tokens here',
    'access tokens at verifiers',
  ];
  const table = [
    line(head),
    line(head.map(() => '---')),
    ...Object.entries(consequences).map(([reason, row]) => {
      const fates = [row.thisSession, row.otherSessions, row.refreshTokens, row.accessTokensHere, row.accessTokensAtVerifiers];
      return line([row.event, `\`${reason}\``, ...fates.map((fate) => (fate === 'kept' ? 'kept' : `**${fate}**`))]);
    }),
  ].join('\n');
  expect(shown).toContain(`\n${table}\n`);
});
