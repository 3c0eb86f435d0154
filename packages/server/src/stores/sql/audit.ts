/** The audit log: rows are only ever added. */
import type { Audit, AuditEvent, AuditEventType } from '@tegata/core';
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

  list: async ({ userId, types, since, limit }) => {
    if (types?.length === 0) return [];
    let query = db.selectFrom('audit_events').selectAll();
    if (userId !== undefined) query = query.where('user_id', '=', userId);
    if (types !== undefined) query = query.where('type', 'in', types);
    if (since !== undefined) query = query.where('at', '>=', since);
    const rows = await query.orderBy('at', 'desc').orderBy('id', 'desc').limit(limit).execute();
    return rows.map((row) => ({
      id: row.id,
      at: row.at,
      type: row.type as AuditEventType,
      userId: row.user_id,
      sessionId: row.session_id,
      ipAddress: row.ip_address,
      reason: row.reason,
    }));
  },
});
