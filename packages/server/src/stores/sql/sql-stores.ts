/** Opens a database and gives the core its stores: over the database itself, and over each transaction. */
import type { AuditEvent, Deps, Result, Stores } from '@tegata/core';
import type { Kysely } from 'kysely';
import type { Seal } from '../../adapters/seal.ts';
import type { RevocationLog } from '../../revocations/revocation.ts';
import { createAudit } from './audit.ts';
import { createConnectionStore } from './connections.ts';
import type { Database, SqlDatabase } from './database.ts';
import { databaseMark } from './database-mark.ts';
import { createEmailStore } from './emails.ts';
import { createLeases } from './leases.ts';
import { createLockoutStore } from './lockouts.ts';
import { migrateToLatest } from './migrate.ts';
import { addMissedRevocations, type EndedLately } from './missed-revocations.ts';
import { createOneTimeTokenStore } from './one-time-tokens.ts';
import { createOrganizationStore } from './organizations.ts';
import { createOutbox } from './outbox.ts';
import { createPasswordStore } from './passwords.ts';
import type { PostgresOptions } from './postgres.ts';
import { createPurge } from './purge.ts';
import { recordRevocations } from './recording-stores.ts';
import { createRevocationLog } from './revocations.ts';
import { createServiceStore } from './services.ts';
import { createSessionStore } from './sessions.ts';
import { createSigningKeyStore } from './signing-keys.ts';
import { createSingleUse } from './single-use.ts';
import { openSqlite, sqlitePath } from './sqlite.ts';
import { createUserStore } from './users.ts';

/** Told of what has been committed, never of what was rolled back. They run before the writer gets its answer and must not throw. */
export type OnCommitted = {
  audit: (event: AuditEvent) => void;
  /** There is mail to send. */
  outboxAdded: () => void;
  /** Verifiers elsewhere have something to hear. */
  revoked?: () => void;
};

/** Those of the stores that another engine keeps, given the database's own. They take no part in its transactions. */
export type StoresElsewhere = (stores: Stores) => Partial<Stores>;

export type SqlStores = {
  /** Each write commits on its own. Inside `atomically` use the stores given to the work: on SQLite these would wait for it forever. */
  stores: Stores;
  atomically: Deps['atomically'];
  revocations: RevocationLog;
  /** Adds the rows of the user's sessions that ended in another engine, in a transaction that did not happen. */
  recordMissed: (userId: string, now: number) => Promise<void>;
  /** Reads from the database. @throws Unavailable when it cannot. */
  ping: () => Promise<void>;
  /** A fingerprint of this database, which a copy of it has too: when its schema was made, hashed. */
  mark: () => Promise<string>;
  poolCounts: SqlDatabase['poolCounts'] | undefined;
  /** Waits for what is running, then closes. */
  close: () => Promise<void>;
};

/**
 * @param url `sqlite:./path/file.db`, `sqlite::memory:` or `postgres://user:password@host/database`.
 * @throws Error when the address names no database that Tegata knows; Unavailable when it cannot be opened.
 */
export const openDatabase = async (url: string, options: PostgresOptions = {}): Promise<SqlDatabase> => {
  if (url.startsWith('sqlite:')) return openSqlite(sqlitePath(url), { around: options.around });
  // Loaded only where it is used, as the other parts that a small installation does without: less to read at a start, and to keep in memory.
  if (/^postgres(ql)?:/.test(url)) return (await import('./postgres.ts')).openPostgres(url, options);
  // The address is not repeated: it may hold a password.
  throw new Error('the database address must begin with sqlite: or postgres:');
};

/** Opens the database at `url`, creating it where it is missing, and brings its schema up to date. */
export const openSqlStores = async ({
  url,
  postgres = {},
  seal,
  keepRevocationsMs = 65 * 60_000,
  elsewhere = () => ({}),
  endedLately,
  onCommitted,
}: {
  url: string;
  postgres?: PostgresOptions;
  seal: Seal;
  /** How long a revocation is kept: as long as an access token may live, and a little longer. */
  keepRevocationsMs?: number;
  elsewhere?: StoresElsewhere | undefined;
  /** Of the sessions in another engine: see missed-revocations.ts. */
  endedLately?: EndedLately | undefined;
  onCommitted: OnCommitted;
}): Promise<SqlStores> => {
  const database = await openDatabase(url, postgres);
  const { db, close } = database;
  try {
    await migrateToLatest(database);
  } catch (error) {
    await close();
    throw error;
  }

  const behind = { database, seal, keepRevocationsMs, elsewhere, endedLately };
  return {
    stores: createStores(db, { ...behind, onCommitted }),
    revocations: createRevocationLog(db),

    atomically: async <Outcome extends Result<unknown, { code: string }>>(work: (stores: Stores) => Promise<Outcome>) => {
      const committed: (() => void)[] = [];
      const whenCommitted: OnCommitted = {
        audit: (event) => committed.push(() => onCommitted.audit(event)),
        outboxAdded: () => committed.push(onCommitted.outboxAdded),
        revoked: () => committed.push(() => onCommitted.revoked?.()),
      };
      let outcome: Outcome | undefined;
      try {
        await db.transaction().execute(async (transaction) => {
          outcome = await work(createStores(transaction, { ...behind, onCommitted: whenCommitted }));
          if (!outcome.ok) throw rollBack;
        });
      } catch (error) {
        if (error === rollBack && outcome) return outcome;
        throw error;
      }
      for (const tell of committed) tell();
      return outcome!;
    },

    recordMissed: async (userId, now) => {
      if (!endedLately) return;
      const missed = await db
        .transaction()
        .execute((transaction) =>
          addMissedRevocations(transaction, { endedLately, keepMs: keepRevocationsMs }, { userId, now, told: new Set() }),
        );
      if (missed.length > 0) onCommitted.revoked?.();
    },

    ping: async () => {
      await db.selectFrom('users').select('id').limit(1).execute();
    },

    mark: () => databaseMark(db),

    poolCounts: database.poolCounts,

    close,
  };
};

/** Thrown to make Kysely roll back when the work ended in an expected failure. */
const rollBack = new Error('rolled back');

type Behind = {
  database: SqlDatabase;
  seal: Seal;
  keepRevocationsMs: number;
  elsewhere: StoresElsewhere;
  endedLately: EndedLately | undefined;
  onCommitted: OnCommitted;
};

const createStores = (db: Kysely<Database>, behind: Behind): Stores =>
  recordRevocations(db, {
    plain: (inside) => {
      const stores = createPlainStores(inside, behind);
      return { ...stores, ...behind.elsewhere(stores) };
    },
    serialize: behind.database.serialize,
    keepMs: behind.keepRevocationsMs,
    endedLately: behind.endedLately,
    recorded: () => behind.onCommitted.revoked?.(),
  });

const createPlainStores = (db: Kysely<Database>, { database, seal, onCommitted }: Behind): Stores => ({
  users: createUserStore(db, database),
  emails: createEmailStore(db),
  passwords: createPasswordStore(db),
  connections: createConnectionStore(db),
  organizations: createOrganizationStore(db, database),
  sessions: createSessionStore(db, database),
  oneTimeTokens: createOneTimeTokenStore(db),
  lockouts: createLockoutStore(db, database),
  signingKeys: createSigningKeyStore(db, database),
  singleUse: createSingleUse(db),
  services: createServiceStore(db),
  outbox: createOutbox(db, { skipLocked: database.skipLocked, seal, added: () => onCommitted.outboxAdded() }),
  audit: createAudit(db, { added: (event) => onCommitted.audit(event) }),
  leases: createLeases(db),
  purge: createPurge(db),
});
