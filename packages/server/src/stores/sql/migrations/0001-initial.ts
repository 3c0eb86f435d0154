/**
 * The first schema. Migrations are append-only: a released one is never edited, and each leaves the previous release
 * able to run. Partial indexes keep the ones that every refresh or mail touches small; they are written with literals,
 * because a condition on a bound value cannot use them.
 */
import { type Kysely, type Migration, sql } from 'kysely';

export const initial: Migration = {
  up: async (db: Kysely<unknown>): Promise<void> => {
    await createAccountTables(db);
    await createSessionTables(db);
    await createMailAndAuditTables(db);
  },
};

const createAccountTables = async (db: Kysely<unknown>): Promise<void> => {
  await db.schema
    .createTable('users')
    .addColumn('id', 'text', (column) => column.primaryKey().notNull())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('avatar_url', 'text')
    .addColumn('locale', 'text', (column) => column.notNull())
    .addColumn('inactive_reason', 'text', (column) =>
      column.check(sql`inactive_reason in ('pending', 'suspended', 'deactivated')`),
    )
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('updated_at', 'bigint', (column) => column.notNull())
    .execute();

  await db.schema
    .createTable('active_users')
    .addColumn('user_id', 'text', (column) => column.primaryKey().notNull().references('users.id').onDelete('cascade'))
    .addColumn('activated_at', 'bigint', (column) => column.notNull())
    .execute();

  await db.schema
    .createTable('user_emails')
    .addColumn('id', 'text', (column) => column.primaryKey().notNull())
    .addColumn('user_id', 'text', (column) => column.notNull().references('users.id').onDelete('cascade'))
    .addColumn('email', 'text', (column) => column.notNull().unique())
    .addColumn('is_primary', 'integer', (column) => column.notNull().check(sql`is_primary in (0, 1)`))
    .addColumn('verified_at', 'bigint')
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('updated_at', 'bigint', (column) => column.notNull())
    .execute();
  await db.schema.createIndex('user_emails_by_user').on('user_emails').column('user_id').execute();
  await db.schema
    .createIndex('user_emails_one_primary')
    .unique()
    .on('user_emails')
    .column('user_id')
    .where(sql.ref('is_primary'), '=', sql.lit(1))
    .execute();

  await db.schema
    .createTable('password_credentials')
    .addColumn('id', 'text', (column) => column.primaryKey().notNull())
    .addColumn('user_id', 'text', (column) => column.notNull().unique().references('users.id').onDelete('cascade'))
    .addColumn('password_hash', 'text', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('updated_at', 'bigint', (column) => column.notNull())
    .execute();

  await db.schema
    .createTable('one_time_tokens')
    .addColumn('id', 'text', (column) => column.primaryKey().notNull())
    .addColumn('user_id', 'text', (column) => column.notNull().references('users.id').onDelete('cascade'))
    .addColumn('purpose', 'text', (column) => column.notNull())
    .addColumn('email', 'text', (column) => column.notNull())
    .addColumn('digest', 'text', (column) => column.notNull())
    .addColumn('code_digest', 'text')
    .addColumn('code_attempts', 'integer', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('expires_at', 'bigint', (column) => column.notNull())
    .addColumn('used_at', 'bigint')
    .execute();
  await db.schema
    .createIndex('one_time_tokens_by_digest')
    .unique()
    .on('one_time_tokens')
    .columns(['digest', 'purpose'])
    .execute();
  await db.schema.createIndex('one_time_tokens_by_user').on('one_time_tokens').columns(['user_id', 'purpose']).execute();
  await db.schema
    .createIndex('one_time_tokens_by_email')
    .on('one_time_tokens')
    .columns(['email', 'purpose', 'created_at'])
    .execute();
  await db.schema.createIndex('one_time_tokens_by_expiry').on('one_time_tokens').column('expires_at').execute();
};

const createSessionTables = async (db: Kysely<unknown>): Promise<void> => {
  await db.schema
    .createTable('sessions')
    .addColumn('id', 'text', (column) => column.primaryKey().notNull())
    .addColumn('user_id', 'text', (column) => column.notNull())
    .addColumn('generation', 'integer', (column) => column.notNull())
    .addColumn('refresh_jti', 'text', (column) => column.notNull())
    .addColumn('previous_jti', 'text')
    .addColumn('refresh_kid', 'text', (column) => column.notNull())
    .addColumn('rotated_at', 'bigint', (column) => column.notNull())
    .addColumn('successor_seen', 'integer', (column) => column.notNull().check(sql`successor_seen in (0, 1)`))
    .addColumn('idle_seconds', 'bigint', (column) => column.notNull())
    .addColumn('user_agent', 'text')
    .addColumn('ip_address', 'text')
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('last_used_at', 'bigint', (column) => column.notNull())
    .addColumn('expires_at', 'bigint', (column) => column.notNull())
    .addColumn('absolute_expires_at', 'bigint', (column) => column.notNull())
    .addColumn('ended_at', 'bigint')
    .addColumn('end_reason', 'text')
    .execute();
  await db.schema
    .createIndex('sessions_open_by_user')
    .on('sessions')
    .column('user_id')
    .where(sql.ref('ended_at'), 'is', null)
    .execute();
  // For purging. Not `expires_at`: every refresh moves it, and keeping an index of it costs a refresh up to a third.
  await db.schema.createIndex('sessions_by_absolute_expiry').on('sessions').column('absolute_expires_at').execute();
  await db.schema
    .createIndex('sessions_by_end')
    .on('sessions')
    .column('ended_at')
    .where(sql.ref('ended_at'), 'is not', null)
    .execute();

  await db.schema
    .createTable('lockouts')
    .addColumn('subject', 'text', (column) => column.notNull())
    .addColumn('source', 'text', (column) => column.notNull())
    .addColumn('failures', 'integer', (column) => column.notNull())
    .addColumn('locks', 'integer', (column) => column.notNull())
    .addColumn('locked_until', 'bigint')
    .addColumn('updated_at', 'bigint', (column) => column.notNull())
    .addColumn('version', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('lockouts_key', ['subject', 'source'])
    .execute();
  await db.schema.createIndex('lockouts_by_update').on('lockouts').column('updated_at').execute();
};

const createMailAndAuditTables = async (db: Kysely<unknown>): Promise<void> => {
  await db.schema
    .createTable('mail_outbox')
    .addColumn('id', 'text', (column) => column.primaryKey().notNull())
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('recipient', 'text', (column) => column.notNull())
    .addColumn('sealed_body', 'text')
    .addColumn('attempts', 'integer', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('next_attempt_at', 'bigint', (column) => column.notNull())
    .addColumn('claimed_until', 'bigint')
    .addColumn('last_error', 'text')
    .addColumn('sent_at', 'bigint')
    .addColumn('failed_at', 'bigint')
    .execute();
  await sql`create index mail_outbox_due on mail_outbox (next_attempt_at, id) where sent_at is null and failed_at is null`.execute(
    db,
  );
  await sql`create index mail_outbox_kept on mail_outbox (created_at, id) where sent_at is not null and sealed_body is not null`.execute(
    db,
  );

  await db.schema
    .createTable('audit_events')
    .addColumn('id', 'text', (column) => column.primaryKey().notNull())
    .addColumn('at', 'bigint', (column) => column.notNull())
    .addColumn('type', 'text', (column) => column.notNull())
    .addColumn('user_id', 'text')
    .addColumn('session_id', 'text')
    .addColumn('ip_address', 'text')
    .addColumn('reason', 'text')
    .execute();
  await db.schema.createIndex('audit_events_by_user').on('audit_events').columns(['user_id', 'at']).execute();
  await db.schema.createIndex('audit_events_by_time').on('audit_events').column('at').execute();
};
