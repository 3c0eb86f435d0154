import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { figure } from '../scorecard/figure.ts';
import { size } from '../scorecard/size.ts';
import { runTegata, startServerProcess, temporaryFolder } from '../server-process.ts';
import { attack, emptyTally, judge, keepLoggedIn, type Sessions, type Target, throwAll } from './attacker.ts';
import type { ApiDocument } from './documented-shape.ts';
import { logInThrough, openClient, registerThrough, type Send } from './hostile-doors.ts';
import { type Call, callsOf, canary, everyClassic, hostileRequest } from './hostile-requests.ts';
import { oddTexts, prototypeNames } from './hostile-texts.ts';
import { residentMegabytes, slope } from './memory.ts';

// A real server gets requests that no honest client makes, generated from its own OpenAPI document, and then everything
// that was picked by hand in every field. SEED repeats a run's requests, REQUESTS says how many.

const requests = size('REQUESTS', { long: 102_000, short: 5_600 });
const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);
/** At each of the servers. */
const atOnce = 12;
/** Of one call, one after the other, before the next call has its turn. */
const inARow = 40;

const heapMegabytes = 112;

const cheapServer = fileURLToPath(new URL('cheap-server.ts', import.meta.url));

const victim = 'victim@example.com';
const eve = 'eve@example.com';

const pagePaths = [
  ...[
    '/',
    '/docs',
    '/openapi.json',
    '/health/live',
    '/health/ready',
    '/.well-known/jwks.json',
    '/metrics',
    '/topology',
    '/dev/mailbox',
  ],
  ...[
    '/dev/mailbox/messages',
    '/auth/log-in',
    '/auth/verify-email',
    '/auth/reset-password',
    '/auth/undo-email',
    '/auth/account',
    '/auth/logo',
  ],
  ...['/auth/callback/github', '/auth/assets/x.js', '/auth/theme.css', '/nowhere'],
];
/** What is in no document of the API: pages, their forms, health and the rest. */
const pageRequest = fc.record({
  method: fc.constantFrom('GET', 'GET', 'GET', 'POST', 'PUT', 'HEAD', 'OPTIONS', 'PROPFIND'),
  path: fc.constantFrom(...pagePaths),
  query: fc.array(
    fc.tuple(
      fc.constantFrom('token', 'lang', 'to', 'return_to', 'reason', 'code', ...prototypeNames),
      fc.constantFrom(...oddTexts),
    ),
    {
      maxLength: 3,
    },
  ),
  form: fc.array(fc.tuple(fc.constantFrom('token', 'password', ...prototypeNames), fc.constantFrom(...oddTexts)), {
    maxLength: 3,
  }),
});

/** Three of them, each character nine of a URL, are less than Node takes as the head of a request: 431 would be its own answer. */
const written = (pairs: [string, string][]): string =>
  new URLSearchParams(pairs.map(([name, value]): [string, string] => [name, value.toWellFormed().slice(0, 500)])).toString();

/** The victim as every table has it. */
const standing = (dataDir: string): unknown => {
  const database = new DatabaseSync(`${dataDir}/tegata.db`, { readOnly: true, timeout: 5_000 });
  try {
    const own = "user_id = (select user_id from user_emails where email = 'victim@example.com')";
    const [user] = database.prepare(`select * from users where id in (select user_id from user_emails where ${own})`).all();
    return {
      user,
      addresses: database.prepare(`select * from user_emails where ${own}`).all(),
      credentials: database.prepare(`select * from password_credentials where ${own}`).all(),
      memberships: database.prepare(`select * from memberships where ${own}`).all(),
      connections: database.prepare(`select * from oauth_accounts where ${own}`).all(),
    };
  } finally {
    database.close();
  }
};

