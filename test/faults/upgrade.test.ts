import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { expect, onTestFinished, test } from 'vitest';
import { createHashingLane } from '../../packages/server/src/adapters/hashing-lane.ts';
import { createPasswordHasher } from '../../packages/server/src/adapters/password-hasher.ts';
import { schemaState } from '../../packages/server/src/stores/sql/migrate.ts';
import { openDatabase } from '../../packages/server/src/stores/sql/sql-stores.ts';
import { figure } from '../scorecard/figure.ts';
import { size } from '../scorecard/size.ts';
import { type ServerProcess, spawnScript, startServerProcess, tegataFile, temporaryFolder } from '../server-process.ts';
import { startPostgres } from '../services/postgres.ts';
import { type EarlierRelease, earlierRelease, writePeople } from './earlier-release.ts';
import { seededRandom } from './seeded-random.ts';
import { sideBySide } from './side-by-side.ts';

// The release before made the database and serves. Today's comes beside it and migrates, the old one goes; and then all the
// way back. Meanwhile people log in, refresh, ask who they are, register and log out, at whichever process is there, and
// nobody may notice. DRILL_PEOPLE sets how many there are, DRILL_ANSWERS how long each stage lasts, SEED the choices.

const people = size('DRILL_PEOPLE', { long: 100_000, short: 5_000 });
const answersAStage = size('DRILL_ANSWERS', { long: 1_000, short: 200 });
const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);
const clients = 12;
const password = 'correct horse battery';

type Pair = { access: string; refresh: string };
type Node = { release: 'old' | 'new'; server: ServerProcess };

type Settings = Record<string, string>;
type Filled = { database: string; settings: Settings; filledMs: number };

/** Both by the release before: people come into a file, and from there go to PostgreSQL. */
const fill = async (earlier: EarlierRelease): Promise<Filled[]> => {
  const startedAt = performance.now();
  const run = async (settings: Settings, ...args: string[]) => {
    const { code, stdout, stderr } = await spawnScript(earlier.tegata, args, settings).finished;
    expect({ args, code }, stdout + stderr).toEqual({ args, code: 0 });
  };
  const ours = async (): Promise<Settings & { TEGATA_DATA_DIR: string }> => ({
    TEGATA_DATA_DIR: await temporaryFolder(),
    TEGATA_SECRET: 'bW9zdGx5IHJhbmRvbSBieXRlcyBmb3IgYSB0ZXN0IQ',
    TEGATA_URL: 'http://localhost:3000',
  });
  const lane = createHashingLane({ concurrency: 1, maxQueued: 1, deadlineMs: 60_000 });
  const hash = await createPasswordHasher({ algorithm: 'argon2id', lane }).hash(password);
  const file = join(await temporaryFolder(), 'people.ndjson');
  await writePeople(file, people, hash);
  const onFile = await ours();
  // Not every release has made the schema by itself when people come in.
  await run(onFile, 'migrate');
  await run(onFile, 'users', 'import', file);
  const fileFilledMs = performance.now() - startedAt;

  const postgres = await startPostgres();
  onTestFinished(postgres.remove);
  const onPostgres = { ...(await ours()), DATABASE_URL: postgres.url() };
  await run(onFile, 'transfer', '--from', `sqlite:${onFile.TEGATA_DATA_DIR}/tegata.db`, '--to', onPostgres.DATABASE_URL);
  return [
    { database: 'SQLite', settings: onFile, filledMs: fileFilledMs },
    { database: 'PostgreSQL', settings: onPostgres, filledMs: performance.now() - startedAt },
  ];
};

