/**
 * Moves everything from one database to another. The source is closed to writers meanwhile. How far it got is seen from
 * the target itself: each table is filled in the order of its key, so that a count says where to go on after a crash. At
 * the end both are read in full and compared. Live sessions may go to another store, which knows those it has already.
 */
import { isLive, type Session } from '@tegata/core';
import type { Kysely } from 'kysely';
import type { Database } from '../database.ts';
import { migrateToLatest, schemaState } from '../migrate.ts';
import { toSession } from '../sessions.ts';
import { createSum, isSame, type Sum } from './checksum.ts';
import { batches, countRows, keyAt, rowAdder, sumOf } from './rows.ts';
import { openSource, openTarget, type Side, TransferError } from './sides.ts';
import { type Table, tablesToMove } from './tables.ts';

export type TransferOptions = {
  from: string;
  to: string;
  /** Looks at both and writes nothing. */
  dryRun?: boolean;
  batchRows?: number;
  /** Told in words what is going on. */
  report: (text: string) => void;
  /** Where the target keeps its sessions outside of its tables: the live ones go there, after the tables are complete. */
  sessionsTo?: SessionsElsewhere | undefined;
};

export type SessionsElsewhere = {
  /** Takes over those that it does not have, as they are. Returns how many that were. */
  adopt: (sessions: readonly Session[], now: number) => Promise<number>;
};

/** `there`: had been there already, from an interrupted transfer, and stayed as they were. */
export type SessionsMoved = { live: number; there: number; notLive: number };

export type Transferred = { tables: Moved[]; sessions: SessionsMoved | undefined };

export type Moved = { table: string; source: Sum; target: Sum; isSame: boolean };

/** How many rows of each table were there already, from a transfer that was interrupted. */
type Found = { table: Table; inSource: number; inTarget: number; prefix: Sum };

export const transfer = async (options: TransferOptions): Promise<Transferred> => {
  const { report, dryRun = false, batchRows: size = 1_000, sessionsTo } = options;
  const everyTable = await tablesToMove();
  const sessionTable = everyTable.find(({ name }) => name === 'sessions')!;
  // The table would be wrong from the first rotation elsewhere, and right again for nobody who returned to it.
  const tables = everyTable.filter((table) => !sessionsTo || table !== sessionTable);
  const source = await openSource(options.from, { isClosed: !dryRun });
  try {
    return await source.reading(async (from) => {
      await refuseOtherSchema(source, from);
      const countSessions = () => (sessionsTo ? moveSessions(from, sessionTable, size) : undefined);
      const target = await openTarget(options.to, { create: !dryRun });
      if (!target) {
        report('The target does not exist yet.');
        return { tables: await countOnly(from, tables), sessions: await countSessions() };
      }
      try {
        if (!dryRun) await migrate(target);
        const { db } = target.database;
        if (dryRun && (await schemaState(db)).missing.length > 0) {
          report('The target has no schema yet, or an older one; the transfer brings it up to date.');
          return { tables: await countOnly(from, tables), sessions: await countSessions() };
        }
        await refuseOtherSchema(target, db);
        if (sessionsTo) await refuseSessionsInTable(target, sessionTable);
        const found = [];
        for (const table of tables) found.push(await compareBeginning({ source, from, target, table, size }));
        const already = found.reduce((sum, { inTarget }) => sum + inTarget, 0);
        if (already > 0) report(`${already} rows are there already, from an interrupted transfer: going on behind them.`);
        if (dryRun) {
          const plans = found.map(({ table, inSource, prefix }) => planned(table, inSource, prefix));
          return { tables: plans, sessions: await countSessions() };
        }

        const moved: Moved[] = [];
        for (const one of found) moved.push(await moveTable({ ...one, source, from, target, size, report }));
        await target.afterwards();
        return { tables: moved, sessions: sessionsTo && (await moveSessions(from, sessionTable, size, sessionsTo)) };
      } finally {
        await target.database.close();
      }
    });
  } finally {
    await source.database.close();
  }
};

type Reader = Kysely<Database>;

