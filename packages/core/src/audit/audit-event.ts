/**
 * What happened, for the audit log: who, what, from where, why. Never a credential, never an address of mail. Every type
 * is here with what it means and what its reason can be; docs/audit.md is this table for people.
 */
export const auditEventTypes = {
  'user.registered': ['somebody registered', 'the provider, when it was through one'],
  'user.imported': ['an operator imported an account from elsewhere', ''],
  'user.updated': ['name or language changed', ''],
  'user.closed': ['somebody closed their account', ''],
  'user.claimed': ['the owner of the address proved it, and an account that never had lost its password and sessions', ''],
  'user.status_changed': ['an operator suspended, deactivated or activated somebody', 'the new status'],
  'user.unlocked': ['an operator lifted every lock on somebody', '`by_operator`'],
  'email.verified': ['an address was proved', ''],
  'email.added': ['an address was added, as a claim', ''],
  'email.removed': ['an address was removed', '`proved_by_another`, when its owner proved it elsewhere'],
  'email.primary_changed': ['another address became the primary one', ''],
  'email.primary_restored': ['the link in the warning undid that', ''],
  'session.started': ['somebody logged in', ''],
  'session.start_refused': [
    'a log-in failed',
    'why, also where the answer hid it: `wrong_password`, `unknown_address`, `locked`, `no_password`, `email_not_verified`, `account_suspended`, `account_deactivated`, `changed_meanwhile`; through a provider its name and why',
  ],
  'session.ended': [
    'a session ended by a log-out or a limit',
    '`logged_out`, `logged_out_everywhere`, `session_revoked`, `session_limit`',
  ],
  'session.reuse_detected': ['a refresh token came back that no honest client holds; its session ended', ''],
  'connection.added': ['a provider was connected', 'the provider'],
  'connection.removed': ['a provider was disconnected', 'the provider'],
  'password.changed': ['somebody changed their password, knowing the old one', ''],
  'password.set': ['a password was set where none was asked for', '`by_operator`; empty for somebody who had none'],
  'password.check_failed': ['somebody logged in gave a wrong password before a change', '`wrong_password`, `account_locked`'],
  'password.reset': ['a reset link set a new password; every session ended', ''],
  'password.reset_requested': ['a reset link was mailed', ''],
  'signing_key.created': ['a signing key was made', 'its kid'],
  'signing_key.rotated': ['an operator had the next key take over', 'the kid of the next key'],
  'signing_key.revoked': ['an operator revoked a signing key', 'its kid'],
  'membership.role_changed': ['somebody got another role', 'from which to which'],
  'service.added': ['a service got credentials', 'its id'],
  'service.revoked': ["a service's credentials were revoked", 'its id'],
} as const satisfies Record<string, readonly [meaning: string, reason: string]>;

export type AuditEventType = keyof typeof auditEventTypes;

export const isAuditEventType = (text: string): text is AuditEventType => Object.hasOwn(auditEventTypes, text);

export type AuditEvent = {
  type: AuditEventType;
  userId?: string | undefined;
  sessionId?: string | undefined;
  ipAddress?: string | null | undefined;
  /** The real reason, which the answer may have hidden. */
  reason?: string | undefined;
};

/** An event as the log keeps it. */
export type AuditRecord = {
  id: string;
  at: number;
  type: AuditEventType;
  userId: string | null;
  sessionId: string | null;
  ipAddress: string | null;
  reason: string | null;
};

/** Which events: all conditions together. */
export type AuditQuery = {
  userId?: string | undefined;
  types?: readonly AuditEventType[] | undefined;
  /** From this time on. */
  since?: number | undefined;
  limit: number;
};
