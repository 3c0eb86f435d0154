// Brings people in, line by line. Every batch is one transaction of people who are not there yet, and whoever is there
// already is left alone: a call that was interrupted, by whatever, is repeated and goes on where it stopped, and nothing is
// kept beside the data to say so.

import type { PasswordHash } from '@tegata/core';
import { Unavailable } from '@tegata/core';
import type { Kysely } from 'kysely';
import type { FirebaseScrypt } from '../adapters/foreign-hashes/firebase-scrypt.ts';
import { wrapHash } from '../adapters/foreign-hashes/wrapped-hash.ts';
import type { Database } from '../stores/sql/database.ts';
import { addPeople, connectionKey, findTaken, type PersonRows, type Taken } from '../stores/sql/people.ts';
import { readLines } from './read-lines.ts';
import { type ReadPerson, readHeader, readUserLine } from './user-line.ts';

/** What became of one line. `id` is the user's here, also of one who was there already. */
export type Outcome =
  | { line: number; outcome: 'imported'; id: string }
  | { line: number; outcome: 'there_already'; id: string }
  /** Somebody else has the id, an address or a connection: nothing of the line is taken over. */
  | { line: number; outcome: 'conflict'; reason: string }
  | { line: number; outcome: 'refused'; reason: string };

export type Counts = Record<Outcome['outcome'] | 'wrapped', number>;

export type ImportOptions = {
  chunks: AsyncIterable<Buffer>;
  db: Kysely<Database>;
  clock: () => number;
  dryRun: boolean;
  /** How wrapped hashes are made: as today's passwords are. */
  argon2: { memoryKiB: number; passes: number };
  /** Hashes wrapped side by side. */
  concurrency: number;
  report: (outcome: Outcome) => void;
  /** Who a dry run would have added, by key: it has no tables to look them up in. */
  remembered?: { get: (key: string) => string | undefined; set: (key: string, userId: string) => void };
};

const batchSize = 200;
/** A user with every address and connection there may be is a fifth of it. */
const longestLine = 65_536;

type Numbered = { line: number; person: ReadPerson };

export const importUsers = async (options: ImportOptions): Promise<Counts> => {
  const counts: Counts = { imported: 0, there_already: 0, conflict: 0, refused: 0, wrapped: 0 };
  const tell = (outcome: Outcome) => {
    counts[outcome.outcome] += 1;
    options.report(outcome);
  };
  let firebase: FirebaseScrypt | undefined;
  let batch: Numbered[] = [];
  const finishBatch = async () => {
    if (batch.length > 0) counts.wrapped += await importBatch(options, batch, tell);
    batch = [];
  };

  for await (const { number, text } of readLines(options.chunks, longestLine)) {
    if (text === '') continue;
    if (text === undefined) {
      tell({ line: number, outcome: 'refused', reason: `longer than ${longestLine} bytes` });
      continue;
    }
    const header = readHeader(text);
    if (header) {
      if (header.ok) firebase = header.value;
      else tell({ line: number, outcome: 'refused', reason: header.failure.reason });
      continue;
    }
    const read = readUserLine(text, { firebase, now: options.clock() });
    if (!read.ok) {
      tell({ line: number, outcome: 'refused', reason: read.failure.reason });
      continue;
    }
    batch.push({ line: number, person: read.value });
    if (batch.length >= batchSize) await finishBatch();
  }
  await finishBatch();
  return counts;
};

/** Somebody may register between the look-up and the transaction, which then adds nobody: it is looked up again. */
const mostTries = 5;

