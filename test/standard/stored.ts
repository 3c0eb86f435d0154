import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { rows } from '../database.ts';
import type { TestServer } from '../server.ts';

// What a test sees of the data folder from outside, as a backup or a thief would.

export { rows };

export const count = (server: TestServer, table: string): number =>
  rows(server, `select count(*) as n from ${table}`)[0]?.n as number;

/** Every byte of the data folder: the database, its write-ahead log, and whatever else lies there. */
export const allBytes = async (server: TestServer): Promise<Buffer> => {
  const files = (await readdir(server.dataDir, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  return Buffer.concat(await Promise.all(files.map((file) => readFile(join(file.parentPath, file.name)))));
};
