import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { type Person, preparePeople } from '../../bench/people.ts';
import { childrenOf, isRunning } from '../child-processes.ts';
import { figure } from '../scorecard/figure.ts';
import { size } from '../scorecard/size.ts';
import { type ServerProcess, startServerProcess, temporaryFolder } from '../server-process.ts';

// Several workers behind one port under load: people who refresh without a pause while workers are killed, replaced and
// stopped. A lost answer is asked for again with the same refresh token, as an honest client does.

const people = 8;

type Load = {
  answers: number;
  /** Connections that broke or were refused. */
  broken: number;
  /** Anything but 200. */
  refused: string[];
  /** The longest that one person waited for an answer or an error. */
  longestMs: number;
  stop: () => Promise<void>;
};

const startLoad = (url: string, everybody: Person[], keepAlive: boolean): Load => {
  let running = true;
  const load: Load = { answers: 0, broken: 0, refused: [], longestMs: 0, stop: async () => {} };
  const refreshOnAndOn = async (person: Person) => {
    while (running) {
      const askedAt = performance.now();
      try {
        const answer = await fetch(`${url}/api/v1/auth/refresh`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', ...(!keepAlive && { connection: 'close' }) },
          body: JSON.stringify({ refresh_token: person.refreshToken }),
        });
        const body = (await answer.json()) as { data: { refresh_token: string } };
        if (answer.status === 200) {
          person.refreshToken = body.data.refresh_token;
          load.answers += 1;
        } else load.refused.push(`${answer.status} ${JSON.stringify(body)}`);
      } catch (error) {
        // `fetch` rejects with a TypeError when the connection broke.
        if (!(error instanceof TypeError)) throw error;
        load.broken += 1;
      }
      load.longestMs = Math.max(load.longestMs, performance.now() - askedAt);
    }
  };
  const all = Promise.all(everybody.map(refreshOnAndOn));
  load.stop = async () => {
    running = false;
    await all;
  };
  return load;
};

const startUnderLoad = async (options: { keepAlive: boolean; settings?: Record<string, string> }) => {
  const dataDir = await temporaryFolder();
  const settings = {
    TEGATA_DATA_DIR: dataDir,
    TEGATA_WORKERS: '2',
    LOG_LEVEL: 'info',
    TEGATA_SECRET: 'Only4Tests-0123456789-abcdefghijklmnop',
    ...options.settings,
  };
  await preparePeople({ TEGATA_DATA_DIR: dataDir, TEGATA_SECRET: settings.TEGATA_SECRET }, people, `${dataDir}/people.json`);
  const server = await startServerProcess(settings);
  const load = startLoad(server.url, JSON.parse(readFileSync(`${dataDir}/people.json`, 'utf8')), options.keepAlive);
  const workers = () => childrenOf(server.child.pid!);
  const moreAnswers = async (count: number) => {
    const enough = load.answers + count;
    await expect.poll(() => load.answers, { timeout: 60_000 }).toBeGreaterThan(enough);
  };
  return { server, load, workers, moreAnswers };
};

const logged = (server: ServerProcess, message: string): Record<string, unknown>[] =>
  server
    .stdout()
    .split('\n')
    .filter((line) => line.startsWith('{') && line.includes(message))
    .map((line) => JSON.parse(line));

const serving = (server: ServerProcess) => logged(server, '"worker serves"').length;

test('kill -9: what the worker had in hand may break, nobody is left waiting or signed out, and a new worker serves', async () => {
  const kills = size('WORKER_KILLS', { long: 4, short: 2 });
  const { server, load, workers, moreAnswers } = await startUnderLoad({ keepAlive: false });
  for (let killed = 0; killed < kills; killed += 1) {
    await moreAnswers(20);
    const [victim] = workers();
    process.kill(victim!, 'SIGKILL');
    await expect.poll(() => serving(server), { timeout: 60_000 }).toBe(2 + killed + 1);
  }
  const brokenUntilNow = load.broken;
  await moreAnswers(50);
  await load.stop();
  expect(load.broken).toBe(brokenUntilNow);
  expect(load.refused).toEqual([]);
  // For each kill at most what every person had asked for, and the one connection that was being handed over.
  expect(load.broken).toBeLessThanOrEqual(kills * people);
  expect(load.longestMs).toBeLessThan(30_000);
  expect(workers()).toHaveLength(2);
  // biome-ignore lint/suspicious/noConsole: the figures are part of what this test is for.
  console.info(
    `${kills} kills: ${load.answers} answers, ${load.broken} broken requests, longest wait ${load.longestMs.toFixed(0)} ms`,
  );
  const pauses = logged(server, 'another one takes its place').map(({ restartInMs }) => restartInMs as number);
  expect(pauses).toHaveLength(kills);
  expect(pauses.every((ms) => [0, 100, 200, 400, 800, 1600, 3200, 6400, 12800].includes(ms))).toBe(true);
  expect(await server.stop()).toMatchObject({ code: 0 });
});

