import type { KeyObject } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import { jwtVerify, SignJWT } from 'jose';
import { deriveKeys } from '../packages/server/src/adapters/derived-keys.ts';
import { openLimitStore } from './limit-stores.ts';

// The limit that Tegata is measured against: the same work with everything of ours removed. Bare node:http, jose for the
// tokens, one prepared statement on the same data. It checks nothing but the signature, and must never be used as a server.

const [address = '', port = ''] = process.argv.slice(2);
const keys = deriveKeys([process.env.TEGATA_SECRET ?? '']);
const accessKey = keys.current('access-token').key;
const refreshKey = keys.current('refresh-token').key;
const store = await openLimitStore(JSON.parse(address));

type Claims = { sub: string; uid?: string; sid: string; gen: number; jti: string };

const claimsOf = async (token: string, key: KeyObject): Promise<Claims> =>
  (await jwtVerify<Claims>(token, key, { algorithms: ['HS256'] })).payload;

const me = async (request: IncomingMessage): Promise<object> => {
  const { sub, uid = sub, sid } = await claimsOf((request.headers.authorization ?? '').slice('Bearer '.length), accessKey);
  const row = await store.look(uid, sid);
  return {
    data: {
      id: row.user_id,
      email: row.email,
      name: row.name,
      status: 'active',
      email_verified: row.verified_at !== null,
      created_at: new Date(Number(row.created_at)).toISOString(),
      updated_at: new Date(Number(row.updated_at)).toISOString(),
    },
    meta: null,
  };
};

const bodyOf = async (request: IncomingMessage): Promise<string> => {
  let text = '';
  for await (const chunk of request) text += chunk;
  return text;
};

const refresh = async (request: IncomingMessage): Promise<object> => {
  const { refresh_token: token } = JSON.parse(await bodyOf(request));
  const { sub, uid = sub, sid, gen, jti } = await claimsOf(token, refreshKey);
  const next = crypto.randomUUID();
  const userId = await store.rotate({ userId: uid, sessionId: sid, generation: gen, jti, next, now: Date.now() });
  const claims = { sub: userId, sid, gen: gen + 1 };
  const [accessToken, refreshToken] = await Promise.all([
    new SignJWT({ ...claims, jti: crypto.randomUUID() }).setProtectedHeader({ alg: 'HS256' }).sign(accessKey),
    new SignJWT({ ...claims, jti: next }).setProtectedHeader({ alg: 'HS256' }).sign(refreshKey),
  ]);
  return { data: { access_token: accessToken, expires_in: 900, refresh_token: refreshToken }, meta: null };
};

createServer(async (request, response) => {
  const answer = await (request.method === 'GET' ? me(request) : refresh(request)).then(
    (body) => ({ status: 200, text: JSON.stringify(body) }),
    (error: unknown) => ({ status: 500, text: JSON.stringify({ error: String(error) }) }),
  );
  response.writeHead(answer.status, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(answer.text) });
  response.end(answer.text);
}).listen(Number(port), '127.0.0.1');
