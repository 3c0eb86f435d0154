import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

// The example's own SQLite file, beside Tegata's. It knows users by their id alone: who they are is Tegata's business.

/** Append only; `user_version` of the file says how many of them it has had. */
const migrations = [
  `create table tasks (
    id text primary key,
    title text not null,
    description text not null,
    status text not null check (status in ('todo', 'in_progress', 'completed', 'cancelled')),
    due_date text,
    user_id text not null,
    created_at integer not null,
    updated_at integer not null
  ) strict;
  create index tasks_of_user on tasks (user_id, created_at);
  create table closing_accounts (user_id text primary key, until integer not null) strict;`,
];

/** Opens the file, and makes it, its folder and its tables where they are missing. */
export const openTasksDatabase = (file: string): DatabaseSync => {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  // Made before SQLite does it, which would leave the mode to the umask.
  closeSync(openSync(file, 'a', 0o600));
  const db = new DatabaseSync(file, { timeout: 5_000 });
  db.exec('pragma journal_mode = wal; pragma synchronous = full; begin immediate');
  const { user_version: applied } = db.prepare('pragma user_version').get() as { user_version: number };
  for (const migration of migrations.slice(applied)) db.exec(migration);
  db.exec(`pragma user_version = ${Math.max(applied, migrations.length)}; commit`);
  return db;
};
