/** The audit log: rows are only ever added. */
import type { Audit, AuditEvent } from '@tegata/core';
import type { Kysely } from 'kysely';
import type { Database } from './database.ts';
import { newRowId } from './row-id.ts';

export const createAudit = (db: Kysely<Database>, { added }: { added: (event: AuditEvent) => void }): Audit => ({
  add: async (event, now) => {
    await db
      .insertInto('audit_events')
      .values({
        id: newRowId(now),
        at: now,
        type: event.type,
        user_id: event.userId ?? null,
        session_id: event.sessionId ?? null,
        ip_address: event.ipAddress ?? null,
        reason: event.reason ?? null,
      })
      .execute();
    added(event);
  },
});