const serviceCredential = async (settings: Record<string, string>): Promise<string> => {
  const added = await runTegata(['services', 'add', 'fuzz', '--scope', 'introspect'], settings);
  const credential = /credential +(\S+)/.exec(added.stdout)?.[1];
  if (!credential) throw new Error(`no credential: ${added.stdout}${added.stderr}`);
  return `Bearer ${credential}`;
};

const start = async (contracts: string) => {
  const dataDir = await temporaryFolder();
  const settings = {
    TEGATA_DATA_DIR: dataDir,
    TEGATA_CONTRACTS: contracts,
    TEGATA_URL: 'http://localhost:3000',
    TEGATA_LOCKOUT_THRESHOLD: '100',
    GITHUB_CLIENT_ID: 'client',
    GITHUB_CLIENT_SECRET: 'client-secret-9f2c',
    // Nobody listens: a code that came through would be a 503 at once.
    GITHUB_URL: 'http://127.0.0.1:9',
    LOG_LEVEL: 'info',
    // A leak of even a kilobyte or two a request would end a process that may keep no more than this.
    NODE_OPTIONS: `--max-old-space-size=${heapMegabytes} --max-semi-space-size=32 --v8-pool-size=1`,
  };
  const server = await startServerProcess(settings, {}, cheapServer);
  return { server, dataDir, settings };
};

const documentFrom = async (send: Send): Promise<ApiDocument> => JSON.parse((await send('GET', '/openapi.json')).text);

type PageRequest = { method: string; path: string; query: [string, string][]; form: [string, string][] };

const attackPage = async ({ send, tally }: Target, { method, path, query, form }: PageRequest): Promise<void> => {
  const headers: Record<string, string> = method === 'POST' ? { 'content-type': 'application/x-www-form-urlencoded' } : {};
  const target = `${path}?${written(query)}`;
  const reply = await send(method, target, headers, method === 'POST' ? written(form) : undefined);
  const isTyped = /^(text\/html|application\/json|text\/css|text\/plain)\b/.test(String(reply.headers['content-type']));
  judge(tally, `${method} ${target}`, reply, [], isTyped || reply.text === '' ? [] : ['no type']);
};

type Siege = { contracts: string; share: number; entrance: string; names: string[]; half: number; part: string };

const three = { contracts: 'standard,cookie,bearer', entrance: 'Bearer', names: ['Standard', 'Cookie', 'Bearer'] };
/**
 * One server cannot use two cores, and it is the one that is slow: three, each attacked by its own share. Those with the
 * same contracts get different requests at random, and every other one of those picked by hand.
 */
const sieges: Siege[] = [
  { ...three, share: 0.375, half: 0, part: 'standard,cookie,bearer, one half' },
  { ...three, share: 0.375, half: 1, part: 'standard,cookie,bearer, other half' },
  { contracts: 'organization', share: 0.25, entrance: 'Organization', names: ['Organization'], half: 0, part: 'organization' },
];

