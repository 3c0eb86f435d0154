import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg } from 'node:os';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { measureLogIn, measureLogInBesidePeer } from './measure-log-in.ts';
import { measureRequests, type Wanted } from './measure-requests.ts';
import { measureScaleOut } from './measure-scale-out.ts';
import { measureStart } from './measure-start.ts';
import { measureStorm } from './measure-storm.ts';
import { measureVerification } from './measure-verification.ts';
import { peerVersion } from './peer-installed.ts';
import type { Result } from './results-file.ts';
import { closeStores, type StoreId, storeNames } from './stores.ts';
import { printTable } from './table.ts';
import { cleanUp, details, isQuick, lanes, people, rows } from './workbench.ts';

// `npm run bench [-- row … store …]`: what README.md beside this file describes.

const rowNames = ['me', 'refresh', 'peer', 'memory', 'log-in', 'storm', 'start', 'scale', 'verify'] as const;
type RowName = (typeof rowNames)[number];

const asked = process.argv.slice(2).filter((word) => word !== 'quick');
const unknown = asked.find((word) => !rowNames.includes(word as RowName) && !(word in storeNames));
if (unknown) {
  console.error(`There is no row "${unknown}". Rows: ${rowNames.join(' ')}. Stores: ${Object.keys(storeNames).join(' ')}.`);
  process.exit(1);
}
const isWhole = asked.length === 0;
const rowsAsked = rowNames.filter((name) => asked.includes(name));
const storesAsked = (Object.keys(storeNames) as StoreId[]).filter((id) => asked.includes(id));
const isWanted = (name: RowName) => rowsAsked.length === 0 || rowsAsked.includes(name);
const stores = storesAsked.length === 0 ? (Object.keys(storeNames) as StoreId[]) : storesAsked;

const [loadBefore = 0] = loadavg();
const machine = {
  cores: availableParallelism(),
  model: cpus()[0]?.model ?? 'unknown processor',
  node: process.version,
  platform: process.platform,
  loadBefore,
};

const resultFile = fileURLToPath(new URL(`./results/${new Date().toISOString().slice(0, 10)}.json`, import.meta.url));

/**
 * After each measurement, so that a run that is broken off has not been for nothing. Rows that were measured earlier today
 * stay, unless all are measured again.
 */
const keepResult = (peer: string | undefined) => {
  if (isQuick) return;
  const before: Partial<Result> = existsSync(resultFile) && !isWhole ? JSON.parse(readFileSync(resultFile, 'utf8')) : {};
  const known = before.rows ?? [];
  const ids = new Set([...known, ...rows].map(({ id }) => id));
  const result: Result = {
    date: new Date().toISOString(),
    machine: { ...machine, loadBefore: Math.max(loadBefore, before.machine?.loadBefore ?? 0) },
    peer: peer === undefined ? (before.peer ?? 'without better-auth') : `better-auth ${peer}`,
    hashConcurrency: lanes,
    people,
    rows: [...ids].flatMap((id) => rows.find((row) => row.id === id) ?? known.find((row) => row.id === id) ?? []),
    details: { ...before.details, ...details },
  };
  mkdirSync(dirname(resultFile), { recursive: true });
  writeFileSync(resultFile, `${JSON.stringify(result, null, 2)}\n`);
};

const closeAll = async () => {
  await cleanUp();
  await closeStores();
};
// Broken off, a run leaves nothing behind.
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    void closeAll().finally(() => process.exit(1));
  });
}

try {
  console.log(`${machine.cores} x ${machine.model}, Node ${machine.node}, ${lanes} hashes at once`);
  if (loadBefore > 0.7) {
    console.log(`! The machine is busy (load ${loadBefore.toFixed(1)}): look at ratios only, and run it again when it is quiet.`);
  }
  const peer = isWanted('peer') ? peerVersion() : undefined;
  const withPeer = peer !== undefined;
  const wanted: Wanted = {
    me: isWanted('me') || withPeer,
    refresh: isWanted('refresh'),
    memory: isWanted('memory'),
    peer: withPeer,
  };
  const isAsked = (id: StoreId) => wanted.me || wanted.refresh || (wanted.memory && id === 'sqlite');
  const steps: (false | (() => Promise<void>))[] = [
    ...stores.filter(isAsked).map((id) => () => measureRequests(id, wanted)),
    isWanted('scale') && measureScaleOut,
    isWanted('log-in') && measureLogIn,
    withPeer && measureLogInBesidePeer,
    isWanted('storm') && measureStorm,
    isWanted('start') && measureStart,
    isWanted('verify') && measureVerification,
  ];
  for (const step of steps) {
    if (!step) continue;
    await step();
    keepResult(peer);
  }
  printTable(rows);
} finally {
  await closeAll();
}
