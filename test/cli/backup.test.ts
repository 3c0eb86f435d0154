import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { expect, test, vi } from 'vitest';
import { seed } from '../../bench/seed.ts';
import { backUp, restore } from '../../packages/server/src/stores/sql/backup.ts';
import { runTegata, startServerProcess, temporaryFolder } from '../server-process.ts';

// Backups are of the SQLite file, whatever the other tests of the project run on.

vi.setConfig({ testTimeout: 120_000 });

const refresh = (url: string, refreshToken: string) =>
  fetch(`${url}/api/v1/auth/refresh`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ refresh_token: refreshToken }),
  });

test('a backup of a running server is one whole file for its owner alone; put back, people are still logged in', async () => {
  const folder = await temporaryFolder();
  const settings = { TEGATA_DATA_DIR: folder };
  const [ada, ben] = await seed(settings, 50, 2);
  const server = await startServerProcess(settings);
  const copy = `${folder}/copy.db`;
  const made = await runTegata(['backup', copy], settings);
  expect(made).toMatchObject({ code: 0, stderr: '' });
  expect(made.stdout).toContain(`50 users are in ${copy}.`);
  expect(made.stdout).toContain(`(it is in ${folder}/secret)`);
  expect((await stat(copy)).mode & 0o777).toBe(0o600);
  expect((await readdir(folder)).filter((name) => name.startsWith('copy.db'))).toEqual(['copy.db']);

  expect((await runTegata(['restore', copy], settings)).stderr).toContain(
    'is in use: stop every server and tool that has it open',
  );
  expect((await refresh(server.url, ben!.refreshToken)).status).toBe(200);
  await server.stop();
  const database = new DatabaseSync(`${folder}/tegata.db`);
  database.exec('delete from users; delete from sessions');
  database.close();

  const restored = await runTegata(['restore', copy], settings);
  expect(restored).toMatchObject({ code: 0, stderr: '' });
  const aside = /What was there is in (\S+)\./.exec(restored.stdout)?.[1] ?? '';
  const emptied = new DatabaseSync(aside, { readOnly: true });
  expect(emptied.prepare('select count(*) as users from users').get()).toEqual({ users: 0 });
  emptied.close();
  const again = await startServerProcess(settings);
  expect((await refresh(again.url, ada!.refreshToken)).status).toBe(200);
});

test('a backup is put back where there is not even a data folder', async () => {
  const folder = await temporaryFolder();
  await seed({ TEGATA_DATA_DIR: folder }, 3);
  await backUp(`${folder}/tegata.db`, `${folder}/copy.db`);
  const database = `${folder}/elsewhere/data/tegata.db`;
  expect(await restore(`${folder}/copy.db`, database, 0)).toEqual({ users: 3, aside: undefined });
  expect((await stat(`${folder}/elsewhere/data`)).mode & 0o777).toBe(0o700);
});

test('a backup overwrites nothing, and what is no backup replaces nothing', async () => {
  const folder = await temporaryFolder();
  await seed({ TEGATA_DATA_DIR: folder }, 3);
  const database = `${folder}/tegata.db`;
  await writeFile(`${folder}/taken`, 'precious');
  await expect(backUp(database, `${folder}/taken`)).rejects.toThrow('a backup never overwrites');
  expect(await readFile(`${folder}/taken`, 'utf8')).toBe('precious');
  await expect(backUp(`${folder}/nowhere.db`, `${folder}/b.db`)).rejects.toThrow('There is no database at');

  await backUp(database, `${folder}/good.db`);
  const newer = new DatabaseSync(`${folder}/good.db`);
  newer.exec("insert into tegata_migrations (name, timestamp) values ('9999-from-the-future', '2040-01-01')");
  newer.close();
  await expect(restore(`${folder}/good.db`, database, 0)).rejects.toThrow('schema of a newer release');
  await expect(restore(`${folder}/taken`, database, 0)).rejects.toThrow('no database of Tegata');
  await expect(restore(`${folder}/nothing.db`, database, 0)).rejects.toThrow('There is no backup at');
  const kept = new DatabaseSync(database, { readOnly: true });
  expect(kept.prepare('select count(*) as users from users').get()).toEqual({ users: 3 });
  kept.close();
  expect((await readdir(folder)).filter((name) => /partial|before/.test(name))).toEqual([]);
});

test('PostgreSQL has ways of its own', async () => {
  const settings = { TEGATA_DATA_DIR: await temporaryFolder(), DATABASE_URL: 'postgres://ada:secret-word@127.0.0.1:1/tegata' };
  for (const command of ['backup', 'restore']) {
    const { code, stderr } = await runTegata([command, 'x.db'], settings);
    expect(code).toBe(1);
    expect(stderr).toContain('pg_dump');
    expect(stderr).not.toContain('secret-word');
  }
});