const besiege = async ({ contracts, share, entrance, names, half, part }: Siege) => {
  const { server, dataDir, settings } = await start(contracts);
  const { send, close } = openClient(server.url, atOnce);
  const document = await documentFrom(send);
  const calls = callsOf(document);
  const made = calls.map(hostileRequest);
  await registerThrough(send, entrance, victim);
  await registerThrough(send, entrance, eve);
  const victims = await logInThrough(send, entrance === 'Bearer' ? 'Cookie' : entrance, victim);
  const { device } = await logInThrough(send, entrance === 'Bearer' ? 'Cookie' : entrance, eve);
  const sessions: Sessions = { of: {}, service: names.includes('Standard') ? await serviceCredential(settings) : '' };
  for (const name of names) sessions.of[name] = await logInThrough(send, name, eve, device);
  const before = standing(dataDir);
  const tally = emptyTally();
  const memory: number[] = [];
  const target: Target = { send, sessions, document, tally };
  const began = performance.now();

  const mine = Math.ceil(requests * share);
  const halves = sieges.filter((one) => one.contracts === contracts).length;
  /** In the long form everything picked by hand in every field; in the short one as much as fits into a third. */
  const classics = calls.flatMap((call: Call) => [...everyClassic(call)]).filter((_, index) => index % halves === half);
  const step = Math.max(1, Math.ceil(classics.length / (mine / 3)));
  const chosen = classics.filter((_, index) => index % step === seed % step);
  const rounds = Math.max(2, Math.ceil((mine - chosen.length) / (inARow * (calls.length + 3))));
  for (let round = 0; round < rounds; round += 1) {
    await keepLoggedIn(target, { email: eve, device });
    const roundSeed = seed + (half * rounds + round) * 1_000;
    for (const [index, request] of made.entries()) {
      const some = fc.sample(request, { numRuns: inARow, seed: roundSeed + index });
      await throwAll(some, atOnce, (one) => attack(target, one));
    }
    const pages = fc.sample(pageRequest, { numRuns: 3 * inARow, seed: roundSeed });
    await throwAll(pages, atOnce, (request) => attackPage(target, request));
    const now = chosen.slice((chosen.length * round) / rounds, (chosen.length * (round + 1)) / rounds);
    await throwAll(now, atOnce, (write) => attack(target, write()));
    memory.push(residentMegabytes(server.child.pid));
    if (tally.problems.length > 50) break;
  }
  const seconds = Math.round((performance.now() - began) / 1000);

  const settled = memory.slice(Math.floor(memory.length / 2));
  const gained = settled.length > 1 ? slope(settled) * settled.length : 0;
  const fiveHundreds = [...tally.statuses]
    .filter(([status]) => status >= 500 && status !== 503)
    .reduce((sum, [, count]) => sum + count, 0);
  const busy = tally.statuses.get(503) ?? 0;
  const inLogs = server.stdout().split(canary).length + server.stderr().split(canary).length - 2;
  // V8 fills the heap up to its limit before it looks for old garbage: what is gained until then says nothing.
  const isBounded = Math.max(...memory) < 450 && (rounds < 60 || gained < 40);
  const reached =
    tally.problems.length === 0 && fiveHundreds === 0 && inLogs === 0 && server.child.exitCode === null && isBounded;
  figure({
    row: 'fuzz',
    part,
    tried: tally.sent,
    failed: tally.problems.length + inLogs,
    detail: `${calls.length} calls and ${pagePaths.length} pages, seed ${seed}, ${seconds} s; answers ${[...tally.statuses]
      .toSorted(([one], [other]) => one - other)
      .map(([status, count]) => `${status}: ${count}`)
      .join(
        ', ',
      )}; resident memory ${Math.round(memory[0] ?? 0)} to ${Math.round(Math.max(...memory))} MB, ${gained.toFixed(1)} MB gained over the second half; heap limited to ${heapMegabytes} MB`,
    reached,
  });
  expect(tally.problems.slice(0, 10)).toEqual([]);
  expect(fiveHundreds).toBe(0);
  // The lane that hashes says when it is full; a server that says nothing else has not been tried.
  expect(busy).toBeLessThan(tally.sent / 20);
  expect(inLogs).toBe(0);
  expect(server.stdout()).not.toContain('"level":"error"');
  expect(server.stderr()).toBe('');
  expect(isBounded, memory.map(Math.round).join(' ')).toBe(true);

  // The victim is who they were, and gets in with the password and the browser they had.
  expect(standing(dataDir)).toEqual(before);
  const again = await logInThrough(send, entrance === 'Bearer' ? 'Cookie' : entrance, victim, victims.device);
  expect(again.secrets.length).toBeGreaterThan(0);
  expect((await send('GET', '/health/ready')).status).toBe(200);
  close();
  expect((await server.stop()).code).toBe(0);
};

test('hostile requests to every call get the answers that are documented, and harm nobody', { timeout: 900_000 }, async () => {
  const ends = await Promise.allSettled(sieges.map(besiege));
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
});
