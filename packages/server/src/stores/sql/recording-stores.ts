/**
 * Stores that write down what they take from somebody. Every use case ends sessions, bars users and changes roles through
 * these few methods, so none of them can forget to tell the verifiers, and a new one need not know that they exist. The
 * row is part of the caller's transaction, or of one made for it: what ends without a row, or the other way round, does
 * not exist.
 */
import type { SecurityEvent, Session, SessionStore, Stores } from '@tegata/core';
import type { Kysely, Transaction } from 'kysely';
import { type Database, inTransaction, type SqlDatabase } from './database.ts';
import { addMissedRevocations, type EndedLately } from './missed-revocations.ts';
import { addRevocations } from './revocations.ts';

export type Recording = Pick<SqlDatabase, 'serialize'> & {
  /** The stores over a transaction, without any recording. Sessions may come from another place than the database. */
  plain: (db: Kysely<Database>) => Stores;
  /** How long a token of today can still be valid, in milliseconds. */
  keepMs: number;
  /** Where sessions are kept by another engine. */
  endedLately?: EndedLately | undefined;
  /** After each row, before its transaction is committed where `db` is one. */
  recorded: () => void;
};

export const recordRevocations = (
  db: Kysely<Database>,
  { plain, serialize, keepMs, endedLately, recorded }: Recording,
): Stores => {
  const stores = plain(db);

  /** Does `work` and adds the rows it asks for, in one transaction; then those that the user's sessions lack from before. */
  const recording = async <Value>(
    work: (inside: Stores, record: Record, transaction: Transaction<Database>) => Promise<Value>,
    missedOf?: { userId: string; now: number },
  ) => {
    const told = new Set<string | null>();
    const value = await inTransaction(db, async (transaction) => {
      const record: Record = async (reason, revokedAt, revoked) => {
        const rows = revoked.map((one) => ({ ...one, reason, revokedAt, expiresAt: revokedAt + keepMs }));
        await addRevocations(transaction, rows);
        for (const { sessionId } of rows) told.add(sessionId);
      };
      const done = await work(db.isTransaction ? stores : plain(transaction), record, transaction);
      if (endedLately && missedOf) {
        for (const id of await addMissedRevocations(transaction, { endedLately, keepMs }, { ...missedOf, told })) told.add(id);
      }
      return done;
    });
    if (told.size > 0) recorded();
    return value;
  };

  const sessions: SessionStore = {
    ...stores.sessions,

    create: (session, maxSessions) =>
      recording(
        async (inside, record) => {
          const evicted = await inside.sessions.create(session, maxSessions);
          const { userId } = session;
          await record(
            'session_limit',
            session.createdAt,
            evicted.map((sessionId) => whole({ id: sessionId, userId })),
          );
          return evicted;
        },
        { userId: session.userId, now: session.createdAt },
      ),

    end: (id, userId, reason, now) =>
      recording(
        async (inside, record) => {
          const ended = await inside.sessions.end(id, userId, reason, now);
          if (ended) await record(reason, now, [whole({ id, userId })]);
          return ended;
        },
        { userId, now },
      ),

    endAll: (userId, reason, now, exceptId) =>
      recording(
        async (inside, record, transaction) => {
          // Nobody adds a session between the look and the end.
          await serialize(transaction, userId);
          const live = (await inside.sessions.listLive(userId, now)).filter(({ id }) => id !== exceptId);
          const ended = await inside.sessions.endAll(userId, reason, now, exceptId);
          const revoked = live.map(whole);
          // Deleting the user says no time, and comes in the same transaction.
          await record(reason, now, reason === 'account_closed' ? [...revoked, everything(userId)] : revoked);
          return ended;
        },
        { userId, now },
      ),
  };

  return {
    ...stores,
    sessions,
    users: {
      ...stores.users,

      setStatus: (id, status, now) =>
        recording(async (inside, record) => {
          const changed = await inside.users.setStatus(id, status, now);
          const isBarred = status === 'suspended' || status === 'deactivated';
          if (changed && isBarred) await record(`account_${status}`, now, [everything(id)]);
          return changed;
        }),
    },
    organizations: {
      ...stores.organizations,

      changeRole: (userId, organizationId, role, now) =>
        recording(async (inside, record) => {
          const changed = await inside.organizations.changeRole(userId, organizationId, role, now);
          if (!changed) return false;
          const live = await inside.sessions.listLive(userId, now);
          await record(
            'role_changed',
            now,
            live.map((session) => ({ ...whole(session), generation: session.generation })),
          );
          return true;
        }),
    },
  };
};

type Revoked = { sessionId: string | null; userId: string; generation: number | null };
type Record = (reason: SecurityEvent, now: number, revoked: readonly Revoked[]) => Promise<void>;

const whole = ({ id, userId }: Pick<Session, 'id' | 'userId'>): Revoked => ({ sessionId: id, userId, generation: null });
const everything = (userId: string): Revoked => ({ sessionId: null, userId, generation: null });
