import { ok, Unavailable } from '@tegata/core';
import { anId, aSession, givenUser, startOfTest as now } from '@tegata/core/testing';
import { sql } from 'kysely';
import { Client } from 'pg';
import { describe, expect, inject, onTestFinished, test } from 'vitest';
import { createEmailStore } from '../../packages/server/src/stores/sql/emails.ts';
import { migrateToLatest } from '../../packages/server/src/stores/sql/migrate.ts';
import { openPostgres, type PostgresOptions } from '../../packages/server/src/stores/sql/postgres.ts';
import { createSessionStore } from '../../packages/server/src/stores/sql/sessions.ts';
import { createUserStore } from '../../packages/server/src/stores/sql/users.ts';
import { openBackend } from '../backend.ts';
import { freePort } from '../free-port.ts';

// What only PostgreSQL does, and what its driver makes of it.

/** An open database with a migrated schema, and a connection beside it that may do anything. */
const opened = async (options: PostgresOptions = {}) => {
  const { settings, release } = await openBackend();
  const url = settings.DATABASE_URL ?? '';
  const database = openPostgres(url, options);
  const operator = new Client({ connectionString: url });
  await operator.connect();
  onTestFinished(async () => {
    await operator.end();
    await database.close();
    await release();
  });
  return { ...database, url, operator };
};

/** A database without a schema. */
const emptyDatabase = async (): Promise<string> => {
  const { url } = inject('postgres');
  const name = `empty_${anId().replaceAll('-', '')}_${process.pid}`;
  const client = new Client({ connectionString: url });
  await client.connect();
  await client.query(`create database ${name}`);
  await client.end();
  return new URL(`/${name}`, url).href;
};

describe('statements', () => {
  const names = sql<{ name: string }>`select name from pg_prepared_statements order by name`;

  test('are named by their text and prepared once on a connection; behind a pooling proxy they have no names', async () => {
    const named = await opened({ poolSize: 1 });
    const users = createUserStore(named.db, named);
    for (let each = 0; each < 3; each += 1) await users.find(anId());
    expect((await names.execute(named.db)).rows).toHaveLength(2);

    const unnamed = await opened({ poolSize: 1, statements: 'unnamed' });
    await createUserStore(unnamed.db, unnamed).find(anId());
    expect((await names.execute(unnamed.db)).rows).toEqual([]);
  });

  test('get names only up to a bound', async () => {
    const { db } = await opened({ poolSize: 1 });
    for (let each = 0; each < 310; each += 1) await sql.raw(`select ${each}`).execute(db);
    expect((await names.execute(db)).rows).toHaveLength(300);
  });

  test('go on when the next release adds a column beneath them, and within a transaction ask to come back', async () => {
    const database = await opened({ poolSize: 1 });
    const sessions = createSessionStore(database.db, database);
    const session = aSession(anId());
    await sessions.create(session, 10);
    await sessions.find(session.id, session.userId);
    await database.operator.query('alter table sessions add column of_the_next_release text');
    expect(await sessions.find(session.id, session.userId)).toEqual(session);
    expect(await sessions.find(session.id, session.userId)).toEqual(session);
    await database.operator.query('alter table sessions add column of_the_one_after text');
    const inside = () =>
      database.db
        .transaction()
        .execute((transaction) => createSessionStore(transaction, database).find(session.id, session.userId));
    await expect(inside()).rejects.toBeInstanceOf(Unavailable);
    expect(await inside()).toEqual(session);
  });

  test('read whole numbers as numbers', async () => {
    const { db } = await opened();
    const asked = sql`select 1893456000000::bigint as time, count(*) as rows from users`;
    expect((await asked.execute(db)).rows).toEqual([{ time: 1_893_456_000_000, rows: 0 }]);
  });
});

