import { randomUUIDv7 } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';

// Every function takes the owner's id first and every statement asks for it, so that no route can forget to.

export const statuses = ['todo', 'in_progress', 'completed', 'cancelled'] as const;
export type Status = (typeof statuses)[number];

export type TaskContent = { title: string; description: string; status: Status; due_date: string | null };
/** Fields that are missing stay as they are. */
export type TaskChange = { [Field in keyof TaskContent]?: TaskContent[Field] | undefined };
/** Times are milliseconds since 1970 UTC. */
export type Task = TaskContent & { id: string; user_id: string; created_at: number; updated_at: number };
export type TaskStore = ReturnType<typeof createTaskStore>;

/** Far longer than it takes to close an account. */
const closingMs = 60_000;

export const createTaskStore = (db: DatabaseSync) => {
  const insert = db.prepare(
    `insert into tasks (id, user_id, title, description, status, due_date, created_at, updated_at)
     select :id, :userId, :title, :description, :status, :due_date, :now, :now
     where not exists (select 1 from closing_accounts where user_id = :userId and until > :now) returning *`,
  );
  const listed = 'user_id = :userId and (:status is null or status = :status)';
  const count = db.prepare(`select count(*) as total from tasks where ${listed}`);
  // Of two tasks of one millisecond the later row is the newer one.
  const page = db.prepare(`select * from tasks where ${listed} order by created_at desc, rowid desc limit :limit offset :offset`);
  const find = db.prepare('select * from tasks where id = :id and user_id = :userId');
  const update = db.prepare(
    `update tasks set title = coalesce(:title, title), description = coalesce(:description, description),
       status = coalesce(:status, status), due_date = iif(:setDueDate, :due_date, due_date), updated_at = :now
     where id = :id and user_id = :userId returning *`,
  );
  const remove = db.prepare('delete from tasks where id = :id and user_id = :userId');

  return {
    /** Undefined when the user's account is being closed. */
    create: (userId: string, content: TaskContent) =>
      insert.get({ ...content, id: randomUUIDv7(), userId, now: Date.now() }) as Task | undefined,

    /** Newest first; `page` counts from 1, `total` is that of all pages. */
    list: (userId: string, query: { status?: Status | undefined; page: number; pageSize: number }) => {
      const filter = { userId, status: query.status ?? null };
      const { total } = count.get(filter) as { total: number };
      const offset = (query.page - 1) * query.pageSize;
      return { tasks: page.all({ ...filter, limit: query.pageSize, offset }) as Task[], total };
    },

    find: (userId: string, id: string) => find.get({ userId, id }) as Task | undefined,

    update: (userId: string, id: string, change: TaskChange) => {
      const { title = null, description = null, status = null, due_date = null } = change;
      const setDueDate = change.due_date === undefined ? 0 : 1;
      return update.get({ userId, id, title, description, status, due_date, setDueDate, now: Date.now() }) as Task | undefined;
    },

    /** False when the user has no such task. */
    remove: (userId: string, id: string) => remove.run({ userId, id }).changes === 1,

    /**
     * For an account that is about to be closed. It takes no new task for a while: a request that was let in a moment
     * earlier must not leave one behind that nobody owns.
     */
    removeAll: (userId: string) => {
      const now = Date.now();
      db.exec('begin immediate');
      try {
        db.prepare('delete from closing_accounts where until <= ?').run(now);
        db.prepare('insert or replace into closing_accounts (user_id, until) values (?, ?)').run(userId, now + closingMs);
        db.prepare('delete from tasks where user_id = ?').run(userId);
        db.exec('commit');
      } catch (error) {
        if (db.isTransaction) db.exec('rollback');
        throw error;
      }
    },
  };
};