test('the same worker killed again and again is started after longer and longer pauses', async () => {
  const server = await startServerProcess({ TEGATA_DATA_DIR: await temporaryFolder(), TEGATA_WORKERS: '2', LOG_LEVEL: 'info' });
  const [steady] = childrenOf(server.child.pid!);
  const pausesSeen = [100, 200, 400, 800, 1_600].slice(0, size('WORKER_DEATHS', { long: 5, short: 3 }));
  for (let killed = 0; killed < pausesSeen.length; killed += 1) {
    const victim = childrenOf(server.child.pid!).find((pid) => pid !== steady);
    process.kill(victim!, 'SIGKILL');
    await expect.poll(() => serving(server), { timeout: 60_000 }).toBe(3 + killed);
  }
  const pauses = logged(server, 'another one takes its place').map(({ restartInMs }) => restartInMs);
  expect(pauses).toEqual(pausesSeen);
});

test('SIGUSR2 replaces the workers one by one, and no request fails', async () => {
  const { server, load, workers, moreAnswers } = await startUnderLoad({ keepAlive: true });
  const before = workers();
  await moreAnswers(20);
  const rounds = size('REPLACEMENTS', { long: 5, short: 1 });
  for (let round = 0; round < rounds; round += 1) {
    const replaced = logged(server, '"worker replaced"').length;
    server.child.kill('SIGUSR2');
    await expect.poll(() => logged(server, '"worker replaced"').length, { timeout: 120_000 }).toBe(replaced + 2);
    await moreAnswers(20);
  }
  await load.stop();
  const failed = load.broken + load.refused.length;
  figure({
    row: 'rolling',
    part: 'workers of one server',
    tried: load.answers + failed,
    failed,
    detail: `${2 * rounds} workers replaced; ${load.broken} connections broke, ${load.refused.length} refused`,
    reached: failed === 0,
  });
  expect({ broken: load.broken, refused: load.refused }).toEqual({ broken: 0, refused: [] });
  expect(workers()).toHaveLength(2);
  expect(workers().filter((pid) => before.includes(pid))).toEqual([]);
});

test('SIGTERM: who stops asking when the server says that it stops loses nothing, and no process stays', async () => {
  const { server, load, workers, moreAnswers } = await startUnderLoad({
    keepAlive: true,
    settings: {
      NODE_ENV: 'production',
      HOST: '127.0.0.1',
      TEGATA_URL: 'https://auth.example.com',
      SMTP_URL: 'smtp://127.0.0.1:9',
    },
  });
  await moreAnswers(50);
  const running = workers();
  const stopped = server.stop();
  await expect.poll(async () => (await fetch(`${server.url}/health/ready`)).status).toBe(503);
  await load.stop();
  expect(await stopped).toMatchObject({ code: 0, signal: null });
  expect({ broken: load.broken, refused: load.refused }).toEqual({ broken: 0, refused: [] });
  expect(running.filter(isRunning)).toEqual([]);
});

test('a primary that is killed leaves no worker behind, and what the workers had in hand is answered', async () => {
  const { server, load, workers, moreAnswers } = await startUnderLoad({ keepAlive: true });
  await moreAnswers(20);
  const running = workers();
  await server.kill();
  await expect.poll(() => running.filter(isRunning), { timeout: 30_000 }).toEqual([]);
  await load.stop();
  expect(load.refused).toEqual([]);
});