describe('a transaction', () => {
  test('in which a statement failed unnoticed is not taken for committed', async () => {
    const { db } = await opened();
    const done = db.transaction().execute(async (transaction) => {
      await sql`select no_such_column from users`.execute(transaction).catch(() => undefined);
      return 'done';
    });
    await expect(done).rejects.toThrow('rolled back');
  });

  test('that closes a circle with another one is given up with a request to come back, and the other one goes on', async () => {
    const database = await opened();
    const stores = { users: createUserStore(database.db, database), emails: createEmailStore(database.db) };
    const [ada, ben] = [await givenUser(stores), await givenUser(stores)];
    const bothHold = { count: 0, reached: Promise.withResolvers<void>() };
    const lockBoth = (first: string, second: string) =>
      database.db.transaction().execute(async (transaction) => {
        const { lock } = createUserStore(transaction, database);
        await lock(first);
        bothHold.count += 1;
        if (bothHold.count === 2) bothHold.reached.resolve();
        await bothHold.reached.promise;
        return lock(second);
      });
    const outcomes = await Promise.allSettled([lockBoth(ada.id, ben.id), lockBoth(ben.id, ada.id)]);
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(outcomes.find(({ status }) => status === 'rejected')).toMatchObject({ reason: expect.any(Unavailable) });
  });
});

describe('a server that is not available', () => {
  const unavailable = (work: Promise<unknown>) => expect(work).rejects.toBeInstanceOf(Unavailable);

  test('is said to be so when nobody listens, when the database or the role does not exist, and never how to reach it', async () => {
    const own = new URL(inject('postgres').url);
    const wrong = [
      `postgres://tegata:canary@127.0.0.1:${await freePort()}/tegata`,
      `postgres://tegata:canary@${own.host}/no_such_database`,
      `postgres://nobody_of_that_name:canary@${own.host}/postgres`,
      'postgres://tegata:canary@no-such-host.invalid/tegata',
    ];
    for (const url of wrong) {
      const { db, close } = openPostgres(url);
      const error = await sql`select 1`.execute(db).catch((reason: unknown) => reason);
      expect(error, url).toBeInstanceOf(Unavailable);
      expect((error as Error).message).not.toMatch(/canary|127|invalid/);
      await close();
    }
  });

  test('takes nobody down when it ends every connection, and the next query gets a new one', async () => {
    const database = await opened({ poolSize: 3 });
    const { lock } = createUserStore(database.db, database);
    // Watched from the start: they fail while the end of the others is still being told.
    const sleeping = [1, 2].map(() => unavailable(sql`select pg_sleep(30)`.execute(database.db)));
    const endAll =
      "select count(pg_terminate_backend(pid))::int as ended from pg_stat_activity where application_name = 'tegata' and datname = current_database()";
    const ended = async () => Number((await database.operator.query(endAll)).rows[0].ended);
    while (
      (
        await database.operator.query(
          "select 1 from pg_stat_activity where query like 'select pg_sleep%' and datname = current_database()",
        )
      ).rowCount !== 2
    );
    expect(await ended()).toBeGreaterThanOrEqual(2);
    await Promise.all(sleeping);
    expect(await lock(anId())).toBe(false);

    // Idle ones, and one in the middle of a transaction.
    const begun = Promise.withResolvers<void>();
    const mayGoOn = Promise.withResolvers<void>();
    const transaction = database.db.transaction().execute(async (inside) => {
      await sql`select 1`.execute(inside);
      begun.resolve();
      await mayGoOn.promise;
      await sql`select 1`.execute(inside);
    });
    await begun.promise;
    await ended();
    mayGoOn.resolve();
    await unavailable(transaction);
    expect(await lock(anId())).toBe(false);
  });

  test('is said to be so while it is read-only, and by the one who finds no connection free', async () => {
    const database = await opened({ poolSize: 1 });
    const sessions = createSessionStore(database.db, database);
    await database.operator.query(
      `alter database ${new URL(database.url).pathname.slice(1)} set default_transaction_read_only = on`,
    );
    await sql`select pg_terminate_backend(pg_backend_pid())`.execute(database.db).catch(() => undefined);
    await unavailable(sessions.create(aSession(anId()), 10));
    await database.operator.query(
      `alter database ${new URL(database.url).pathname.slice(1)} reset default_transaction_read_only`,
    );
    await sql`select pg_terminate_backend(pg_backend_pid())`.execute(database.db).catch(() => undefined);

    const held = Promise.withResolvers<void>();
    const holding = database.db.transaction().execute(() => held.promise);
    await unavailable(sessions.find(anId(), anId()));
    held.resolve();
    await holding;
    expect(await sessions.find(anId(), anId())).toBeUndefined();
  });

  test('that does not answer is given up after a while, also in the middle of a statement', async () => {
    const database = await opened({ poolSize: 1 });
    await unavailable(sql`select pg_sleep(30)`.execute(database.db));
    expect((await sql`select 1 as one`.execute(database.db)).rows).toEqual([{ one: 1 }]);
  });

  test('is not what errors of the data are', async () => {
    const database = await opened();
    const users = createUserStore(database.db, database);
    const emails = createEmailStore(database.db);
    const { id } = await givenUser({ users, emails });
    const again = givenUser({ users, emails }, { id });
    await expect(again).rejects.toThrow(/duplicate key/);
    await expect(again).rejects.not.toBeInstanceOf(Unavailable);
  });

  test('does not stop what runs when the process closes its connections', async () => {
    const { settings, release } = await openBackend();
    const database = openPostgres(settings.DATABASE_URL ?? '');
    const running = database.db.transaction().execute(async (transaction) => {
      await sql`select pg_sleep(0.2)`.execute(transaction);
      return ok((await sql<{ one: number }>`select 1 as one`.execute(transaction)).rows[0]?.one);
    });
    await database.close();
    expect(await running).toEqual(ok(1));
    await expect(sql`select 1`.execute(database.db)).rejects.toThrow();
    await release();
  });
});

