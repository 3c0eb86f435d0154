// Looks at the database and the signing keys in it, as the server would find them. Migrates nothing and makes no key.

import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { sql } from 'kysely';
import { rootCause } from '../cli/command.ts';
import type { Config } from '../config/config.ts';
import { isPostgresUrl, shownDatabaseUrl } from '../config/database-url.ts';
import type { SqlDatabase } from '../stores/sql/database.ts';
import { databaseMark } from '../stores/sql/database-mark.ts';
import { schemaState } from '../stores/sql/migrate.ts';
import { openDatabase } from '../stores/sql/sql-stores.ts';
import { sqlitePath } from '../stores/sql/sqlite.ts';
import type { Finding } from './finding.ts';
import { keyFindings } from './look-at-keys.ts';

export type DatabaseLook = {
  findings: Finding[] /** Undefined where there is no database with our schema. */;
  mark: string | undefined;
};

export const lookAtDatabase = async (config: Config): Promise<DatabaseLook> => {
  const { databaseUrl } = config;
  const shown = shownDatabaseUrl(databaseUrl);
  if (!isPostgresUrl(databaseUrl)) {
    const path = sqlitePath(databaseUrl);
    const text = (said: string) => `${shown} ${said}`;
    if (path === ':memory:') {
      return alone({ id: 'database.forgets', level: 'note', text: text('forgets everything when the server stops') });
    }
    if (!existsSync(path)) {
      const folder = nearestFolder(path);
      if (folder.isWritable)
        return alone({ id: 'database.new', level: 'ok', text: text('does not exist yet; the first start makes it') });
      return alone({
        id: 'database.unwritable',
        level: 'error',
        text: text(`cannot be made: ${folder.path} is not a folder that this user may write to`),
        remedy: 'Set TEGATA_DATA_DIR or DATABASE_URL to a place that it may write to.',
      });
    }
  }
  let database: SqlDatabase | undefined;
  try {
    database = await openDatabase(databaseUrl, config.postgres);
    const answers = isPostgresUrl(databaseUrl) ? await askPostgres(database, shown) : await askSqlite(database, databaseUrl);
    const schema = await schemaState(database.db);
    const hasKeys = !schema.missing.includes('0004-signing-keys');
    return {
      findings: [...answers, ...schemaFindings(schema), ...(hasKeys ? await keyFindings(config, database) : [])],
      mark: schema.missing.includes('0001-initial') ? undefined : await databaseMark(database.db),
    };
  } catch (error) {
    return alone({
      id: 'database.unreachable',
      level: 'error',
      text: `${shown} does not answer (${(rootCause(error) as Error).message})`,
      remedy: isPostgresUrl(databaseUrl)
        ? "Check DATABASE_URL, the network and the role's rights."
        : 'Check the path, its permissions and the disk.',
    });
  } finally {
    await database?.close();
  }
};

const alone = (finding: Finding): DatabaseLook => ({ findings: [finding], mark: undefined });

const askSqlite = async ({ db }: SqlDatabase, url: string): Promise<Finding[]> => {
  const path = sqlitePath(url);
  await db.selectNoFrom((eb) => eb.val(1).as('one')).execute();
  if ((statSync(path).mode & 0o077) === 0) return [{ id: 'database.answers', level: 'ok', text: `${url} answers` }];
  return [
    {
      id: 'database.readable',
      level: 'note',
      text: `${url} answers, but its file can be read by others`,
      remedy: `chmod 600 ${path}`,
    },
  ];
};

const askPostgres = async ({ db }: SqlDatabase, shown: string): Promise<Finding[]> => {
  const asked = sql<{ version: string; commits: string }>`
    select current_setting('server_version') as version, current_setting('synchronous_commit') as commits`;
  const [row] = (await asked.execute(db)).rows;
  const answers = `${shown} answers (PostgreSQL ${row?.version})`;
  if (row?.commits !== 'off') return [{ id: 'database.answers', level: 'ok', text: answers }];
  return [
    {
      id: 'database.not-durable',
      level: 'note',
      text: `${answers}, but synchronous_commit is off: a crash forgets what was just acknowledged`,
      remedy: 'Set it to on.',
    },
  ];
};

const schemaFindings = ({ missing, unknown }: { missing: string[]; unknown: string[] }): Finding[] => [
  ...(missing.length === 0
    ? []
    : [
        {
          id: 'database.migrations',
          level: 'note' as const,
          text: `its schema lacks ${missing.join(', ')}`,
          remedy: 'The next start brings it up to date, or `tegata migrate` now.',
        },
      ]),
  ...(unknown.length === 0
    ? []
    : [
        {
          id: 'database.newer',
          level: 'note' as const,
          text: `its schema is that of a later release (${unknown.join(', ')}), which this one can use`,
          remedy: 'Finish the upgrade, or the way back.',
        },
      ]),
];

/** The part of the path that exists already: everything missing below it is made at the first start. */
const nearestFolder = (path: string): { path: string; isWritable: boolean } => {
  let folder = dirname(resolve(path));
  while (!existsSync(folder)) folder = dirname(folder);
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
    return { path: folder, isWritable: statSync(folder).isDirectory() };
  } catch {
    return { path: folder, isWritable: false };
  }
};
