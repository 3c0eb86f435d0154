import { type Answer, cookiePair, type TestServer } from '../server.ts';

// People for the tests of the standard contract, made through the product itself.

export const goodPassword = 'correct horse battery';

export const register = (server: TestServer, email: string, password = goodPassword): Promise<Answer> =>
  server.call('POST', '/api/v1/auth/register', { body: { email, password, name: 'Ada Lovelace' } });

/** The token in the newest mail's link. */
export const mailedToken = async (server: TestServer, email: string): Promise<string> => {
  const { links } = await server.newestMail(email);
  return new URL(links[0] as string).searchParams.get('token') as string;
};

/** Registered and verified by the mailed link's token. */
export const registered = async (server: TestServer, email: string, password = goodPassword): Promise<{ userId: string }> => {
  const answer = await register(server, email, password);
  if (answer.status !== 201) throw new Error(`registering answered ${answer.status}`);
  const verified = await server.call('POST', '/api/v1/auth/email/verify', { body: { token: await mailedToken(server, email) } });
  if (verified.status !== 200) throw new Error(`verifying answered ${verified.status}`);
  return { userId: answer.body.data.user_id };
};

export const logIn = (
  server: TestServer,
  email: string,
  options: { password?: string; remember?: boolean; cookie?: string; headers?: Record<string, string> } = {},
): Promise<Answer> =>
  server.call('POST', '/api/v1/auth/login', {
    body: { email, password: options.password ?? goodPassword, ...(options.remember ? { remember_me: true } : {}) },
    cookie: options.cookie,
    ...(options.headers ? { headers: options.headers } : {}),
  });

export type LoggedIn = { accessToken: string; refreshCookie: string; deviceCookie: string; answer: Answer };

/** Logged in, with what a browser would hold afterwards. */
export const loggedIn = async (
  server: TestServer,
  email: string,
  options: Parameters<typeof logIn>[2] = {},
): Promise<LoggedIn> => {
  const answer = await logIn(server, email, options);
  if (answer.status !== 200) throw new Error(`logging in answered ${answer.status}: ${JSON.stringify(answer.body)}`);
  return {
    accessToken: answer.body.data.access_token,
    refreshCookie: cookiePair(answer, 'refresh_token'),
    deviceCookie: cookiePair(answer, 'tegata_device'),
    answer,
  };
};

export const refresh = (server: TestServer, refreshCookie: string): Promise<Answer> =>
  server.call('POST', '/api/v1/auth/refresh', { cookie: refreshCookie });

export const me = (server: TestServer, token: string | undefined): Promise<Answer> => server.call('GET', '/api/v1/me', { token });