const openStage = (earlier: EarlierRelease, settings: Settings) => {
  const random = seededRandom(seed);
  const nodes: Node[] = [];
  const start = async (release: Node['release']): Promise<Node> => {
    const server = await startServerProcess(settings, {}, release === 'old' ? earlier.tegata : tegataFile);
    const node = { release, server };
    nodes.push(node);
    return node;
  };

  const answered = { old: 0, new: 0 };
  const kinds: Record<string, number> = {};
  const wrong: string[] = [];
  const underWay = new Map<Node, number>();
  let isOver = false;
  let registered = 0;

  /** One request to any process that a balancer would send it to. */
  const ask = async (kind: string, expected: number, path: string, { body, token }: { body?: unknown; token?: string } = {}) => {
    const node = nodes[Math.floor(random() * nodes.length)]!;
    underWay.set(node, (underWay.get(node) ?? 0) + 1);
    try {
      const response = await fetch(node.server.url + path, {
        method: body === undefined ? 'GET' : 'POST',
        headers: {
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await response.text();
      if (response.status !== expected) wrong.push(`${kind} at the ${node.release} one: ${response.status} ${text}`);
      answered[node.release] += 1;
      kinds[kind] = (kinds[kind] ?? 0) + 1;
      return response.status === expected ? JSON.parse(text).data : undefined;
    } catch (error) {
      wrong.push(`${kind} at the ${node.release} one: ${error}`);
      return undefined;
    } finally {
      underWay.set(node, underWay.get(node)! - 1);
    }
  };

  // One hash at a time: that a server refuses more of them than it can compute has nothing to do with the upgrade.
  let hashing: Promise<unknown> = Promise.resolve();
  const askWithHash: typeof ask = (...input) => {
    const answer = hashing.then(() => ask(...input));
    hashing = answer;
    return answer;
  };

  const logIn = async (email: string): Promise<Pair | undefined> => {
    const data = await askWithHash('log in', 200, '/api/v1/auth/login', { body: { email, password, token_transport: 'body' } });
    return data && { access: data.access_token, refresh: data.refresh_token };
  };

  const live = async (email: string) => {
    let pair = await logIn(email);
    while (!isOver && pair) {
      const chance = random();
      if (chance < 0.4) {
        const data = await ask('refresh', 200, '/api/v1/auth/refresh', { body: { refresh_token: pair.refresh } });
        pair = data && { access: data.access_token, refresh: data.refresh_token };
      } else if (chance < 0.9) {
        const data = await ask('session check', 200, '/api/v1/me', { token: pair.access });
        if (data && data.email !== email) wrong.push(`${email} was taken for ${data.email}`);
      } else if (chance < 0.95) {
        await ask('log out', 200, '/api/v1/auth/logout', { body: {}, token: pair.access });
        pair = await logIn(email);
      } else {
        registered += 1;
        const body = { email: `new-${registered}@example.com`, password, name: 'Ada' };
        await askWithHash('register', 201, '/api/v1/auth/register', { body });
      }
    }
  };

  const total = () => answered.old + answered.new;
  /** Until each of those that are there now has answered often. */
  const stage = async () => {
    const before = { ...answered };
    const releases = new Set(nodes.map(({ release }) => release));
    const isEnough = () =>
      total() - before.old - before.new >= answersAStage &&
      [...releases].every((release) => answered[release] - before[release] >= 20);
    while (!isEnough() && wrong.length === 0) await sleep(20);
  };
  /** As a balancer takes one out: nothing new goes there, what is under way is answered, then it is told to stop. */
  const retire = async (node: Node) => {
    nodes.splice(nodes.indexOf(node), 1);
    while ((underWay.get(node) ?? 0) > 0) await sleep(5);
    const { code, stdout } = await node.server.stop();
    expect({ code, errors: stdout.match(/^.*"level":"error".*$/gm) }).toEqual({ code: 0, errors: null });
  };
  const everybody = () =>
    Promise.all(
      Array.from({ length: clients }, (_, index) => live(`person-${Math.floor((index * people) / clients)}@example.com`)),
    );
  const end = () => {
    isOver = true;
  };
  return { start, stage, retire, everybody, end, answered, kinds, wrong, registered: () => registered };
};

test('today’s release beside the one before, over one database, and back: no request fails on SQLite nor on PostgreSQL', {
  timeout: 800_000,
}, async () => {
  const earlier = await earlierRelease();
  await sideBySide(await fill(earlier), async ({ database, settings, filledMs }) => {
    const { start, stage, retire, everybody, end, answered, kinds, wrong, registered } = openStage(earlier, settings);

    const old = await start('old');
    const living = everybody();
    let upgradeMs = 0;
    try {
      await stage();
      const upgradeAt = performance.now();
      const today = await start('new');
      upgradeMs = performance.now() - upgradeAt;
      await stage();
      await retire(old);
      await stage();
      // Back again: the release before serves on the schema of today's.
      const oldAgain = await start('old');
      await stage();
      await retire(today);
      await stage();
      end();
      await living;
      await retire(oldAgain);
    } finally {
      end();
      await living;
    }

    const url = settings.DATABASE_URL ?? `sqlite:${settings.TEGATA_DATA_DIR}/tegata.db`;
    const { db, close } = await openDatabase(url);
    const schema = await schemaState(db);
    const { rows } = await sql<{ n: number }>`select count(*) as n from users`.execute(db);
    await close();
    figure({
      row: 'upgrade',
      part: database,
      tried: answered.old + answered.new,
      failed: wrong.length,
      detail:
        `${people} people in a database that release ${earlier.commit} filled in ${(filledMs / 1000).toFixed(0)} s (newest migration there ${earlier.migrations.at(-1)}); ` +
        `the new process started and migrated in ${(upgradeMs / 1000).toFixed(1)} s; answers by the old release ${answered.old}, by the new one ${answered.new}: ` +
        `${Object.entries(kinds)
          .map(([kind, count]) => `${kind} ${count}`)
          .join(', ')}; SEED=${seed}`,
      reached: wrong.length === 0,
    });
    expect(wrong).toEqual([]);
    expect(schema).toEqual({ missing: [], unknown: [] });
    expect(Number(rows[0]?.n)).toBe(people + registered());
  });
});
