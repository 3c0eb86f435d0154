import { setTimeout as sleep } from 'node:timers/promises';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { expect, onTestFinished, test, vi } from 'vitest';
import { figure } from '../scorecard/figure.ts';
import { size } from '../scorecard/size.ts';
import { runTegata, type ServerProcess, startServerProcess, temporaryFolder } from '../server-process.ts';

// Two servers over one database, as a balancer sees them, while people use them without a pause: they are moved to
// another algorithm, their keys are replaced, and then their secret is, one server after the other. Nobody may notice.
// ROUNDS sets how often a key is replaced at once, ROUND_SECONDS how quickly.

// Fifteen servers are started one after the other, each in its own process.
vi.setConfig({ testTimeout: 900_000 });

const rounds = size('ROUNDS', { long: 10, short: 3 });
const roundSeconds = size('ROUND_SECONDS', { long: 6, short: 4 });
const people = 6;
const secrets = ['kN3v7Xq1T9sZ4bR8wL2yH6mC0pD5gJfA', 'pD5gJfAkN3v7Xq1T9sZ4bR8wL2yH6mC0'] as const;
const password = 'correct horse battery';

type Node = { server: ServerProcess; inHand: number };
type Person = { email: string; accessToken: string; refreshToken: string; refreshedAt: number };

