import { createHmac } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { getMigrations } from 'better-auth/db/migration';
import { openPeer } from './auth.mjs';

// `node prepare.mjs '{"database": …, "count": …, "file": …, "password": …}'`: its tables, and people who are logged in, through its own
// adapter, so every row is one that it could have written. For the cookie cache each asks once, as a browser would.

const { database, count, file, password, cached } = JSON.parse(process.argv[2]);
const { options, auth, opened } = openPeer({ database, port: 1, sameHash: true });
const { runMigrations } = await getMigrations(options);
await runMigrations();

const context = await auth.$context;
const passwordHash = await context.password.hash(password);
const people = new Array(count);

const add = async (number) => {
  const email = `person-${number}@example.com`;
  const user = await context.internalAdapter.createUser({ email, name: `Person ${number}`, emailVerified: true });
  await context.internalAdapter.linkAccount({
    userId: user.id,
    providerId: 'credential',
    accountId: user.id,
    password: passwordHash,
  });
  const { token } = await context.internalAdapter.createSession(user.id);
  const signature = createHmac('sha256', process.env.TEGATA_SECRET).update(token).digest('base64');
  people[number] = { email, cookie: `better-auth.session_token=${encodeURIComponent(`${token}.${signature}`)}` };
};

// SQLite in one transaction, PostgreSQL over its ten connections.
if ('exec' in opened) opened.exec('begin');
let next = 0;
const work = async () => {
  while (next < count) await add(next++);
};
await Promise.all(Array.from({ length: 'exec' in opened ? 1 : 10 }, work));
if ('exec' in opened) opened.exec('commit');

const caching = openPeer({ database, port: 1, cookieCache: true });
for (const person of people.slice(0, cached)) {
  const request = new Request('http://localhost:1/api/auth/get-session', { headers: { cookie: person.cookie } });
  const answer = await caching.auth.handler(request);
  const more = answer.headers.getSetCookie().map((cookie) => cookie.split(';')[0]);
  if (!more.some((cookie) => cookie.includes('session_data='))) throw new Error('the peer gave no cached session');
  person.cachedCookie = [...new Set([person.cookie, ...more.filter((cookie) => !cookie.includes('session_token='))])].join('; ');
}
writeFileSync(file, JSON.stringify(people), { mode: 0o600 });
process.exit();
