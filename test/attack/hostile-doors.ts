import { Agent, request } from 'node:http';

// The attacker's client, and the attacker's own account: with a session there is more to break.

export type Reply = { status: number; headers: Record<string, string | string[] | undefined>; text: string };
export type Send = (method: string, path: string, headers?: Record<string, string>, body?: string | Buffer) => Promise<Reply>;

/** Kept connections and no more than that many requests at once; nothing is mended, followed or tried again. */
export const openClient = (url: string, atOnce: number): { send: Send; close: () => void } => {
  const agent = new Agent({ keepAlive: true, maxSockets: atOnce });
  const { hostname, port } = new URL(url);
  const send: Send = (method, path, headers = {}, body = undefined) =>
    new Promise((resolve, reject) => {
      const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
      const sent = request({ agent, hostname, port, method, path, headers: { ...headers, ...length } }, (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.on('error', reject);
        answer.on('end', () =>
          resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text: Buffer.concat(chunks).toString('utf8') }),
        );
      });
      sent.on('error', reject);
      sent.end(body);
    });
  return { send, close: () => agent.destroy() };
};

export const password = 'correct horse battery';

/** What a request of somebody logged in carries, header by header. */
export type Session = { header: Record<string, string>; cookies: Record<string, string>; secrets: string[] };

type DoorCalls = {
  register: { path: string; body: (email: string) => object };
  logIn: string;
  me: string;
  /** Where the access token is in the answer of a log-in; undefined where only cookies hold it. */
  tokenIn: (body: Record<string, never>) => string | undefined;
};

// biome-ignore lint/suspicious/noExplicitAny: answers of four contracts.
type Json = any;

/** The four doors, each with its own way in. */
export const doors: Record<string, DoorCalls> = {
  Standard: {
    register: { path: '/api/v1/auth/register', body: (email) => ({ email, password, name: 'Ada' }) },
    logIn: '/api/v1/auth/login',
    me: '/api/v1/me',
    tokenIn: (body: Json) => body.data.access_token,
  },
  Cookie: {
    register: { path: '/auth/signup', body: (email) => ({ email, password, name: 'Ada' }) },
    logIn: '/auth/signin',
    me: '/auth/me',
    tokenIn: () => undefined,
  },
  Bearer: {
    register: { path: '/api/auth/register', body: (email) => ({ email, password, name: 'Ada' }) },
    logIn: '/api/auth/login',
    me: '/api/me',
    tokenIn: (body: Json) => body.token,
  },
  Organization: {
    register: { path: '/api/auth/register', body: (email) => ({ email, password, name: 'Ada', organizationName: 'Analytical' }) },
    logIn: '/api/auth/login',
    me: '/api/auth/me',
    tokenIn: (body: Json) => body.data.token.token,
  },
};

const json = { 'content-type': 'application/json' };

const setCookies = (reply: Reply): Record<string, string> =>
  Object.fromEntries(
    [reply.headers['set-cookie'] ?? []].flat().map((set) => (set.split(';')[0] as string).split(/=(.*)/s).slice(0, 2)),
  );

const joined = (cookies: Record<string, string>): string =>
  Object.entries(cookies)
    .map(([name, value]) => `${name}=${value}`)
    .join('; ');

/** Logged in through that door. `device`: the known-device cookie of an earlier log-in, so that no lock of others keeps one out. */
export const logInThrough = async (
  send: Send,
  door: string,
  email: string,
  device?: string,
): Promise<Session & { device: string | undefined }> => {
  const { logIn, tokenIn } = doors[door] as DoorCalls;
  const reply = await send(
    'POST',
    logIn,
    { ...json, ...(device && { cookie: `tegata_device=${device}` }) },
    JSON.stringify({ email, password }),
  );
  if (reply.status !== 200) throw new Error(`${door}: logging in answered ${reply.status} ${reply.text}`);
  const cookies = setCookies(reply);
  const token = tokenIn(JSON.parse(reply.text)) ?? cookies.access_token;
  const { tegata_device: newDevice = device, ...session } = cookies;
  const csrf: Record<string, string> = session.csrf_token ? { 'x-csrf-token': session.csrf_token } : {};
  return {
    header: door === 'Cookie' ? { cookie: joined(session), ...csrf } : { authorization: `Bearer ${token}` },
    cookies: session.csrf_token ? { cookie: joined(session) } : {},
    secrets: [token, session.access_token, session.refresh_token].filter((value) => value !== undefined),
    device: newDevice,
  };
};

export const registerThrough = async (send: Send, door: string, email: string): Promise<void> => {
  const { register } = doors[door] as DoorCalls;
  const reply = await send('POST', register.path, json, JSON.stringify(register.body(email)));
  if (reply.status !== 201) throw new Error(`${door}: registering answered ${reply.status} ${reply.text}`);
};