const importBatch = async (options: ImportOptions, batch: Numbered[], tell: (outcome: Outcome) => void): Promise<number> => {
  const { db, clock, dryRun, remembered } = options;
  const hashes = new Map<ReadPerson, PasswordHash>();
  for (let tries = 1; ; tries += 1) {
    const taken = await findTaken(
      db,
      batch.map(({ person }) => person.rows),
    );
    if (remembered) for (const { person } of batch) recall(person.rows, remembered, taken);
    const outcomes: Outcome[] = [];
    const fresh: ReadPerson[] = [];
    for (const { line, person } of batch) {
      const { rows } = person;
      const found = whoIsThere(person, taken);
      if (found) {
        outcomes.push({ line, ...found });
        continue;
      }
      fresh.push(person);
      outcomes.push({ line, outcome: 'imported', id: rows.id });
      take(rows, taken);
    }
    if (!dryRun && fresh.length > 0) {
      await wrapAll(options, fresh, hashes);
      try {
        await addPeople(
          db,
          fresh.map((person) => ({ rows: person.rows, passwordHash: hashes.get(person) })),
          clock(),
        );
      } catch (error) {
        if (error instanceof Unavailable || tries === mostTries) throw error;
        continue;
      }
    }
    for (const { rows } of fresh) for (const key of keysOf(rows)) remembered?.set(key, rows.id);
    for (const outcome of outcomes) tell(outcome);
    return fresh.filter(({ password }) => password?.kind === 'weak').length;
  }
};

type Found = { outcome: 'there_already'; id: string } | { outcome: 'conflict'; reason: string };

const whoIsThere = ({ rows, isIdGiven }: ReadPerson, taken: Taken): Found | undefined => {
  const holder = taken.emails.get(rows.emails[0]!.email);
  const isTheirs = holder?.isPrimary === true && (holder.userId === rows.id || !isIdGiven);
  if (holder && isTheirs) return { outcome: 'there_already', id: holder.userId };
  if (taken.ids.has(rows.id)) return { outcome: 'conflict', reason: 'id: a user with another address has it' };
  if (holder) return { outcome: 'conflict', reason: 'email: another user has it' };
  if (rows.emails.some(({ email }) => taken.emails.has(email)))
    return { outcome: 'conflict', reason: 'emails: somebody has one of them' };
  const keys = rows.connections.map(connectionKey);
  const providers = new Set(rows.connections.map(({ provider }) => provider));
  if (providers.size < keys.length) return { outcome: 'conflict', reason: 'connections: two of one provider' };
  if (keys.some((key) => taken.connections.has(key)))
    return { outcome: 'conflict', reason: 'connections: somebody has one of them' };
  return undefined;
};

const take = (rows: PersonRows, taken: Taken): void => {
  taken.ids.add(rows.id);
  for (const { email, isPrimary } of rows.emails) taken.emails.set(email, { userId: rows.id, isPrimary });
  for (const connection of rows.connections) taken.connections.add(connectionKey(connection));
};

const idKey = (id: string) => `id ${id}`;
const emailKey = (email: string, isPrimary: boolean) => `${isPrimary ? 'primary' : 'email'} ${email}`;
const keysOf = (rows: PersonRows): string[] => [
  idKey(rows.id),
  ...rows.emails.map(({ email, isPrimary }) => emailKey(email, isPrimary)),
  ...rows.connections.map(connectionKey),
];

/** What earlier lines have taken of what this person has. */
const recall = (rows: PersonRows, remembered: NonNullable<ImportOptions['remembered']>, taken: Taken): void => {
  if (remembered.get(idKey(rows.id)) !== undefined) taken.ids.add(rows.id);
  for (const { email } of rows.emails) {
    for (const isPrimary of [true, false]) {
      const userId = remembered.get(emailKey(email, isPrimary));
      if (userId !== undefined) taken.emails.set(email, { userId, isPrimary });
    }
  }
  for (const connection of rows.connections) {
    const key = connectionKey(connection);
    if (remembered.get(key) !== undefined) taken.connections.add(key);
  }
};

/** Only for who is new: a repeated call computes nothing for the people who are there. */
const wrapAll = async (
  { argon2, concurrency }: ImportOptions,
  people: readonly ReadPerson[],
  hashes: Map<ReadPerson, PasswordHash>,
): Promise<void> => {
  const waiting = people.filter((person) => person.password && !hashes.has(person));
  const work = async () => {
    for (let person = waiting.pop(); person; person = waiting.pop()) {
      const { password } = person;
      if (password?.kind === 'kept') hashes.set(person, password.hash as PasswordHash);
      if (password?.kind === 'weak') hashes.set(person, await wrapHash(password.read, argon2));
    }
  };
  await Promise.all(Array.from({ length: concurrency }, work));
};
