import { execFile } from 'node:child_process';
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { promisify } from 'node:util';
import { fail, ok, Unavailable } from '@tegata/core';
import {
  aConnection,
  aDigest,
  anId,
  anOrganization,
  aOneTimeToken,
  aPasswordHash,
  aResetMail,
  aSession,
  atomicallyContract,
  aUserEmail,
  auditContract,
  connectionStoreContract,
  emailStoreContract,
  givenUser,
  leaseStoreContract,
  lockoutStoreContract,
  minute,
  startOfTest as now,
  type OpenStores,
  oneTimeTokenStoreContract,
  organizationStoreContract,
  outboxContract,
  passwordStoreContract,
  purgeStoreContract,
  serviceStoreContract,
  sessionStoreContract,
  signingKeyStoreContract,
  singleUseContract,
  userStoreContract,
} from '@tegata/core/testing';
import { CompiledQuery, type Kysely, type RootOperationNode } from 'kysely';
import { afterAll, describe, expect, it } from 'vitest';
import type { Seal } from '../../adapters/seal.ts';
import type { Database, SqlDatabase } from './database.ts';
import { createEmailStore } from './emails.ts';
import { createLeases } from './leases.ts';
import { createLockoutStore } from './lockouts.ts';
import { migrateToLatest } from './migrate.ts';
import { createOneTimeTokenStore } from './one-time-tokens.ts';
import { createOrganizationStore } from './organizations.ts';
import { createOutbox } from './outbox.ts';
import { createPasswordStore } from './passwords.ts';
import { createPurge } from './purge.ts';
import { addRevocations, createRevocationLog } from './revocations.ts';
import { createServiceStore } from './services.ts';
import { createSessionStore } from './sessions.ts';
import { openDatabase, openSqlStores } from './sql-stores.ts';
import { openSqlite } from './sqlite.ts';
import { createUserStore } from './users.ts';

const folder = mkdtempSync(join(tmpdir(), 'tegata-stores-'));
afterAll(() => rmSync(folder, { recursive: true }));

const newFile = () => join(folder, anId(), 'tegata.db');

const sealWith = (key: Buffer): Seal => ({
  seal: (text) => {
    const iv = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', key, iv);
    return Buffer.concat([iv, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]).toString('base64url');
  },
  open: (sealed) => {
    const bytes = Buffer.from(sealed, 'base64url');
    const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12));
    decipher.setAuthTag(bytes.subarray(-16));
    return decipher.update(bytes.subarray(12, -16), undefined, 'utf8') + decipher.final('utf8');
  },
});
const seal = sealWith(randomBytes(32));
const silent = { audit: () => {}, outboxAdded: () => {} };
const openFile = (path: string) => openSqlStores({ url: `sqlite:${path}`, seal, onCommitted: silent });

const contracts: Record<string, (open: OpenStores) => void> = {
  userStoreContract,
  emailStoreContract,
  passwordStoreContract,
  connectionStoreContract,
  organizationStoreContract,
  serviceStoreContract,
  sessionStoreContract,
  oneTimeTokenStoreContract,
  singleUseContract,
  lockoutStoreContract,
  signingKeyStoreContract,
  leaseStoreContract,
  purgeStoreContract,
  outboxContract,
  atomicallyContract,
  auditContract,
};

describe.each([
  ['a file', () => `sqlite:${newFile()}`],
  ['memory', () => 'sqlite::memory:'],
])('the store contract on SQLite in %s', (_, url) => {
  for (const contract of Object.values(contracts)) {
    contract((onCommitted = silent) => openSqlStores({ url: url(), seal, onCommitted }));
  }
});

