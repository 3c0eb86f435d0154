import { auditEventTypes } from '../../packages/core/src/audit/audit-event.ts';
import { code, table } from './table.ts';

export const eventsReference = (): string => `# Security events

Every event of the audit log, by its \`type\`. How to read them, and what they never hold: [the audit log](../audit.md).

${table(
  ['type', 'what happened', '`reason`'],
  Object.entries(auditEventTypes).map(([type, [meaning, reason]]) => [code(type), meaning, reason]),
)}
`;
