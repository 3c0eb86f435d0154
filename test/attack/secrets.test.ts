import { execFileSync } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { callerOf, hitsIn, journey } from '../http/secret-journey.ts';
import { figure } from '../scorecard/figure.ts';
import { startServerProcess, temporaryFolder } from '../server-process.ts';
import { startPostgres } from '../services/postgres.ts';
import { startRedis } from '../services/redis.ts';

// After a whole life of an account, everything that the server left behind is searched for passwords, tokens, codes and its own
// secret: once where there is a folder alone, once where PostgreSQL and Redis hold it.

const serverSecret = 'kN3v7Xq1T9sZ4bR8wL2yH6mC0pD5gJfA';

const filesIn = async (folder: string): Promise<string> => {
  const files = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  const read = files.map((file) => readFile(join(file.parentPath, file.name)));
  return Buffer.concat(await Promise.all(read)).toString('latin1');
};

/** Every key with its value, of whatever type, as Redis itself can say it. */
const everythingIn = (url: string): string => {
  const script = `
    local read = { string = {'GET'}, hash = {'HGETALL'}, set = {'SMEMBERS'}, list = {'LRANGE', 0, -1}, zset = {'ZRANGE', 0, -1}, stream = {'XRANGE', '-', '+'} }
    local found = {}
    for _, key in ipairs(redis.call('KEYS', '*')) do
      local command = read[redis.call('TYPE', key).ok]
      table.insert(found, { key, redis.call(command[1], key, unpack(command, 2)) })
    end
    return cjson.encode(found)`;
  return execFileSync('redis-cli', ['-u', url, '--raw', '-e', 'EVAL', script, '0'], { encoding: 'utf8' });
};

const search = async (part: string, settings: Record<string, string>, stores: () => Promise<Record<string, string>>) => {
  const dataDir = await temporaryFolder();
  const server = await startServerProcess({
    TEGATA_DATA_DIR: dataDir,
    TEGATA_SECRET: serverSecret,
    LOG_LEVEL: 'trace',
    ...settings,
  });
  const found = await journey(callerOf(server.url));
  const metrics = await (await fetch(`${server.url}/metrics`)).text();
  const pages = await Promise.all(
    ['/auth/log-in', '/docs', '/openapi.json', '/'].map(async (path) => (await fetch(server.url + path)).text()),
  );
  const kept = { ...(await stores()), 'the data folder': await filesIn(dataDir) };
  const { stdout, stderr } = await server.stop();
  const places: Record<string, string> = {
    ...kept,
    'the data folder afterwards': await filesIn(dataDir),
    'the log': stdout + stderr,
    'the metrics': metrics,
    'pages and documents': pages.join('\n'),
    'the bundle of the pages': await filesIn(join(import.meta.dirname, '../../apps/pages/dist')),
  };
  expect(metrics).toContain('tegata_');
  // Something was searched everywhere; a folder beside a database elsewhere may be empty.
  for (const [place, text] of Object.entries(places))
    if (!place.includes('folder')) expect(text.length, place).toBeGreaterThan(100);
  const secrets = [...found.secrets, serverSecret];
  // A number of six digits can be anything in a file of bytes or a script; in what is written for people it cannot.
  const codesIn = (place: string) => (/folder|bundle/.test(place) ? [] : found.codes);
  const hits = Object.entries(places).flatMap(([place, text]) =>
    hitsIn(text, { secrets, codes: codesIn(place) }).map((hit) => `${hit} in ${place}`),
  );
  figure({
    row: 'secrets',
    part,
    tried: (secrets.length + found.codes.length) * Object.keys(places).length,
    failed: hits.length,
    detail: `${secrets.length} secrets and ${found.codes.length} codes in ${Object.keys(places).join(', ')}`,
    reached: hits.length === 0,
  });
  expect(hits).toEqual([]);
  return places;
};

test('on SQLite there is no secret in clear in anything it left', async () => {
  const places = await search('SQLite', {}, async () => ({}));
  expect(places['the data folder']).toContain('canary.address@example.com');
});

test('on PostgreSQL and Redis there is none either, in tables, keys or mails that wait', async ({ onTestFinished }) => {
  const postgres = await startPostgres();
  onTestFinished(postgres.remove);
  const redis = await startRedis();
  onTestFinished(redis.stop);
  const dump = async () => {
    const tables = await postgres.query("select tablename from pg_tables where schemaname = 'public'", 'postgres');
    const rows = [];
    for (const { tablename } of tables) rows.push(tablename, await postgres.query(`select * from "${tablename}"`, 'postgres'));
    return JSON.stringify(rows);
  };
  const places = await search(
    'PostgreSQL and Redis',
    { DATABASE_URL: postgres.url('postgres'), REDIS_URL: redis.url },
    async () => ({ 'the tables of PostgreSQL': await dump(), 'the keys of Redis': everythingIn(redis.url) }),
  );
  expect(places['the tables of PostgreSQL']).toContain('canary.address@example.com');
});