describe('a SQLite file', () => {
  it('keeps what was written when it is opened again', async () => {
    const path = newFile();
    const first = await openFile(path);
    const { emailId, ...ada } = await givenUser(first.stores);
    const session = aSession(ada.id);
    await first.stores.sessions.create(session, 10);
    await first.stores.outbox.add(aResetMail('ada@example.com'), now);
    await first.close();

    const second = await openFile(path);
    expect(await second.stores.sessions.findWithUser(session.id, session.userId)).toEqual({ session, user: ada });
    expect(await second.stores.outbox.claim(1, 60, now)).toMatchObject([{ message: aResetMail('ada@example.com') }]);
    await second.close();
  });

  it('holds no one-time token in clear, neither in the database nor in its log', async () => {
    const path = newFile();
    const { stores, close } = await openFile(path);
    const secret = 'Zm9yLXRoZS1vd25lci1vZi10aGUtbWFpbGJveC1vbmx5';
    await stores.outbox.add(aResetMail('ada@example.com', secret), now);
    const bytes = () => Buffer.concat(readdirSync(join(path, '..')).map((name) => readFileSync(join(path, '..', name))));
    expect(bytes().includes('ada@example.com')).toBe(true);
    expect(bytes().includes(secret)).toBe(false);
    await close();
    expect(bytes().includes(secret)).toBe(false);
  });

  it('is readable for its owner only, with its folder and its log', async () => {
    const path = newFile();
    const { close } = await openFile(path);
    expect(statSync(join(path, '..')).mode & 0o777).toBe(0o700);
    for (const name of readdirSync(join(path, '..'))) expect(statSync(join(path, '..', name)).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(path, '..'))).toContain('tegata.db-wal');
    await close();
  });

  it('flushes what it acknowledged, checks references and trusts no schema', async () => {
    const { db } = await openSqlite(newFile());
    const read = async (name: string) => Object.values((await db.executeQuery<object>(compiled(`pragma ${name}`))).rows[0]!)[0];
    expect(await read('journal_mode')).toBe('wal');
    expect(await read('synchronous')).toBe(2);
    expect(await read('foreign_keys')).toBe(1);
    expect(await read('trusted_schema')).toBe(0);
    await db.destroy();
  });

  it('counts failures without waiting for the disk, and waits for it again afterwards, also when counting failed', async () => {
    const path = newFile();
    await (await openFile(path)).close();
    const database = await openSqlite(path, { busyTimeoutMs: 1 });
    const lockouts = createLockoutStore(database.db, database);
    const seen: unknown[] = [];
    const synchronous = async () => {
      const [row] = (await database.db.executeQuery<{ synchronous: number }>(compiled('pragma synchronous'))).rows;
      seen.push(row?.synchronous);
    };
    await lockouts.change('somebody', '', () => ({ failures: 1, locks: 0, lockedUntil: null, updatedAt: now }));
    await synchronous();
    const other = new DatabaseSync(path);
    other.exec('begin immediate');
    await expect(lockouts.clearAll('somebody')).rejects.toBeInstanceOf(Unavailable);
    other.close();
    await synchronous();
    await lockouts.clearAll('somebody');
    await synchronous();
    expect(seen).toEqual([2, 2, 2]);
    await database.db.destroy();
  });

  it('leaves no row of a closed account in the tables of accounts', async () => {
    const path = newFile();
    const { stores, close } = await openFile(path);
    const { id: userId } = await givenUser(stores);
    await stores.emails.add(aUserEmail(userId));
    await stores.passwords.create({ id: anId(), userId, hash: aPasswordHash(), now });
    await stores.connections.add(aConnection(userId));
    await stores.oneTimeTokens.create(aOneTimeToken(userId));
    await stores.organizations.create(anOrganization(), { userId, role: 'user' });
    await stores.users.delete(userId);
    await close();
    const file = new DatabaseSync(path);
    for (const table of [
      'users',
      'active_users',
      'user_emails',
      'password_credentials',
      'oauth_accounts',
      'one_time_tokens',
      'memberships',
    ]) {
      expect(file.prepare(`select count(*) as rows from ${table}`).get()).toEqual({ rows: 0 });
    }
    file.close();
  });

  it('shows a user whose row among the active ones was deleted as not active, and verification does not wake them', async () => {
    const path = newFile();
    const { stores, close } = await openFile(path);
    const registered = await givenUser(stores, { status: 'pending' });
    await stores.users.activatePending(registered.id, now);
    const session = aSession(registered.id);
    await stores.sessions.create(session, 10);

    const operator = new DatabaseSync(path);
    operator.prepare('delete from active_users where user_id = ?').run(registered.id);
    operator.close();

    expect((await stores.users.find(registered.id))?.status).toBe('deactivated');
    expect((await stores.sessions.findWithUser(session.id, session.userId))?.user?.status).toBe('deactivated');
    expect((await stores.users.findForLogIn(registered.email))?.user.status).toBe('deactivated');
    expect(await stores.users.activatePending(registered.id, now)).toBe(false);
    await close();
  });

  it('forgets a failure that was counted in a transaction which was undone', async () => {
    const { stores, atomically, close } = await openFile(newFile());
    await atomically(async (inside) => {
      await inside.lockouts.change('ada', '', () => ({ failures: 1, locks: 0, lockedUntil: null, updatedAt: now }));
      return fail('changed_meanwhile');
    });
    await stores.lockouts.change('ada', '', (before) => {
      expect(before).toBeUndefined();
      return undefined;
    });
    await close();
  });

  it('keeps the rows of the audit log, with the reason that the answer hid', async () => {
    const path = newFile();
    const { stores, close } = await openFile(path);
    await stores.audit.add({ type: 'session.start_refused', userId: 'u1', ipAddress: '192.0.2.7', reason: 'locked' }, now);
    await stores.audit.add({ type: 'session.ended', sessionId: 's1', ipAddress: null }, now + 1);
    await close();
    const file = new DatabaseSync(path);
    expect(file.prepare('select at, type, user_id, session_id, ip_address, reason from audit_events order by at').all()).toEqual([
      { at: now, type: 'session.start_refused', user_id: 'u1', session_id: null, ip_address: '192.0.2.7', reason: 'locked' },
      { at: now + 1, type: 'session.ended', user_id: null, session_id: 's1', ip_address: null, reason: null },
    ]);
    file.close();
  });

  it('gives up a mail that was sealed with another secret, and sends the others', async () => {
    const path = newFile();
    const before = await openSqlStores({ url: `sqlite:${path}`, seal: sealWith(randomBytes(32)), onCommitted: silent });
    await before.stores.outbox.add(aResetMail('lost@example.com'), now);
    await before.close();
    const { stores, close } = await openFile(path);
    await stores.outbox.add(aResetMail('ada@example.com'), now + 1);
    expect(await stores.outbox.claim(10, 60, now + minute)).toMatchObject([{ message: { to: 'ada@example.com' } }]);
    expect(await stores.outbox.backlog(now)).toMatchObject({ waiting: 1 });
    await close();
  });

  it('waits for what is running before it closes', async () => {
    const path = newFile();
    const { stores, atomically, close } = await openFile(path);
    const written = atomically(async (inside) => {
      await new Promise(setImmediate);
      return ok(await givenUser(inside));
    });
    await close();
    const user = await written;
    await expect(stores.users.list({ limit: 1 })).rejects.toThrow();
    const reopened = await openFile(path);
    expect(await reopened.stores.users.find(user.ok ? user.value.id : '')).toBeDefined();
    await reopened.close();
  });

  it('is shared by two connections without losing a write', async () => {
    const path = newFile();
    const opened = await Promise.all([openFile(path), openFile(path)]);
    const { id: userId } = await givenUser(opened[0].stores);
    const token = aOneTimeToken(userId);
    await opened[0].stores.oneTimeTokens.create(token);
    const uses = await Promise.all(
      Array.from({ length: 50 }, (_, index) => opened[index % 2 ? 1 : 0].stores.oneTimeTokens.consume(token.id, now)),
    );
    expect(uses.filter(Boolean)).toHaveLength(1);
    for (const { close } of opened) await close();
  });
});