const refuseOtherSchema = async (side: Side, db: Reader): Promise<void> => {
  const { missing, unknown } = await side.asking(() => schemaState(db));
  if (unknown.length > 0) {
    throw new TransferError(
      `${side.name} has the schema of a newer release (${unknown.join(', ')}): use that release for the transfer.`,
    );
  }
  if (missing.length > 0) {
    throw new TransferError(
      `${side.name} has the schema of an older release, or none: run \`tegata migrate\` with DATABASE_URL set to it first.`,
    );
  }
};

const migrate = async (target: Side): Promise<void> => {
  await target.asking(() => migrateToLatest(target.database));
};

/** What the target holds must be the beginning of what the source holds, row for row. Anything else is somebody's data. */
const compareBeginning = async (options: {
  source: Side;
  from: Reader;
  target: Side;
  table: Table;
  size: number;
}): Promise<Found> => {
  const { source, from, target, table, size } = options;
  const { db } = target.database;
  const inTarget = await target.asking(() => countRows(db, table));
  const inSource = await source.asking(() => countRows(from, table));
  const prefix = await source.asking(() => sumOf(from, table, { size, most: inTarget }));
  if (inTarget > 0 && !isSame(prefix, await target.asking(() => sumOf(db, table, { size })))) {
    throw new TransferError(
      `${target.name} holds data of its own in ${table.name}, or the source has changed since a transfer was interrupted. ` +
        'Nothing was written. Give an empty database: drop this one and make it again.',
    );
  }
  return { table, inSource, inTarget, prefix };
};

const moveTable = async (
  options: Found & { source: Side; from: Reader; target: Side; size: number; report: (text: string) => void },
): Promise<Moved> => {
  const { source, from, target, table, size, inSource, inTarget, prefix, report } = options;
  const { db } = target.database;
  const add = rowAdder(target.url);
  const sum = createSum(table.columns);
  const after = inTarget > 0 ? await source.asking(() => keyAt(from, table, inTarget)) : undefined;
  let reportedAt = performance.now();
  let done = inTarget;
  for await (const rows of batches(from, table, { size, after })) {
    for (const row of rows) sum.add(row);
    await target.asking(() => add(db, table, rows));
    done += rows.length;
    if (performance.now() - reportedAt < 1_000) continue;
    reportedAt = performance.now();
    report(`${table.name}: ${done} of ${inSource}`);
  }
  if (inSource > 0) report(`${table.name}: ${done} of ${inSource}, comparing`);
  const sourceSum = plus(prefix, sum.value());
  const targetSum = await target.asking(() => sumOf(db, table, { size }));
  return { table: table.name, source: sourceSum, target: targetSum, isSame: isSame(sourceSum, targetSum) };
};

const plus = (a: Sum, b: Sum): Sum => ({
  rows: a.rows + b.rows,
  checksum: ((BigInt(`0x${a.checksum}`) + BigInt(`0x${b.checksum}`)) % 2n ** 128n).toString(16).padStart(32, '0'),
});

const nothing: Sum = { rows: 0, checksum: '' };

const planned = (table: Table, inSource: number, inTarget: Sum): Moved => ({
  table: table.name,
  source: { rows: inSource, checksum: '' },
  target: inTarget,
  isSame: inSource === inTarget.rows,
});

const countOnly = async (from: Reader, tables: readonly Table[]): Promise<Moved[]> => {
  const counted = [];
  for (const table of tables) counted.push(planned(table, await countRows(from, table), nothing));
  return counted;
};

/** A table of sessions beside those elsewhere is from a transfer without them: whoever started a server on it would revive it. */
const refuseSessionsInTable = async ({ name, database, asking }: Side, table: Table): Promise<void> => {
  if ((await asking(() => countRows(database.db, table))) === 0) return;
  throw new TransferError(`${name} holds sessions in its own table. Nothing was written. Drop the database and make it again.`);
};

/** Gives every live session to `to`; without one it only counts. */
const moveSessions = async (from: Reader, table: Table, size: number, to?: SessionsElsewhere): Promise<SessionsMoved> => {
  const now = Date.now();
  const moved: SessionsMoved = { live: 0, there: 0, notLive: 0 };
  for await (const rows of batches(from, table, { size })) {
    const live = rows.map((row) => toSession(row as Parameters<typeof toSession>[0])).filter((session) => isLive(session, now));
    moved.live += live.length;
    moved.notLive += rows.length - live.length;
    if (to) moved.there += live.length - (await to.adopt(live, now));
  }
  return moved;
};
