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

/** What a browser set to Japanese sends. */
export const inJapanese = { 'accept-language': 'ja' };

/** Asks for another address; it is a claim until its mail is used. */
export const addEmail = (server: TestServer, token: string, email: string): Promise<Answer> =>
  server.call('POST', '/api/v1/me/emails', { token, body: { email } });

/** A second address, added and verified by its mail. */
export const addedEmail = async (server: TestServer, token: string, email: string): Promise<{ emailId: string }> => {
  const answer = await addEmail(server, token, email);
  if (answer.status !== 201) throw new Error(`adding an address answered ${answer.status}`);
  const verified = await verifyEmail(server, { token: await mailedToken(server, email) });
  if (verified.status !== 200) throw new Error(`verifying answered ${verified.status}`);
  return { emailId: answer.body.data.id };
};

export const verifyEmail = (server: TestServer, proof: { token: string } | { email: string; code: string }): Promise<Answer> =>
  server.call('POST', '/api/v1/auth/email/verify', { body: proof });

export const resend = (server: TestServer, email: string): Promise<Answer> =>
  server.call('POST', '/api/v1/auth/email/resend', { body: { email } });

export const forgot = (server: TestServer, email: string): Promise<Answer> =>
  server.call('POST', '/api/v1/auth/password/forgot', { body: { email } });

/** The user's addresses as the list shows them. */
export const emailsOf = async (
  server: TestServer,
  token: string,
): Promise<{ id: string; email: string; primary: boolean; verified: boolean; created_at: string }[]> =>
  (await server.call('GET', '/api/v1/me/emails', { token })).body.data;

export const makePrimary = (server: TestServer, token: string, emailId: string): Promise<Answer> =>
  server.call('POST', `/api/v1/me/emails/${emailId}/primary`, { token });

export const undoEmailChange = (server: TestServer, token: string): Promise<Answer> =>
  server.call('POST', '/api/v1/auth/email/undo', { body: { token } });

/** The token of the newest mail whose link leads to that page. */
export const tokenFor = async (
  server: TestServer,
  email: string,
  page: 'verify-email' | 'reset-password' | 'undo-email',
): Promise<string> => {
  const links = (await server.mails(email)).flatMap((mail) => mail.links).map((link) => new URL(link));
  const link = links.find(({ pathname }) => pathname === `/auth/${page}`);
  if (!link) throw new Error(`no mail to ${email} leads to ${page}`);
  return link.searchParams.get('token') as string;
};