describe('migrating', () => {
  const everyMigration = [
    '0001-initial',
    '0002-organizations',
    '0003-nodes',
    '0004-signing-keys',
    '0005-connections',
    '0006-services',
    '0007-revocations',
    '0008-revocations-by-user',
    '0009-mail-by-recipient',
    '0010-room-for-refreshes',
  ];

  it('happens once when several processes start at once on a new file', async () => {
    for (let round = 0; round < 2; round += 1) {
      const path = newFile();
      const starts = await Promise.all([1, 2, 3].map(() => migrateInOwnProcess(path)));
      expect(starts.flat()).toEqual(everyMigration);
      const file = new DatabaseSync(path);
      const recorded = file.prepare('select name from tegata_migrations order by name').all();
      expect(recorded.map(({ name }) => name)).toEqual(everyMigration);
      file.close();
    }
  });

  it('happens once when two connections of one process start at once', async () => {
    const path = newFile();
    const databases = await Promise.all([1, 2].map(() => openDatabase(`sqlite:${path}`)));
    expect((await Promise.all(databases.map(migrateToLatest))).flat()).toEqual(everyMigration);
    for (const { db } of databases) await db.destroy();
  });

  it('leaves nothing behind when it fails halfway, and succeeds once the cause is gone', async () => {
    const database = await openDatabase(`sqlite:${newFile()}`);
    const { db } = database;
    await db.executeQuery(compiled('create table mail_outbox (mine text)'));
    await expect(migrateToLatest(database)).rejects.toThrow(/0001-initial failed.*mail_outbox/);
    expect((await db.introspection.getTables()).map((table) => table.name)).toEqual(['mail_outbox']);
    await db.executeQuery(compiled('drop table mail_outbox'));
    expect(await migrateToLatest(database)).toEqual(everyMigration);
    await db.destroy();
  });

  it('brings the file of the first release up to date, and its people may have organizations', async () => {
    const path = newFile();
    const first = await openFile(path);
    const { emailId, ...ada } = await givenUser(first.stores);
    await first.close();
    const file = new DatabaseSync(path);
    const newerTables = [
      ...[
        'leases',
        'memberships',
        'organizations',
        'signing_keys',
        'oauth_accounts',
        'single_use_marks',
        'services',
        'revocations',
      ],
    ];
    const drops = newerTables.map((table) => `drop table ${table};`).join(' ');
    file.exec(
      `${drops} drop index mail_outbox_done; drop index mail_outbox_by_recipient; delete from tegata_migrations where name > '0001-initial'`,
    );
    file.close();

    const { stores, close } = await openFile(path);
    expect(await stores.users.find(ada.id)).toEqual(ada);
    await stores.organizations.create(anOrganization(), { userId: ada.id, role: 'user' });
    expect(await stores.organizations.findMembership(ada.id)).toMatchObject({ role: 'user' });
    await close();
  });

  it('leaves the tables of an embedding application and its migrations alone', async () => {
    const database = await openDatabase('sqlite::memory:');
    const { db } = database;
    await db.executeQuery(compiled('create table kysely_migration (name text)'));
    await migrateToLatest(database);
    expect((await db.executeQuery(compiled('select * from kysely_migration'))).rows).toEqual([]);
    await db.destroy();
  });

  it('lets the previous release start on the schema of the next', async () => {
    const path = newFile();
    await (await openFile(path)).close();
    const file = new DatabaseSync(path);
    file.exec("insert into tegata_migrations values ('9999-from-the-future', '2041-01-01T00:00:00.000Z')");
    file.close();
    await (await openFile(path)).close();
  });
});

