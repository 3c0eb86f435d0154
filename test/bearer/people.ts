import { type Answer, type CallOptions, startServer, type TestServer } from '../server.ts';

// People for the tests of the bearer contract, made through the product itself.

export const startBearer = (settings: Record<string, string> = {}): Promise<TestServer> =>
  startServer({ TEGATA_CONTRACTS: 'bearer', ...settings });

export const goodPassword = 'correct horse battery';
export const ada = 'ada@example.com';

export const register = (server: TestServer, change: Record<string, unknown> = {}, options: CallOptions = {}): Promise<Answer> =>
  server.call('POST', '/api/auth/register', {
    body: { name: 'Ada Lovelace', email: ada, password: goodPassword, ...change },
    ...options,
  });

export const logIn = (server: TestServer, change: Record<string, unknown> = {}, options: CallOptions = {}): Promise<Answer> =>
  server.call('POST', '/api/auth/login', { body: { email: ada, password: goodPassword, ...change }, ...options });

export const me = (server: TestServer, token: string | undefined, options: CallOptions = {}): Promise<Answer> =>
  server.call('GET', '/api/me', { token, ...options });

export type Granted = { userId: string; token: string; answer: Answer };

const grantedBy = (answer: Answer, status: number): Granted => {
  if (answer.status !== status) throw new Error(`answered ${answer.status}: ${JSON.stringify(answer.body)}`);
  return { userId: answer.body.user.id, token: answer.body.token, answer };
};

export const registered = async (server: TestServer, change: Record<string, unknown> = {}): Promise<Granted> =>
  grantedBy(await register(server, change), 201);

export const loggedIn = async (server: TestServer, change: Record<string, unknown> = {}): Promise<Granted> =>
  grantedBy(await logIn(server, change), 200);

export const inJapanese = { 'accept-language': 'ja' };
export const challenge = 'Bearer realm="tegata"';
export const challengeRefused = 'Bearer realm="tegata", error="invalid_token"';

export const wrongCredentials = { error: 'Invalid email or password' };
export const tokenRefused = { error: 'Invalid or expired token' };
