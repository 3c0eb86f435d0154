import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPostgres } from '../test/services/postgres.ts';
import { startRedis } from '../test/services/redis.ts';
import { preparePeople } from './people.ts';
import { runLoad, startTegata } from './processes.ts';
import { median } from './table.ts';

// `npm run bench:stores`: session checks and refreshes over each kind of store, one process and two, for docs/scaling.md.
// The stores are durable, and on the same machine as the server and the load: the proportions count, not the figures.

const people = 6_000;
const rounds = 3;
const folder = mkdtempSync(join(tmpdir(), 'tegata-bench-'));
const postgres = await startPostgres({ durable: true });
const redis = await startRedis();

try {
  await postgres.query('create database with_redis');
  const kinds: [name: string, settings: Record<string, string>][] = [
    ['SQLite', {}],
    ['PostgreSQL', { DATABASE_URL: postgres.url() }],
    ['PostgreSQL and Redis', { DATABASE_URL: postgres.url('with_redis'), REDIS_URL: redis.url }],
  ];
  for (const [name, stores] of kinds) {
    const own = { TEGATA_DATA_DIR: join(folder, name), TEGATA_SECRET: 'Bench-only-0123456789-abcdefghijklmnopqr' };
    const peopleFile = join(folder, `${name}.json`);
    await preparePeople({ ...own, ...stores }, people, peopleFile);
    for (const workers of ['1', '2']) {
      const server = await startTegata({ ...own, ...stores, TEGATA_WORKERS: workers, TEGATA_RATE_LIMITS: 'off' });
      const load = async (kind: 'me' | 'refresh', round: number) => {
        const from = Math.floor((people / 2 / (rounds + 1)) * round) + (workers === '2' ? people / 2 : 0);
        const share = Math.floor(people / 2 / (rounds + 1));
        const plan = { port: server.port, peopleFile, peopleFrom: from, peopleCount: share, connections: 32, seconds: 3 };
        const { answers, statuses, perSecond } = await runLoad({ ...plan, kind });
        if (statuses[200] !== answers) throw new Error(`expected only 200, got ${JSON.stringify(statuses)}`);
        return perSecond;
      };
      try {
        const figures = { me: [] as number[], refresh: [] as number[] };
        for (const kind of ['me', 'refresh'] as const) {
          // The first round warms up.
          for (let round = 0; round <= rounds; round += 1) {
            const perSecond = await load(kind, round);
            if (round > 0) figures[kind].push(perSecond);
          }
        }
        const shown = [figures.me, figures.refresh].map((all) => Math.round(median(all)));
        console.log(`${name}, ${workers} process(es): session check ${shown[0]}/s, refresh ${shown[1]}/s`);
      } finally {
        await server.stop();
      }
    }
  }
} finally {
  await redis.stop();
  await postgres.remove();
  rmSync(folder, { recursive: true, force: true });
}