describe('a database that is not available', () => {
  it('is said to be so when another process holds it, and works again afterwards', async () => {
    const path = newFile();
    await (await openFile(path)).close();
    const { db } = await openSqlite(path, { busyTimeoutMs: 1 });
    const tokens = createOneTimeTokenStore(db);
    const other = new DatabaseSync(path);
    other.exec('begin immediate');
    await expect(tokens.consume(anId(), now)).rejects.toBeInstanceOf(Unavailable);
    await expect(db.transaction().execute(async () => {})).rejects.toBeInstanceOf(Unavailable);
    expect(await tokens.findByDigest('reset_password', aDigest())).toBeUndefined();
    other.exec('rollback');
    other.close();
    expect(await tokens.consume(anId(), now)).toBe(false);
    await db.destroy();
  });

  it('is said to be so when the disk is full; the transaction is undone whole, and the next one works', async () => {
    const path = newFile();
    const opened = await openFile(path);
    const database = await openSqlite(path);
    const { db } = database;
    const users = createUserStore(db, database);
    const emails = createEmailStore(db);
    const pages = (await db.executeQuery<{ page_count: number }>(compiled('pragma page_count'))).rows[0]?.page_count;
    await db.executeQuery(compiled(`pragma max_page_count = ${pages}`));
    const filling = db.transaction().execute(async (transaction) => {
      await givenUser(
        { users: createUserStore(transaction, database), emails: createEmailStore(transaction) },
        { name: 'x'.repeat(10_000) },
      );
    });
    await expect(filling).rejects.toBeInstanceOf(Unavailable);
    expect(await users.list({ limit: 10 })).toEqual([]);
    await db.executeQuery(compiled('pragma max_page_count = 100000'));
    await givenUser({ users, emails });
    expect(await opened.stores.users.list({ limit: 10 })).toHaveLength(1);
    await db.destroy();
    await opened.close();
  });

  it('is said to be so when it became read-only', async () => {
    const path = newFile();
    const { close } = await openFile(path);
    const database = await openSqlite(path);
    const { db } = database;
    await db.executeQuery(compiled('pragma query_only = on'));
    await expect(givenUser({ users: createUserStore(db, database), emails: createEmailStore(db) })).rejects.toBeInstanceOf(
      Unavailable,
    );
    await db.destroy();
    await close();
  });

  it('is said to be so when there is no database in the file, or no place for the file', async () => {
    const path = join(folder, anId());
    writeFileSync(path, 'a letter, and no database: it is a little longer than the header that one would have');
    await expect(openFile(path)).rejects.toBeInstanceOf(Unavailable);
    await expect(openFile(join(path, 'below-a-file.db'))).rejects.toBeInstanceOf(Unavailable);
  });

  it('does not hide behind the error of a rollback that SQLite has already made', async () => {
    const { db } = await openSqlite(newFile());
    const interrupted = db.transaction().execute(async (transaction) => {
      await transaction.executeQuery(compiled('rollback'));
      throw new Unavailable('the disk is full');
    });
    await expect(interrupted).rejects.toThrow('the disk is full');
    await db.destroy();
  });

  it('answers ping while it is available', async () => {
    const { ping, close } = await openFile(newFile());
    await ping();
    await close();
    await expect(ping()).rejects.toThrow();
  });
});

