import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { createHashingLane } from '../../packages/server/src/adapters/hashing-lane.ts';
import { createPasswordHasher, type HashParameters } from '../../packages/server/src/adapters/password-hasher.ts';
import { seededRandom } from '../faults/seeded-random.ts';
import { figure } from '../scorecard/figure.ts';
import { size } from '../scorecard/size.ts';
import { runTegata } from '../server-process.ts';
import {
  type Client,
  createClient,
  goodPassword,
  type Node,
  openStores,
  type Reply,
  range,
  registered,
  startNode,
} from './nodes.ts';
import { type Comparison, compare } from './welch.ts';

// Whether an address has an account, and what became of it: told neither by an answer nor by the time it takes. The
// classes are asked in random order over one connection that is kept open. The number of hashes is the hard figure; the
// statistics are asserted in the long form, on a machine that does little else, and only reported in the short one.
//
// Rate limits and account hints are off, as docs/configuration.md has it; everything else is as it comes, but for the price
// of a hash where it says so: a real one takes longer than everything else together and varies by more, so that with a
// cheap one the same number of pairs shows a difference ten times smaller.

const pairs = size('PAIRS', { long: 1000, short: 60 });
const asserted = !process.env.SHORT;
const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);
/** How often an address is tried with a wrong password: one more would lock it. */
const triesEach = 4;
const addressesEach = Math.ceil(pairs / triesEach) + 3;

const accountStates = ['active', 'suspended', 'unverified', 'provider'] as const;
const address = (who: string, index: number) => `${who}-${index}@example.com`;

const hashed = (parameters?: HashParameters): Promise<string> => {
  const lane = createHashingLane({ concurrency: 1, maxQueued: 1, deadlineMs: 10_000 });
  return createPasswordHasher({ algorithm: 'argon2id', lane }, parameters).hash(goodPassword);
};

/** People of every state, through the import of the product: one hash for all, made as the server makes it. */
const people = async (): Promise<string> => {
  const passwordHash = await hashed();
  const line = (who: string, index: number) => {
    const verified = who !== 'unverified';
    const status = who === 'suspended' ? 'suspended' : verified ? 'active' : 'pending';
    const own = { email: address(who, index), email_verified: verified, name: 'Ada Lovelace', status };
    return who === 'provider'
      ? { ...own, connections: [{ provider: 'google', issuer: 'https://accounts.google.com', subject: `subject-${index}` }] }
      : { ...own, password_hash: passwordHash };
  };
  const kinds = [...accountStates, 'locked'];
  return kinds.flatMap((who) => range(addressesEach).map((index) => JSON.stringify(line(who, index)))).join('\n');
};

/** One kind of request, and who it is made for: the first is what the others are compared with. */
type Question = {
  name: string;
  node: Node;
  path: string;
  classes: Record<string, (index: number) => unknown>;
};

const wrong = 'not the password of anybody';

/** What an outsider can compare: everything but the time and the ids that are new in every answer. */
const visible = ({ status, text, headers }: Reply) => {
  const { date: _, 'x-request-id': __, ...compared } = headers;
  const unlike = /[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}|\d{4}-\d\d-\d\dT[\d:.]+Z/g;
  return { status, text: text.replaceAll(unlike, '…'), headers: compared };
};

const openHouse = async (hashes: 'real' | 'cheap') => {
  const settings: Record<string, string> = { ...(await openStores('SQLite')), HASHES: hashes, TEGATA_ACCOUNT_HINTS: 'off' };
  const file = join(settings.TEGATA_DATA_DIR as string, 'people.ndjson');
  await writeFile(file, await people());
  const { HASHES: _, ...forCommand } = settings;
  for (const command of [['migrate'], ['users', 'import', file]]) {
    const { code, stdout, stderr } = await runTegata(command, forCommand);
    if (code !== 0) throw new Error(`${command[0]} ended with ${code}: ${stdout}${stderr}`);
  }
  if (hashes === 'cheap') {
    // An import would wrap such a hash in a dear one.
    const database = new DatabaseSync(join(settings.TEGATA_DATA_DIR as string, 'tegata.db'));
    const cheap = await hashed({ argon2: { memoryKiB: 64, passes: 1 }, bcryptCost: 4 });
    database.prepare('update password_credentials set password_hash = ?').run(cheap);
    database.close();
  }
  return { settings, client: createClient(1) };
};

