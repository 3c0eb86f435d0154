import * as organization from '../organization/people.ts';
import { startServer, type TestServer } from '../server.ts';

// People with roles, on a server whose clock is the real one: the services in these tests are processes of their own.

export const organizationServer = async (): Promise<TestServer> =>
  startServer({ TEGATA_CONTRACTS: 'standard,organization' }, Date.now());

export type Ada = { userId: string; accessToken: string; refreshed: () => Promise<{ accessToken: string }> };

/** Registered at the first time. */
export const loggedIn = async (server: TestServer, email: string): Promise<Ada> => {
  const answer = await organization.logIn(server, email);
  const known = answer.status === 200 ? answer : await organization.register(server, email);
  const { user, token } = known.body.data;
  return {
    userId: user.id.replace('user_', ''),
    accessToken: token.token,
    refreshed: async () => {
      const refreshed = await organization.refreshWith(server, token.refreshToken);
      return { accessToken: refreshed.body.data.token.token };
    },
  };
};