describe('the address of a database', () => {
  it('must name a kind that is known and a file; what it held is not repeated', async () => {
    await expect(openDatabase('mysql://tegata:secret@db/tegata')).rejects.toThrow(
      /^the database address must begin with sqlite: or postgres:$/,
    );
    await expect(openDatabase('sqlite:')).rejects.toThrow('sqlite:<file>');
  });
});

describe('the plan of every query of a request', () => {
  it('goes through an index, never through a whole table', async () => {
    const path = newFile();
    await (await openFile(path)).close();
    const { db: plain, ...database } = await openSqlite(path);
    const nodes: RootOperationNode[] = [];
    const db: Kysely<Database> = plain.withPlugin({
      transformQuery: ({ node }) => {
        nodes.push(node);
        return node;
      },
      transformResult: async ({ result }) => result,
    });
    await runEveryQuery(db, database);
    const executor = plain.getExecutor();
    const file = new DatabaseSync(path);
    const scans = nodes
      .map((node) => executor.compileQuery(node, { queryId: '' }))
      .flatMap(({ sql, parameters }) =>
        file
          .prepare(`explain query plan ${sql}`)
          // A precompiled query has stand-ins for its values; the plan does not depend on them.
          .all(...parameters.map((value) => (typeof value === 'object' ? null : (value as string))))
          .map((step) => ({ sql, step: String(step.detail) })),
      )
      .filter(({ step }) => step.startsWith('SCAN'));
    file.close();
    await plain.destroy();
    expect(nodes.length).toBeGreaterThan(40);
    // What was sent and kept is read newest first along an index of nothing else, up to the limit; what is due is a list
    // that the claim has just made, of a few ids.
    const bounded = ['SCAN mail_outbox USING INDEX mail_outbox_kept', 'SCAN due'];
    expect(scans.filter(({ step }) => !bounded.includes(step))).toEqual([]);
  });
});

