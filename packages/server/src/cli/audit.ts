import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { type AuditEventType, type AuditRecord, auditEventTypes, isAuditEventType } from '@tegata/core';
import type { Engine } from '../compose.ts';
import { type Command, UsageError } from './command.ts';
import { printable, withExistingEngine } from './existing-engine.ts';

type Asked = {
  idOrEmail: string | undefined;
  types: AuditEventType[] | undefined;
  since: number | undefined;
  limit: number;
  json: boolean;
  follow: boolean;
};

export const audit: Command = {
  lines: [
    ['audit [--user <id|email>] [--type <type>] [--since 24h]', 'What happened: who, what, from where, why.'],
    ['audit … [--limit 100] [--json] [--follow]', 'The newest so many, as JSON lines, and on as it happens.'],
  ],
  run: async (args) => {
    const asked = parse(args, Date.now());
    return withExistingEngine((engine) => read(engine, asked), { logLevel: 'error' });
  },
};

const read = async ({ auth }: Engine, { json, follow, ...query }: Asked): Promise<number> => {
  const print = (records: readonly AuditRecord[]) => {
    for (const record of records) console.log(json ? JSON.stringify(record) : line(record));
  };
  const listed = await auth.listAuditEvents(query);
  if (!listed.ok) {
    console.error(`There is no user ${query.idOrEmail}. Of a closed account only the id is left.`);
    return 1;
  }
  print(listed.value);
  if (listed.value.length === 0 && !follow && !json) console.log('Nothing of that kind happened.');
  if (listed.value.length === query.limit && !follow && !json)
    console.error(`There may be more: raise --limit (${query.limit}).`);
  return follow ? goOn(auth, query, listed.value, print) : 0;
};

/** A row may become visible a moment after one that is younger: what is printed is remembered for as long. */
const marginMs = 10_000;

const goOn = async (
  auth: Engine['auth'],
  query: Omit<Asked, 'json' | 'follow'>,
  before: readonly AuditRecord[],
  print: (records: readonly AuditRecord[]) => void,
): Promise<number> => {
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
  const printed = new Map(before.map(({ id, at }) => [id, at]));
  let newest = before.at(-1)?.at ?? query.since ?? Date.now();
  while (!stop.signal.aborted) {
    await sleep(1_000, undefined, { signal: stop.signal }).catch(() => {});
    const listed = await auth.listAuditEvents({ ...query, since: Math.max(query.since ?? 0, newest - marginMs), limit: 10_000 });
    const fresh = listed.ok ? listed.value.filter(({ id }) => !printed.has(id)) : [];
    print(before.length === 0 ? fresh.filter(({ at }) => at >= (query.since ?? 0)) : fresh);
    for (const { id, at } of fresh) {
      printed.set(id, at);
      newest = Math.max(newest, at);
    }
    for (const [id, at] of printed) if (at < newest - marginMs) printed.delete(id);
  }
  return 0;
};

const line = ({ at, type, userId, sessionId, ipAddress, reason }: AuditRecord): string =>
  [
    new Date(at).toISOString(),
    type.padEnd(24),
    userId === null ? '' : `user ${userId}`,
    sessionId === null ? '' : `session ${sessionId}`,
    ipAddress === null ? '' : `from ${ipAddress}`,
    reason === null ? '' : `(${printable(reason)})`,
  ]
    .filter((part) => part !== '')
    .join('  ')
    .trimEnd();

const parse = (args: string[], now: number): Asked => {
  let values: { user?: string; type?: string[]; since?: string; limit?: string; json?: boolean; follow?: boolean };
  try {
    values = parseArgs({
      args,
      options: {
        user: { type: 'string' },
        type: { type: 'string', multiple: true },
        since: { type: 'string' },
        limit: { type: 'string' },
        json: { type: 'boolean' },
        follow: { type: 'boolean' },
      },
    }).values;
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
  const limit = Number(values.limit ?? 100);
  if (!Number.isInteger(limit) || limit < 1 || limit > 100_000) {
    throw new UsageError('--limit takes a whole number from 1 to 100000.');
  }
  return {
    idOrEmail: values.user,
    types: values.type?.flatMap((text) => typesNamed(text)),
    since: values.since === undefined ? undefined : timeOf(values.since, now),
    limit,
    json: values.json ?? false,
    follow: values.follow ?? false,
  };
};

/** One type, or all of an area: `session`. */
const typesNamed = (text: string): AuditEventType[] => {
  if (isAuditEventType(text)) return [text];
  const area = Object.keys(auditEventTypes).filter((type) => type.startsWith(`${text}.`)) as AuditEventType[];
  if (area.length > 0) return area;
  throw new UsageError(
    `There is no type "${text}": give ${Object.keys(auditEventTypes).join(', ')}, or the part before the dot.`,
  );
};

const units: Record<string, number> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

const timeOf = (text: string, now: number): number => {
  const [, count, unit = ''] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  if (count !== undefined) return now - Number(count) * (units[unit] ?? 0);
  const time = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(time)) return time;
  throw new UsageError('--since takes a duration such as 24h, or a time such as 2026-01-31T09:00:00Z.');
};