test('S2.118 keys, algorithm and secret change under load, on two servers one after the other: 0 failed requests', async () => {
  const dataDir = await temporaryFolder();
  let settings: Record<string, string> = { TEGATA_DATA_DIR: dataDir, TEGATA_SECRET: secrets[0], TEGATA_KEY_PUBLISH_AHEAD: '10s' };
  const start = async (): Promise<Node> => ({ server: await startServerProcess(settings), inHand: 0 });
  const nodes = [await start(), await start()];
  const counts = { requests: 0, failed: 0, verifiedByJose: 0 };
  const failures: string[] = [];
  const kids = new Set<string>();
  const latencies: number[] = [];

  /** Through the balancer, to any server that takes requests. */
  const send = async (method: string, path: string, options: { token?: string; body?: object } = {}) => {
    const node = nodes[Math.floor(Math.random() * nodes.length)] as Node;
    node.inHand += 1;
    const startedAt = performance.now();
    try {
      const response = await fetch(node.server.url + path, {
        method,
        headers: {
          ...(options.token ? { authorization: `Bearer ${options.token}` } : {}),
          ...(options.body ? { 'content-type': 'application/json' } : {}),
        },
        ...(options.body ? { body: JSON.stringify(options.body) } : {}),
      });
      const text = await response.text();
      counts.requests += 1;
      if (response.status >= 300) {
        counts.failed += 1;
        failures.push(`${method} ${path} ${response.status} ${text}`);
      }
      return JSON.parse(text);
    } finally {
      latencies.push(performance.now() - startedAt);
      node.inHand -= 1;
    }
  };

  const keep = (person: Omit<Person, 'accessToken' | 'refreshToken' | 'refreshedAt'>, data: Record<string, string>): Person => {
    kids.add(kidOf(data.access_token ?? ''));
    return { ...person, accessToken: data.access_token ?? '', refreshToken: data.refresh_token ?? '', refreshedAt: Date.now() };
  };
  const logIn = async (email: string) =>
    keep({ email }, (await send('POST', '/api/v1/auth/login', { body: { email, password, token_transport: 'body' } })).data);

  const crowd: Person[] = [];
  for (let index = 0; index < people; index += 1) {
    const email = `person-${index}@example.com`;
    await send('POST', '/api/v1/auth/register', { body: { email, password, name: 'Ada' } });
    const activated = await runTegata(['users', 'activate', email], settings);
    expect(activated.code, activated.stderr).toBe(0);
    crowd.push(await logIn(email));
  }

  let stopped = false;
  let paused = false;
  const use = async (index: number) => {
    for (let turn = 0; !stopped; turn += 1) {
      const person = crowd[index] as Person;
      if (turn % 50 === 49) crowd[index] = await logIn(person.email);
      else if (turn % 5 === 4) {
        const { data } = await send('POST', '/api/v1/auth/refresh', { body: { refresh_token: person.refreshToken } });
        if (data) crowd[index] = keep(person, data);
      } else await send('GET', '/api/v1/me', { token: person.accessToken });
      await sleep(5);
    }
  };
  const load = Promise.all(crowd.map((_, index) => use(index)));
  onTestFinished(() => {
    stopped = true;
  });

  /** One server after the other leaves the balancer, finishes what it has in hand, and comes back with the settings of now. */
  const roll = async (change: Record<string, string>) => {
    settings = { ...settings, ...change };
    for (let turn = 0; turn < 2; turn += 1) {
      const young = await start();
      const old = nodes.shift() as Node;
      nodes.push(young);
      while (old.inHand > 0) await sleep(5);
      expect(await old.server.stop()).toMatchObject({ code: 0 });
    }
    await everybodyRefreshes();
  };
  const everybodyRefreshes = async () => {
    const since = Date.now();
    while (crowd.some(({ refreshedAt }) => refreshedAt < since)) await sleep(20);
  };
  const keys = async (...args: string[]) => {
    const { code, stderr } = await runTegata(['keys', ...args], settings);
    expect(code, stderr).toBe(0);
  };

  await roll({ TEGATA_SIGNING_ALG: 'ES256' });

  // A resource server that keeps the list for as long as it may, and asks for it no earlier for a key it does not know.
  const verifyLikeAResourceServer = async () => {
    const list = createRemoteJWKSet(new URL(`${nodes[0]?.server.url}/.well-known/jwks.json`), {
      cacheMaxAge: 2_000,
      cooldownDuration: 600_000,
    });
    while (!paused && !stopped) {
      const token = (crowd[counts.verifiedByJose % people] as Person).accessToken;
      await jwtVerify(token, list, { issuer: 'tegata', audience: 'tegata-api', typ: 'at+jwt', algorithms: ['ES256'] });
      counts.verifiedByJose += 1;
      await sleep(10);
    }
  };
  const resourceServer = verifyLikeAResourceServer();
  const before = kids.size;
  await keys('rotate');
  while (kids.size === before) {
    await everybodyRefreshes();
  }
  await everybodyRefreshes();
  paused = true;
  await resourceServer;

  // A resource server that keeps the list for five minutes, and asks again for a key that it does not know.
  const fiveMinutes = createRemoteJWKSet(new URL(`${nodes[0]?.server.url}/.well-known/jwks.json`), {
    cacheMaxAge: 300_000,
    cooldownDuration: 0,
  });
  const turn = { verified: 0, refusedByOthers: 0, revoked: 0, revokedAccepted: 0 };
  const kidsBefore = kids.size;
  const requestsBefore = counts.requests;
  const failedBefore = counts.failed;
  for (let round = 0; round < rounds; round += 1) {
    const nextAt = performance.now() + roundSeconds * 1_000;
    const older = (crowd[round % people] as Person).accessToken;
    await keys('rotate', '--now');
    // Everybody has a token of the new key, and those of the former one are still good.
    while (kids.size === kidsBefore + round) await everybodyRefreshes();
    await everybodyRefreshes();
    for (const { accessToken } of [...crowd, { accessToken: older }]) {
      const asked = jwtVerify(accessToken, fiveMinutes, { issuer: 'tegata', audience: 'tegata-api', algorithms: ['ES256'] });
      await asked.then(
        () => (turn.verified += 1),
        () => (turn.refusedByOthers += 1),
      );
    }
    if (round % 2 === 0) {
      // Nobody holds a token of it any more, but whoever copied one.
      await keys('revoke', kidOf(older));
      turn.revoked += 1;
      await sleep(1_100);
      for (const { server } of nodes) {
        const answer = await fetch(`${server.url}/api/v1/me`, { headers: { authorization: `Bearer ${older}` } });
        if (answer.status === 200) turn.revokedAccepted += 1;
      }
    }
    while (performance.now() < nextAt) await sleep(10);
  }
  const made = kids.size - kidsBefore;
  const wrong = counts.failed - failedBefore + turn.refusedByOthers + turn.revokedAccepted + Math.abs(made - rounds);
  figure({
    row: 'key-rotation',
    part: 'two processes on SQLite',
    tried: counts.requests - requestsBefore + turn.verified + 2 * turn.revoked,
    failed: wrong,
    detail:
      `${rounds} rotations in ${rounds * roundSeconds} s, ${made} keys made; ${counts.failed - failedBefore} of ${counts.requests - requestsBefore} requests refused, ` +
      `${turn.refusedByOthers} of ${turn.verified + turn.refusedByOthers} tokens refused by a client that keeps the list for five minutes, ` +
      `${turn.revokedAccepted} of ${2 * turn.revoked} tokens of revoked keys accepted after a second`,
    reached: wrong === 0,
  });
  expect({ made, ...turn }).toMatchObject({ made: rounds, refusedByOthers: 0, revokedAccepted: 0 });
  await roll({ TEGATA_SECRET_PREVIOUS: secrets[1] });
  await roll({ TEGATA_SECRET: secrets[1], TEGATA_SECRET_PREVIOUS: secrets[0] });
  await roll({ TEGATA_SECRET_PREVIOUS: '' });
  await roll({ TEGATA_SIGNING_ALG: 'EdDSA' });
  await roll({ TEGATA_SIGNING_ALG: 'HS256' });
  stopped = true;
  await load;

  const sorted = latencies.toSorted((a, b) => a - b);
  const at = (share: number) => `${sorted[Math.floor(sorted.length * share)]?.toFixed(0)} ms`;
  // biome-ignore lint/suspicious/noConsole: the figures are what this test is read for.
  console.log(
    `key rotation: ${counts.requests} requests, ${counts.failed} failed; ${kids.size} keys signed; jose verified ${counts.verifiedByJose} tokens with a list it kept; p50 ${at(0.5)}, p99 ${at(0.99)}, worst ${at(0.99999)}`,
  );
  figure({
    row: 'rolling',
    part: 'two servers behind a balancer',
    tried: counts.requests,
    failed: counts.failed,
    detail:
      '12 servers replaced, each after it had finished what it had in hand, with new settings each time; no connection broke',
    reached: counts.failed === 0,
  });
  expect(failures).toEqual([]);
  // HS256 twice (two secrets), ES256 with its rotations, EdDSA.
  expect(kids.size).toBe(2 + (2 + rounds) + 1);
});

const kidOf = (token: string): string => JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()).kid;