const runEveryQuery = async (
  db: Kysely<Database>,
  database: Pick<SqlDatabase, 'serialize' | 'lockRow' | 'waitForWriters' | 'skipLocked' | 'readsFromWrites'>,
) => {
  const [users, emails, passwords] = [createUserStore(db, database), createEmailStore(db), createPasswordStore(db)];
  const [sessions, tokens] = [createSessionStore(db, database), createOneTimeTokenStore(db)];
  const outbox = createOutbox(db, { skipLocked: database.skipLocked, seal, added: () => {} });
  const ada = await givenUser({ users, emails }, { status: 'pending' });
  const [session, token, hash] = [aSession(ada.id), aOneTimeToken(ada.id), aPasswordHash()];

  await users.lock(ada.id);
  await users.findByEmail(ada.email);
  await users.findForLogIn(ada.email);
  await users.update(ada.id, { name: 'Ada' }, now);
  await users.activatePending(ada.id, now);
  await users.setStatus(ada.id, 'suspended', now);
  await users.list({ limit: 10, before: anId() });
  await emails.list(ada.id);
  await emails.markVerified(ada.id, ada.email, now);
  await emails.setPrimary(ada.id, ada.emailId, now);
  await emails.remove(ada.id, ada.emailId);
  await passwords.set({ id: anId(), userId: ada.id, hash, now });
  await passwords.replace(ada.id, hash, hash, now);
  await passwords.find(ada.id);

  const organizations = createOrganizationStore(db, database);
  await organizations.create(anOrganization(), { userId: ada.id, role: 'user' });
  await organizations.findMembership(ada.id);
  await organizations.findSettledMembership(ada.id);
  await organizations.changeRole(ada.id, anId(), 'admin', now);

  const services = createServiceStore(db);
  await services.create({ id: anId(), name: 'notes', scopes: ['introspect'], createdAt: now, revokedAt: null }, aDigest());
  await services.find(anId());
  await services.revoke(anId(), now);

  const revocations = createRevocationLog(db);
  await addRevocations(db, [
    { sessionId: null, userId: ada.id, generation: null, reason: 'account_closed', revokedAt: now, expiresAt: now },
  ]);
  await revocations.listAfter(anId(), now);
  await revocations.purge(now, 10);

  await sessions.create(session, 10);
  await sessions.find(session.id, session.userId);
  await sessions.findWithUser(session.id, session.userId);
  await sessions.listLive(ada.id, now);
  const { generation, refreshJti } = session;
  const to = { refreshJti: anId(), refreshKid: 'key-1' };
  await sessions.rotate({
    id: session.id,
    userId: ada.id,
    from: { generation, refreshJti },
    to,
    now,
  });
  await sessions.markSuccessorSeen(session.id, ada.id, 1);
  await sessions.end(session.id, ada.id, 'logged_out', now);
  await sessions.endAll(ada.id, 'logged_out', now, session.id);

  await tokens.create(token);
  await tokens.findByDigest(token.purpose, token.digest);
  await tokens.findNewest(token.purpose, token.email);
  await tokens.takeCodeAttempt(token.id, 5);
  await tokens.consume(token.id, now);
  await tokens.invalidate(ada.id, token.purpose, now);
  await tokens.invalidate(ada.id, token.purpose, now, token.email);
  await tokens.listUsable(ada.id, token.purpose, now);
  await tokens.remove(token.id, ada.id);

  await outbox.add(aResetMail('ada@example.com'), now);
  const [claimed] = await outbox.claim(10, 60, now);
  await outbox.markFailed(claimed!, 'refused', now, now);
  await outbox.markSent(claimed?.id ?? '', now, true);
  await outbox.listKept(10);

  const purge = createPurge(db);
  await createLeases(db).take('purge', 'node', 60, now);
  for (const kind of ['sessions', 'oneTimeTokens', 'lockouts', 'mails', 'auditEvents'] as const) await purge[kind](now, 10);
  await users.delete(ada.id);
};

const compiled = (sql: string) => CompiledQuery.raw(sql);

/** Starts a process that migrates the file, and gives the names it applied. */
const migrateInOwnProcess = async (path: string): Promise<string[]> => {
  const module = new URL('./sql-stores.ts', import.meta.url).href;
  const migrate = new URL('./migrate.ts', import.meta.url).href;
  const script = `
    import { openDatabase } from '${module}';
    import { migrateToLatest } from '${migrate}';
    const database = await openDatabase('sqlite:${path}');
    process.stdout.write(JSON.stringify(await migrateToLatest(database)));
    await database.db.destroy();`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script]);
  return JSON.parse(stdout);
};
