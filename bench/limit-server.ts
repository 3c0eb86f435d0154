import { createServer, type IncomingMessage } from 'node:http';
import { DatabaseSync } from 'node:sqlite';
import { jwtVerify, SignJWT } from 'jose';
import { deriveKeys } from '../packages/server/src/adapters/derived-keys.ts';

// The limit that Tegata is measured against: the same work with everything of ours removed. Bare node:http, jose for the
// tokens, one prepared statement on the same data. It checks nothing but the signature, and must never be used as a server.

const [file = '', port = ''] = process.argv.slice(2);
const keys = deriveKeys([process.env.TEGATA_SECRET ?? '']);
const accessKey = keys.current('access-token').key;
const refreshKey = keys.current('refresh-token').key;

const database = new DatabaseSync(file);
database.exec('pragma journal_mode = wal; pragma synchronous = full; pragma cache_size = -32000; pragma foreign_keys = on');
const select = database.prepare(`
  select sessions.*, users.*, user_emails.email, user_emails.verified_at, active_users.activated_at from sessions
  left join users on users.id = sessions.user_id
  left join user_emails on user_emails.user_id = users.id and user_emails.is_primary = 1
  left join active_users on active_users.user_id = users.id
  where sessions.id = ?`);
const rotate = database.prepare(`
  update sessions set generation = generation + 1, previous_jti = refresh_jti, refresh_jti = ?, rotated_at = ?,
    successor_seen = 0, last_used_at = ?, expires_at = ? + idle_seconds * 1000
  where id = ? and generation = ? and refresh_jti = ? and ended_at is null and expires_at > ? returning user_id, expires_at`);

const me = async (request: IncomingMessage): Promise<object> => {
  const token = (request.headers.authorization ?? '').slice('Bearer '.length);
  const { payload } = await jwtVerify(token, accessKey, { algorithms: ['HS256'] });
  const row = select.get(payload.sid as string) as Record<string, string | number>;
  return {
    data: {
      id: row.user_id,
      email: row.email,
      name: row.name,
      status: 'active',
      email_verified: row.verified_at !== null,
      created_at: new Date(row.created_at as number).toISOString(),
      updated_at: new Date(row.updated_at as number).toISOString(),
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
  const { payload } = await jwtVerify(token, refreshKey, { algorithms: ['HS256'] });
  const now = Date.now();
  const jti = crypto.randomUUID();
  const [sid, gen] = [payload.sid as string, payload.gen as number];
  const row = rotate.get(jti, now, now, now, sid, gen, payload.jti as string, now) as { user_id: string; expires_at: number };
  const claims = { sub: row.user_id, sid, gen: gen + 1 };
  const [access, next] = await Promise.all([
    new SignJWT({ ...claims, jti: crypto.randomUUID() }).setProtectedHeader({ alg: 'HS256' }).sign(accessKey),
    new SignJWT({ ...claims, jti }).setProtectedHeader({ alg: 'HS256' }).sign(refreshKey),
  ]);
  return { data: { access_token: access, expires_in: 900, refresh_token: next }, meta: null };
};

createServer(async (request, response) => {
  const answer = JSON.stringify(await (request.method === 'GET' ? me(request) : refresh(request)));
  response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(answer) });
  response.end(answer);
}).listen(Number(port), '127.0.0.1');
