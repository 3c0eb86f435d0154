import pg from 'pg';
import { expect, test } from 'vitest';
import { startServer } from '../server.ts';

test('pages of sessions keep room, so that a refresh need not touch their indexes', async () => {
  const server = await startServer();
  const client = new pg.Client({ connectionString: server.databaseUrl });
  await client.connect();
  const { rows } = await client.query(`select reloptions from pg_class where relname = 'sessions'`);
  await client.end();
  expect(rows).toEqual([{ reloptions: ['fillfactor=85'] }]);
});
