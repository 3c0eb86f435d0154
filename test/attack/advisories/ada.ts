import { type Answer, startServer, type TestServer } from '../../server.ts';
import { registered } from '../../standard/people.ts';

// Whom the checks are about, on a server of their own.

export const ada = 'ada@example.com';

export const adaOn = async (settings: Record<string, string> = {}): Promise<{ server: TestServer; userId: string }> => {
  const server = await startServer(settings);
  return { server, ...(await registered(server, ada)) };
};

export const reset = (server: TestServer, body: unknown, query = ''): Promise<Answer> =>
  server.call('POST', `/api/v1/auth/password/reset${query}`, { body });
