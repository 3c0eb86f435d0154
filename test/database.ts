import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { changeRedisSessions, isOfRedisSessions } from './redis-sessions.ts';
import type { TestServer } from './server.ts';

/** Runs one statement behind the server's back, for a state that no call can make: an account without a password, a lost row. */
export const execute = (server: TestServer, statement: string, ...values: (string | number | null)[]): void => {
  if (isOfRedisSessions(server, statement)) {
    changeRedisSessions(server, statement, values);
    return;
  }
  const database = new DatabaseSync(join(server.dataDir, 'tegata.db'), { timeout: 5000 });
  try {
    database.prepare(statement).run(...values);
  } finally {
    database.close();
  }
};

/** Runs `work` while another connection holds the write lock, as a backup or a stuck process might. */
export const whileLocked = async <Value>(server: TestServer, work: () => Promise<Value>): Promise<Value> => {
  const database = new DatabaseSync(join(server.dataDir, 'tegata.db'), { timeout: 5000 });
  try {
    database.exec('begin immediate');
    return await work();
  } finally {
    database.close();
  }
};
