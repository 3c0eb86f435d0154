// Puts spans around what a request waits for. Each takes a part of the server and gives one of the same type, so without
// tracing nobody meets any of this.

import type { Deps, Result, Stores } from '@tegata/core';
import type { CompiledQuery, DatabaseConnection, Driver } from 'kysely';
import type { HashingLane } from '../adapters/hashing-lane.ts';
import type { AskProvider } from '../adapters/providers/provider-parts.ts';
import type { Redis } from '../stores/redis/connection.ts';
import type { Tracing } from './tracing.ts';

export type TracedParts = ReturnType<typeof createTracedParts>;

export const createTracedParts = (tracing: Tracing) => {
  const { part, begin } = tracing;

  return {
    /** Hashing, with the time for which it stood in line. */
    lane: (lane: HashingLane): HashingLane => ({
      ...lane,
      run: (job) =>
        part({ name: 'hash password', kind: 'internal' }, ({ note }) => {
          const askedAt = performance.now();
          return lane.run(() => {
            note('tegata.hashing.waited_ms', millisecondsSince(askedAt));
            return job();
          });
        }),
    }),

    atomically:
      (atomically: Deps['atomically']): Deps['atomically'] =>
      <Outcome extends Result<unknown, { code: string }>>(work: (stores: Stores) => Promise<Outcome>) =>
        part({ name: 'transaction', kind: 'internal' }, () => atomically(work)),

    redis: (redis: Redis): Redis => {
      const command = <Value>(name: string, work: () => Promise<Value>) =>
        part(
          { name: `redis ${name}`, kind: 'client', attributes: { 'db.system.name': 'redis', 'db.operation.name': name } },
          work,
        );
      return {
        ...redis,
        send: (...words) => command(words[0] ?? '', () => redis.send(...words)),
        run: (...call) => command('EVALSHA', () => redis.run(...call)),
        ping: () => command('PING', redis.ping),
      };
    },

    /** Statements by what they do to which table; the wait for the connection is on the first one. */
    driver:
      (system: 'sqlite' | 'postgresql') =>
      (driver: Driver): Driver =>
        tracedDriver(driver, part, system),

    /** To a provider, by host: paths and queries of these calls hold codes and tokens. */
    askProvider: (({ method, host }, ask) =>
      part(
        { name: `${method} ${host}`, kind: 'client', attributes: { 'http.request.method': method, 'server.address': host } },
        async ({ note, failed }) => {
          const response = await ask();
          note('http.response.status_code', response.status);
          if (response.status >= 400) failed(String(response.status));
          return response;
        },
      )) satisfies AskProvider,

    /** A mail is sent by whichever server takes it in hand, when it does: a trace of its own. */
    mail:
      <Input extends unknown[]>(name: string, send: (...input: Input) => Promise<void>) =>
      (...input: Input): Promise<void> =>
        begin({ name, kind: 'client' }, () => send(...input)),
  };
};

const millisecondsSince = (at: number): number => Math.round((performance.now() - at) * 1000) / 1000;

type TracedConnection = DatabaseConnection & { inner: DatabaseConnection };

const tracedDriver = (driver: Driver, part: Tracing['part'], system: string): Driver => {
  const innerOf = (connection: DatabaseConnection) => (connection as TracedConnection).inner;
  const command = (name: string, work: () => Promise<void>) =>
    part({ name, kind: 'client', attributes: { 'db.system.name': system, 'db.operation.name': name } }, work);
  return {
    init: () => driver.init(),
    acquireConnection: async () => {
      const askedAt = performance.now();
      const inner = await driver.acquireConnection();
      let waitedMs: number | undefined = millisecondsSince(askedAt);
      const connection: TracedConnection = {
        inner,
        streamQuery: (...query) => inner.streamQuery(...query),
        executeQuery: <Row>(query: CompiledQuery) => {
          const { name, ...said } = summaryOf(query.sql);
          return part({ name, kind: 'client', attributes: { 'db.system.name': system, ...said } }, ({ note }) => {
            if (waitedMs !== undefined) note('tegata.database.waited_ms', waitedMs);
            waitedMs = undefined;
            return inner.executeQuery<Row>(query);
          });
        },
      };
      return connection;
    },
    beginTransaction: (connection, settings) => command('BEGIN', () => driver.beginTransaction(innerOf(connection), settings)),
    commitTransaction: (connection) => command('COMMIT', () => driver.commitTransaction(innerOf(connection))),
    rollbackTransaction: (connection) => command('ROLLBACK', () => driver.rollbackTransaction(innerOf(connection))),
    releaseConnection: (connection) => driver.releaseConnection(innerOf(connection)),
    destroy: () => driver.destroy(),
  };
};

type Summary = { name: string; 'db.operation.name': string; 'db.collection.name'?: string };

/** Of a text with placeholders; values are never in it. */
export const summaryOf = (sql: string): Summary => {
  const [, word = 'query'] = /^\s*(\w+)/.exec(sql) ?? [];
  const operation = word.toUpperCase();
  const [, table] = /\b(?:from|into|update)\s+"(\w+)"/i.exec(sql) ?? [];
  if (table === undefined) return { name: operation, 'db.operation.name': operation };
  return { name: `${operation} ${table}`, 'db.operation.name': operation, 'db.collection.name': table };
};
