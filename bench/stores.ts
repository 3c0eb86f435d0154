import { copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createClient } from '@redis/client';
import { type PostgresServer, startPostgres } from '../test/services/postgres.ts';
import { type RedisServer, startRedis } from '../test/services/redis.ts';
import { limitPrefix, type StoreAddress } from './limit-stores.ts';
import { type Person, password, preparePeople } from './people.ts';
import { preparePeer } from './processes.ts';
import { folder, people, secret } from './workbench.ts';

// Each kind of store, durable, with the same people in it, and a copy of it for the limit.

export const storeNames = { sqlite: 'SQLite', postgres: 'PostgreSQL', redis: 'PostgreSQL + Redis' } as const;
export type StoreId = keyof typeof storeNames;

export type Prepared = {
  id: StoreId;
  name: string;
  /** Of the server. */
  settings: Record<string, string>;
  peopleFile: string;
  firstAccessToken: string;
  limit: StoreAddress;
};

let postgres: Promise<PostgresServer> | undefined;
let redis: Promise<RedisServer> | undefined;

/** Started when a row needs it. `durable`: fsync and synchronous_commit as PostgreSQL has them by itself. */
const thePostgres = () => {
  postgres ??= startPostgres({ durable: true });
  return postgres;
};
const theRedis = () => {
  redis ??= startRedis();
  return redis;
};

export const closeStores = async (): Promise<void> => {
  await (await redis)?.stop();
  await (await postgres)?.remove();
};

const addressOf = async (id: StoreId, name: string): Promise<string> => {
  if (id === 'sqlite') return join(folder, `${name}.db`);
  const server = await thePostgres();
  await server.query(`create database ${name}`);
  return server.url(name);
};

const prepare = async (id: StoreId): Promise<Prepared> => {
  const name = storeNames[id];
  const peopleFile = join(folder, `${id}.json`);
  const database = await addressOf(id, `tegata_${id}`);
  const settings = {
    TEGATA_DATA_DIR: folder,
    TEGATA_SECRET: secret,
    DATABASE_URL: id === 'sqlite' ? `sqlite:${database}` : database,
    ...(id === 'redis' && { REDIS_URL: (await theRedis()).url }),
  };
  await preparePeople(settings, people, peopleFile);
  const [first] = JSON.parse(readFileSync(peopleFile, 'utf8')) as Person[];
  const firstAccessToken = first?.accessToken ?? '';
  return { id, name, settings, peopleFile, firstAccessToken, limit: await copyForLimit(id, database) };
};

/** The people of both are the same, and what the one changes the other does not see. */
const copyForLimit = async (id: StoreId, database: string): Promise<StoreAddress> => {
  if (id === 'sqlite') {
    const file = join(folder, 'limit.db');
    copyFileSync(database, file);
    return { file };
  }
  const server = await thePostgres();
  if (id === 'postgres') {
    await server.query('create database limit_postgres template tegata_postgres');
    await server.query('vacuum analyze', 'tegata_postgres');
    await server.query('vacuum analyze', 'limit_postgres');
    return { postgres: server.url('limit_postgres') };
  }
  await server.query('vacuum analyze', 'tegata_redis');
  const { url } = await theRedis();
  const client = createClient({ url });
  await client.connect();
  for (const key of await client.keys('tegata:*:sessions:*')) await client.copy(key, key.replace('tegata:', limitPrefix));
  client.destroy();
  return { postgres: database, redis: url };
};

/** Once, however many rows ask for it. */
const onceForEach = <Value>(make: (id: StoreId) => Promise<Value>): ((id: StoreId) => Promise<Value>) => {
  const made = new Map<StoreId, Promise<Value>>();
  return (id) => {
    const value = made.get(id) ?? make(id);
    made.set(id, value);
    return value;
  };
};

export const preparedStore = onceForEach(prepare);

export type PreparedPeer = { database: string; peopleFile: string; cached: number };

/** The peer's cookie cache lives five minutes: a part of the people is enough for its figure, and quickly made. */
export const preparedPeer = onceForEach(async (id): Promise<PreparedPeer> => {
  const database = await addressOf(id, `peer_${id}`);
  const peopleFile = join(folder, `peer-${id}.json`);
  const cached = Math.min(people, 1_000);
  await preparePeer({ database, file: peopleFile, count: people, password, cached }, secret);
  if (id !== 'sqlite') await (await thePostgres()).query('vacuum analyze', `peer_${id}`);
  return { database, peopleFile, cached };
});