/** Classes in random order, one after the other, over the one connection. */
const timed = async (client: Client, { node, path, classes }: Question, rounds: number, offset: number) => {
  const random = seededRandom(seed);
  const times: Record<string, number[]> = Object.fromEntries(Object.keys(classes).map((name) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    const order = Object.entries(classes)
      .map((entry) => ({ entry, rank: random() }))
      .sort((a, b) => a.rank - b.rank);
    for (const {
      entry: [name, body],
    } of order) {
      const startedAt = performance.now();
      await client.post(node, path, body(offset + round));
      times[name]?.push(performance.now() - startedAt);
    }
  }
  return times;
};

const inWords = ({ t, effectMs, medianMs, n }: Comparison) =>
  `t ${t.toFixed(1)}, effect ${effectMs.toFixed(3)} ms, medians ${medianMs.toFixed(3)} ms, n ${n}`;

/** Asks so many times that nothing is cold, and compares answers and hashes on the way. */
const comparedAnswers = async (client: Client, { name, node, path, classes }: Question) => {
  const differing: string[] = [];
  let hashed: number | undefined;
  let answer: ReturnType<typeof visible> | undefined;
  for (let index = 0; index < 3; index += 1) {
    for (const [who, body] of Object.entries(classes)) {
      const before = await node.hashes();
      const seen = visible(await client.post(node, path, body(index)));
      const hashes = (await node.hashes()) - before;
      answer ??= seen;
      hashed ??= hashes;
      if (hashes !== hashed) differing.push(`${name}, ${who}: ${hashes} hashes instead of ${hashed}`);
      if (JSON.stringify(seen) !== JSON.stringify(answer)) {
        differing.push(`${name}, ${who}: ${JSON.stringify(seen)} instead of ${JSON.stringify(answer)}`);
      }
    }
  }
  return { differing, hashed, status: answer?.status };
};

const asked = async (client: Client, part: string, question: Question, rounds = pairs) => {
  const answers = await comparedAnswers(client, question);
  const times = await timed(client, question, rounds, 3);
  const [base = [], ...others] = Object.values(times);
  const comparisons = Object.keys(question.classes)
    .slice(1)
    .map((who, index) => ({ who, ...compare(base, others[index] ?? []) }));
  const largest = Math.max(...comparisons.map(({ t }) => Math.abs(t)));
  figure({
    row: 'enumeration',
    part,
    tried: rounds * comparisons.length,
    failed: answers.differing.length,
    detail: `${answers.status} and ${answers.hashed} hashes for all of ${Object.keys(question.classes).join(', ')}; against ${Object.keys(question.classes)[0]}: ${comparisons.map((one) => `${one.who} ${inWords(one)}`).join('; ')}; SEED=${seed}`,
    reached: answers.differing.length === 0 && largest < 4.5,
  });
  expect(answers.differing).toEqual([]);
  if (asserted) expect(largest, JSON.stringify(comparisons)).toBeLessThan(4.5);
  return comparisons;
};

/** Each address is tried four times: a fifth failure would lock it, and the lock is a question of its own. */
const tried = (who: string) => (index: number) => ({
  email: address(who, index < 3 ? index : 3 + Math.floor((index - 3) / triesEach)),
  password: wrong,
});

test('a log-in tells nobody whether there is an account (standard)', { timeout: 600_000 }, async () => {
  const { settings, client } = await openHouse('real');
  const node = await startNode(settings);
  const path = '/api/v1/auth/login';
  const classes = { unknown: tried('unknown'), active: tried('active') };
  await asked(client, 'log-in, standard', { name: 'log-in', node, path, classes });

  for (const who of ['locked', 'nobody']) {
    for (let failures = 0; failures < 5; failures += 1) {
      await client.post(node, path, { email: address(who, 0), password: wrong });
    }
  }
  await asked(client, 'log-in while locked, standard', {
    name: 'log-in while locked',
    node,
    path,
    classes: {
      unknown: () => ({ email: address('nobody', 0), password: wrong }),
      known: () => ({ email: address('locked', 0), password: wrong }),
      'right password': () => ({ email: address('locked', 0), password: goodPassword }),
    },
  });
});

test('a log-in tells nobody whether there is an account, or in which state, in a sharper light (standard)', {
  timeout: 600_000,
}, async () => {
  const { settings, client } = await openHouse('cheap');
  const node = await startNode(settings);
  const classes = Object.fromEntries(['unknown', ...accountStates].map((who) => [who, tried(who)]));
  await asked(client, 'log-in, standard, cheap hash', { name: 'log-in', node, path: '/api/v1/auth/login', classes });
});

// The other doors come to the same use case. With a cheap hash nothing that they do themselves can hide in its noise; and an
// import would wrap such a hash in a dear one, so these people register.
test('a log-in tells nobody whether there is an account at the other doors (cookie, bearer, organization)', {
  timeout: 600_000,
}, async () => {
  const settings = { ...(await openStores('SQLite')), HASHES: 'cheap', TEGATA_ACCOUNT_HINTS: 'off' };
  const client = createClient(1);
  const registrar = await startNode(settings);
  for (const [door, path] of [
    ['cookie', '/auth/signin'],
    ['bearer', '/api/auth/login'],
    ['organization', '/api/auth/login'],
  ] as const) {
    const node = await startNode({ ...settings, TEGATA_CONTRACTS: `standard,${door}` });
    for (const index of range(addressesEach)) await registered(client, registrar, address(`active-${door}`, index));
    const classes = { unknown: tried(`unknown-${door}`), known: tried(`active-${door}`) };
    await asked(client, `log-in, ${door}, cheap hash`, { name: 'log-in', node, path, classes });
  }
});

test('asking for mail tells nobody either (every contract that has the call)', { timeout: 600_000 }, async () => {
  const { settings, client } = await openHouse('cheap');
  const node = await startNode(settings);
  const organization = await startNode({ ...settings, TEGATA_CONTRACTS: 'organization' });
  const email = (who: string) => () => ({ email: address(who, 0) });
  const classes = Object.fromEntries(['unknown', ...accountStates].map((who) => [who, email(who)]));
  const calls: [string, Node, string][] = [
    ['forgot, standard', node, '/api/v1/auth/password/forgot'],
    ['resend, standard', node, '/api/v1/auth/email/resend'],
    ['forgot, cookie', node, '/auth/forgot-password'],
    ['forgot, organization', organization, '/api/auth/password-reset/request'],
  ];
  for (const [name, at, path] of calls) await asked(client, name, { name, node: at, path, classes });
});

test('with hints off a registration tells nobody whether the address is taken', { timeout: 600_000 }, async () => {
  const { settings, client } = await openHouse('cheap');
  const node = await startNode(settings);
  const body = (email: string) => ({ email, password: 'the password of a stranger', name: 'Mallory' });
  await asked(client, 'register with hints off, standard, cheap hash', {
    name: 'register',
    node,
    path: '/api/v1/auth/register',
    classes: {
      free: (index) => body(address('new', index)),
      taken: (index) => body(address('active', index % addressesEach)),
      pending: (index) => body(address('unverified', index % addressesEach)),
    },
  });
});

test('the instrument sees what it must: without the dummy hash, and with hints on', { timeout: 600_000 }, async () => {
  const rounds = size('CONTROL_PAIRS', { long: 300, short: 40 });
  const { settings, client } = await openHouse('real');
  const quick = await startNode({ ...settings, DUMMY_HASH: 'off' });
  const logIn = { name: 'control', node: quick, path: '/api/v1/auth/login' };
  const classes = { unknown: tried('unknown'), known: tried('active') };
  expect((await comparedAnswers(client, { ...logIn, classes })).differing.join()).toContain('1 hashes instead of 0');
  const withoutDummy = await timed(client, { ...logIn, classes }, rounds, 3);
  const telling = await startNode({ ...settings, TEGATA_ACCOUNT_HINTS: 'on' });
  const register = (who: string) => (index: number) => ({
    email: address(who, who === 'active' ? index % addressesEach : index),
    password: 'the password of a stranger',
    name: 'Mallory',
  });
  const question = { name: 'control', node: telling, path: '/api/v1/auth/register' };
  const hinted = { taken: register('active'), free: register('control') };
  const withHints = await timed(client, { ...question, classes: hinted }, rounds, 0);

  const seen = [
    compare(withoutDummy.unknown ?? [], withoutDummy.known ?? []),
    compare(withHints.taken ?? [], withHints.free ?? []),
  ];
  const least = asserted ? 50 : 4.5;
  figure({
    row: 'enumeration',
    part: 'positive control',
    tried: rounds * seen.length,
    failed: seen.filter(({ t }) => t < least).length,
    detail: `log-in without the dummy hash: ${inWords(seen[0] as Comparison)}; register with hints on: ${inWords(seen[1] as Comparison)}`,
    reached: seen.every(({ t }) => t >= least),
  });
  for (const { t } of seen) expect(t).toBeGreaterThan(least);
});
