import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { isOfRedisSessions, redisSessionRows } from '../redis-sessions.ts';
import type { TestServer } from '../server.ts';

// What a test sees of the data folder from outside, as a backup or a thief would.

/** Rows of the server's database, read through a connection of our own. */
export const rows = (server: TestServer, query: string): Record<string, unknown>[] => {
  if (isOfRedisSessions(server, query)) return redisSessionRows(server, query);
  const database = new DatabaseSync(join(server.dataDir, 'tegata.db'), { readOnly: true });
  try {
    return database.prepare(query).all();
  } finally {
    database.close();
  }
};

export const count = (server: TestServer, table: string): number =>
  rows(server, `select count(*) as n from ${table}`)[0]?.n as number;

/** Every byte of the data folder: the database, its write-ahead log, and whatever else lies there. */
export const allBytes = async (server: TestServer): Promise<Buffer> => {
  const files = (await readdir(server.dataDir, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  return Buffer.concat(await Promise.all(files.map((file) => readFile(join(file.parentPath, file.name)))));
};
