import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { figure } from '../scorecard/figure.ts';
import { size } from '../scorecard/size.ts';
import { runTegata, startServerProcess, temporaryFolder } from '../server-process.ts';
import { type ApiDocument, wrongWith } from './documented-shape.ts';
import { doors, logInThrough, openClient, type Reply, registerThrough, type Send, type Session } from './hostile-doors.ts';
import { type Call, callsOf, canary, everyClassic, type HostileRequest, hostileRequest } from './hostile-requests.ts';
import { oddTexts, prototypeNames } from './hostile-texts.ts';
import { residentMegabytes, slope } from './memory.ts';

// A real server gets requests that no honest client makes, generated from its own OpenAPI document, and then everything
// that was picked by hand in every field. SEED repeats a run's requests, REQUESTS says how many.

const requests = size('REQUESTS', { long: 102_000, short: 5_600 });
const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);
const atOnce = 24;
/** Of one call, one after the other, before the next call has its turn. */
const inARow = 40;

const cheapServer = fileURLToPath(new URL('cheap-server.ts', import.meta.url));

const victim = 'victim@example.com';
const eve = 'eve@example.com';

const onEveryAnswer: [name: string, value: RegExp][] = [
  ['x-content-type-options', /^nosniff$/],
  ['x-frame-options', /^DENY$/],
  ['referrer-policy', /^no-referrer$/],
  ['strict-transport-security', /^max-age=\d{8}/],
  ['content-security-policy', /default-src 'none'.*frame-ancestors 'none'/],
  ['cache-control', /./],
  ['x-request-id', /^[\w.-]{8,64}$/],
];

const forgedHeaders = [
  'Bearer x',
  'Bearer a.b.c',
  'Basic eDp5',
  'Bearer',
  `Bearer ${'x'.repeat(9_000)}`,
  'Bearer eyJhbGciOiJub25lIn0.e30.',
];
const forgedCookies = [
  ...[
    'access_token',
    'access_token=x; refresh_token=x; csrf_token=x',
    '__proto__=x; ;',
    'refresh_token=%; refresh_token=%',
    '=;=;=',
  ],
  ...[
    `refresh_token=${canary}; access_token=${canary}`,
    'tegata_device=v1.x; tegata_oauth=x; refresh_token=eyJ.eyJ.x',
    `a=${'b'.repeat(9_000)}`,
  ],
];

/** Where the attacker is logged in, by contract, and what other services present. */
type Sessions = { of: Record<string, Session>; service: string };

const credentials = (
  { credential, contract, operation, path }: HostileRequest,
  { of, service }: Sessions,
): Record<string, string> => {
  const pick = (list: string[]) => list[(path.length + operation.operationId.length) % list.length] as string;
  if (credential === 'forged header') return { authorization: pick(forgedHeaders) };
  if (credential === 'forged cookies') return { cookie: pick(forgedCookies) };
  if (credential === 'none') return {};
  const isForServices = operation.security?.some((way) => 'service_bearer' in way);
  // The stream of revocations never ends; its door is tried without a right credential.
  const endless = 'text/event-stream' in (operation.responses[200]?.content ?? {});
  if (isForServices && !endless) return { authorization: service };
  return (credential === 'session' ? of[contract]?.header : of[contract]?.cookies) ?? {};
};

/** What has gone wrong so far, and how many of what came back. */
type Tally = { problems: string[]; statuses: Map<number, number>; sent: number; rss: number[] };

const judge = (tally: Tally, what: string, reply: Reply, secrets: readonly string[], wrong: readonly string[]): void => {
  tally.sent += 1;
  tally.statuses.set(reply.status, (tally.statuses.get(reply.status) ?? 0) + 1);
  const everything = JSON.stringify(reply.headers) + reply.text;
  const found = [
    ...wrong,
    ...(reply.status >= 500 && !(reply.status === 503 && reply.headers['retry-after']) ? [`answered ${reply.status}`] : []),
    ...(everything.includes(canary) || secrets.some((secret) => everything.includes(secret)) ? ['a secret came back'] : []),
    ...onEveryAnswer.filter(([name, value]) => !value.test(String(reply.headers[name] ?? ''))).map(([name]) => `header ${name}`),
  ];
  if (found.length > 0) tally.problems.push(`${what.slice(0, 300)}: ${reply.status}: ${found.join('; ').slice(0, 300)}`);
};

/** Some at a time, in order. */
const throwAll = async <Request>(all: Iterable<Request>, send: (request: Request) => Promise<void>): Promise<void> => {
  const queue = all[Symbol.iterator]();
  const worker = async () => {
    for (let next = queue.next(); !next.done; next = queue.next()) await send(next.value);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
};

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

const written = (pairs: [string, string][]): string =>
  new URLSearchParams(pairs.map(([name, value]): [string, string] => [name, value.toWellFormed().slice(0, 1_500)])).toString();

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
    // A leak of even a kilobyte a request would end a process that may keep no more than this.
    NODE_OPTIONS: '--max-old-space-size=144',
  };
  const server = await startServerProcess(settings, {}, cheapServer);
  return { server, dataDir, settings };
};

const documentFrom = async (send: Send): Promise<ApiDocument> => JSON.parse((await send('GET', '/openapi.json')).text);

/** Whoever lost the session logs in again; most of the time nobody did. */
const keepLoggedIn = async (send: Send, sessions: Sessions, device: string | undefined): Promise<void> => {
  for (const [door, session] of Object.entries(sessions.of)) {
    const { status } = await send('GET', doors[door]?.me as string, session.header);
    if (status !== 200) sessions.of[door] = await logInThrough(send, door, eve, device);
  }
};

type Target = { send: Send; sessions: Sessions; document: ApiDocument; tally: Tally };