describe('migrating', () => {
  test('happens once, however many nodes start at once on an empty database', async () => {
    const url = await emptyDatabase();
    const nodes = [1, 2, 3, 4].map(() => openPostgres(url));
    const applied = (await Promise.all(nodes.map(migrateToLatest))).flat();
    expect(applied).toEqual([...new Set(applied)]);
    expect(applied.slice(0, 2)).toEqual(['0001-initial', '0002-organizations']);
    const users = createUserStore(nodes[0]!.db, nodes[0]!);
    expect(await users.list({ limit: 1 })).toEqual([]);
    await Promise.all(nodes.map(({ close }) => close()));
  });

  test('leaves nothing behind when it fails halfway, and succeeds once the cause is gone', async () => {
    const { db, ...database } = openPostgres(await emptyDatabase());
    await sql`create table mail_outbox (mine text)`.execute(db);
    await expect(migrateToLatest({ db, ...database })).rejects.toThrow(/mail_outbox/);
    expect((await db.introspection.getTables()).map((table) => table.name)).toEqual(['mail_outbox']);
    await sql`drop table mail_outbox`.execute(db);
    expect((await migrateToLatest({ db, ...database })).length).toBeGreaterThan(1);
    await database.close();
  });

  test('leaves a schema alone that the next release has migrated further', async () => {
    const database = await opened();
    await sql`insert into tegata_migrations values ('9999-from-the-future', '2041-01-01T00:00:00.000Z')`.execute(database.db);
    onTestFinished(async () => {
      const client = new Client({ connectionString: database.url });
      await client.connect();
      await client.query("delete from tegata_migrations where name like '9999%'");
      await client.end();
    });
    expect(await migrateToLatest(database)).toEqual([]);
    expect(await createUserStore(database.db, database).list({ limit: 1 })).toEqual([]);
  });
});

test('a time is the same on both sides of a round trip', async () => {
  const database = await opened();
  const users = createUserStore(database.db, database);
  const ada = await givenUser({ users, emails: createEmailStore(database.db) }, { createdAt: now });
  expect((await users.find(ada.id))?.createdAt).toBe(now);
});
