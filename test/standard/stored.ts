import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { rows, tablesOf } from '../database.ts';
import type { TestServer } from '../server.ts';

// What a test sees of the data folder from outside, as a backup or a thief would.

export { rows };

export const count = (server: TestServer, table: string): number =>
  rows(server, `select count(*) as n from ${table}`)[0]?.n as number;

/** All that is stored: every byte of the data folder, with the database and its log, or every row of the database elsewhere. */
export const allBytes = async (server: TestServer): Promise<Buffer> => {
  const files = (await readdir(server.dataDir, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  const elsewhere = server.databaseUrl.startsWith('sqlite:')
    ? []
    : tablesOf(server).map((table) => rows(server, `select * from ${table}`));
  return Buffer.concat([
    ...(await Promise.all(files.map((file) => readFile(join(file.parentPath, file.name))))),
    Buffer.from(JSON.stringify(elsewhere)),
  ]);
};