const attack = async ({ send, sessions, document, tally }: Target, request: HostileRequest): Promise<void> => {
  const { method, path, headers, body, operation, contract } = request;
  const reply = await send(method, path, { ...headers, ...credentials(request, sessions) }, body);
  const contentType = String(reply.headers['content-type'] ?? '');
  // A form goes to the page of the same path, which is no part of the contract.
  const isPage = contentType.startsWith('text/html') && /^application\/x-www-form-urlencoded/.test(headers['content-type'] ?? '');
  const wrong = isPage ? [] : wrongWith(document, operation, { status: reply.status, contentType, text: reply.text });
  if (request.mustBeRefused && reply.status < 400) wrong.push('taken, although it is no request');
  judge(tally, `${method} ${path} ${body?.toString().slice(0, 150)}`, reply, sessions.of[contract]?.secrets ?? [], wrong);
};

const attackPages = async (
  { send, tally }: Target,
  {
    method,
    path,
    query,
    form,
  }: ReturnType<typeof fc.sample<{ method: string; path: string; query: [string, string][]; form: [string, string][] }>>[number],
) => {
  const headers: Record<string, string> = method === 'POST' ? { 'content-type': 'application/x-www-form-urlencoded' } : {};
  const target = `${path}?${written(query)}`;
  const reply = await send(method, target, headers, method === 'POST' ? written(form) : undefined);
  const isTyped =
    reply.text === '' || /^(text\/html|application\/json|text\/css|text\/plain)\b/.test(String(reply.headers['content-type']));
  judge(tally, `${method} ${target}`, reply, [], isTyped ? [] : ['no type']);
};

describe.each([
  { contracts: 'standard,cookie,bearer', share: 0.75, entrance: 'Bearer', names: ['Standard', 'Cookie', 'Bearer'] },
  { contracts: 'organization', share: 0.25, entrance: 'Organization', names: ['Organization'] },
])('contracts $contracts', ({ contracts, share, entrance, names }) => {
  test('hostile requests to every call get the answers that are documented, and harm nobody', async () => {
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
    const tally: Tally = { problems: [], statuses: new Map(), sent: 0, rss: [] };
    const target: Target = { send, sessions, document, tally };
    const began = performance.now();

    const mine = Math.ceil(requests * share);
    /** In the long form everything picked by hand in every field; in the short one as much as fits into a third. */
    const classics = calls.flatMap((call: Call) => [...everyClassic(call)]);
    const step = Math.max(1, Math.ceil(classics.length / (mine / 3)));
    const chosen = classics.filter((_, index) => index % step === seed % step);
    const rounds = Math.max(2, Math.ceil((mine - chosen.length) / (inARow * (calls.length + 3))));
    for (let round = 0; round < rounds; round += 1) {
      await keepLoggedIn(send, sessions, device);
      for (const [index, request] of made.entries()) {
        const some = fc.sample(request, { numRuns: inARow, seed: seed + round * 1_000 + index });
        await throwAll(some, (one) => attack(target, one));
      }
      const pages = fc.sample(pageRequest, { numRuns: 3 * inARow, seed: seed + round });
      await throwAll(pages, (request) => attackPages(target, request));
      const part = chosen.slice((chosen.length * round) / rounds, (chosen.length * (round + 1)) / rounds);
      await throwAll(part, (write) => attack(target, write()));
      tally.rss.push(residentMegabytes(server.child.pid));
      if (tally.problems.length > 50) break;
    }
    const seconds = Math.round((performance.now() - began) / 1000);

    const settled = tally.rss.slice(Math.floor(tally.rss.length / 2));
    const gained = settled.length > 1 ? slope(settled) * settled.length : 0;
    const fiveHundreds = [...tally.statuses]
      .filter(([status]) => status >= 500 && status !== 503)
      .reduce((sum, [, count]) => sum + count, 0);
    const busy = tally.statuses.get(503) ?? 0;
    const inLogs = server.stdout().split(canary).length + server.stderr().split(canary).length - 2;
    const isBounded = Math.max(...tally.rss) < 450 && (rounds < 8 || gained < 40);
    const reached =
      tally.problems.length === 0 && fiveHundreds === 0 && inLogs === 0 && server.child.exitCode === null && isBounded;
    figure({
      row: 'fuzz',
      part: contracts,
      tried: tally.sent,
      failed: tally.problems.length + inLogs,
      detail: `${calls.length} calls and ${pagePaths.length} pages, seed ${seed}, ${seconds} s; answers ${[...tally.statuses]
        .toSorted(([one], [other]) => one - other)
        .map(([status, count]) => `${status}: ${count}`)
        .join(
          ', ',
        )}; resident memory ${Math.round(tally.rss[0] ?? 0)} to ${Math.round(Math.max(...tally.rss))} MB, ${gained.toFixed(1)} MB gained over the second half; heap limited to 144 MB`,
      reached,
    });
    expect(tally.problems.slice(0, 10)).toEqual([]);
    expect(fiveHundreds).toBe(0);
    // The lane that hashes says when it is full; a server that says nothing else has not been tried.
    expect(busy).toBeLessThan(tally.sent / 20);
    expect(inLogs).toBe(0);
    expect(server.stdout()).not.toContain('"level":"error"');
    expect(server.stderr()).toBe('');
    expect(isBounded, tally.rss.map(Math.round).join(' ')).toBe(true);

    // The victim is who they were, and gets in with the password and the browser they had.
    expect(standing(dataDir)).toEqual(before);
    const again = await logInThrough(send, entrance === 'Bearer' ? 'Cookie' : entrance, victim, victims.device);
    expect(again.secrets.length).toBeGreaterThan(0);
    expect((await send('GET', '/health/ready')).status).toBe(200);
    close();
    expect((await server.stop()).code).toBe(0);
  }, 900_000);
});
