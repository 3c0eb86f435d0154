// What happened in this process since it started, counted where it happens, for the metrics to read. Labels come from
// fixed lists: a reason that is not known is counted as `other`, so nothing a caller chose becomes a label.

import { type AuditEvent, auditEventTypes, type Bucket, type Limits } from '@tegata/core';

/** Outcomes of log-ins: the reasons of `session.start_refused` with address and password. */
export const logInRefusals = [
  'wrong_password',
  'unknown_address',
  'locked',
  'no_password',
  'email_not_verified',
  'account_suspended',
  'account_deactivated',
  'changed_meanwhile',
] as const;

export type Counts = ReadonlyMap<string, number>;

export type Tally = ReturnType<typeof createTally>;

export const createTally = () => {
  const events = new Map<string, number>(Object.keys(auditEventTypes).map((type) => [type, 0]));
  const logIns = new Map<string, number>(['started', ...logInRefusals, 'provider', 'other'].map((outcome) => [outcome, 0]));
  const limited = new Map<string, number>();
  let purgedRows = 0;
  return {
    /** Of the audit log, once it is committed. */
    event: ({ type, reason }: AuditEvent): void => {
      add(events, type);
      if (type === 'session.started') add(logIns, 'started');
      if (type === 'session.start_refused') add(logIns, outcomeOf(reason));
    },
    /** The same limits, counting refusals by the name of the bucket. */
    limits: (limits: Limits): Limits => ({
      take: async (bucket: Bucket, key: string) => {
        const state = await limits.take(bucket, key);
        if (!state.allowed) add(limited, bucket.name);
        return state;
      },
    }),
    purged: (rows: number): void => {
      purgedRows += rows;
    },
    counts: (): { events: Counts; logIns: Counts; limited: Counts; purgedRows: number } => ({
      events,
      logIns,
      limited,
      purgedRows,
    }),
  };
};

const add = (counts: Map<string, number>, name: string): void => {
  counts.set(name, (counts.get(name) ?? 0) + 1);
};

const outcomeOf = (reason: string | undefined): string => {
  if ((logInRefusals as readonly (string | undefined)[]).includes(reason)) return reason as string;
  // Through a provider the reason begins with its name.
  return reason?.includes(': ') ? 'provider' : 'other';
};
