import { expect, test } from 'vitest';
import { startServer, type TestServer } from '../server.ts';
import { forgot, goodPassword, loggedIn, logIn, me, refresh, registered, tokenFor } from '../standard/people.ts';

// Log-ins beside what must end every session: whichever comes first, no session of the old password or the old state is
// alive when both are over. The log-ins are many, so that their transactions fall before, into and after the other one.

const ada = 'ada@example.com';
const newPassword = 'a new and better password';
const rounds = 6;
const logInsPerRound = 10;

type Ending = {
  name: string;
  /** Given before the race; gives what runs in it. */
  prepare: (server: TestServer, userId: string, token: string) => Promise<() => Promise<unknown>>;
  /** Sessions of before that may live on. */
  keepsOwn: boolean;
};

const endings: Ending[] = [
  {
    name: 'a change of password',
    keepsOwn: true,
    prepare: async (server, _, token) => () =>
      server.call('POST', '/api/v1/auth/password/change', {
        token,
        body: { current_password: goodPassword, new_password: newPassword },
      }),
  },
  {
    name: 'a reset of the password',
    keepsOwn: false,
    prepare: async (server) => {
      await forgot(server, ada);
      const token = await tokenFor(server, ada, 'reset-password');
      return () => server.call('POST', '/api/v1/auth/password/reset', { body: { token, password: newPassword } });
    },
  },
  {
    name: 'a suspension',
    keepsOwn: false,
    prepare: async (server, userId) => () => server.engine.auth.setUserStatus({ userId, status: 'suspended' }),
  },
  {
    name: 'the closing of the account',
    keepsOwn: false,
    prepare: async (server, _, token) => () => server.call('DELETE', '/api/v1/me', { token, body: { password: goodPassword } }),
  },
];

test.each(endings)('a log-in beside $name never leaves a live session behind', async ({ prepare, keepsOwn }) => {
  for (let round = 0; round < rounds; round += 1) {
    const server = await startServer({ TEGATA_MAX_SESSIONS: '100' });
    const { userId } = await registered(server, ada);
    const own = await loggedIn(server, ada);
    const end = await prepare(server, userId, own.accessToken);

    const answers = await server.atOnce(logInsPerRound + 1, async (index) => {
      if (index !== Math.floor(logInsPerRound / 2)) return logIn(server, ada, { cookie: own.deviceCookie });
      await end();
      return undefined;
    });

    const alive = (await server.engine.stores.sessions.listLive(userId, server.now())).map(({ id }) => id);
    expect(alive).toHaveLength(keepsOwn ? 1 : 0);
    for (const answer of answers) {
      if (!answer) continue;
      expect([200, 401]).toContain(answer.status);
      if (answer.status !== 200) continue;
      expect((await me(server, answer.body.data.access_token)).status).toBe(401);
      expect(
        (await refresh(server, answer.cookies.find((cookie) => cookie.startsWith('refresh_token='))!.split(';')[0]!)).status,
      ).toBe(401);
    }
    expect((await me(server, own.accessToken)).status).toBe(keepsOwn ? 200 : 401);
    await server.close();
  }
});
