// Writes the table of docs/audit.md from the types of the events. `npm run docs:audit`; a test checks that it is current.

import { readFileSync, writeFileSync } from 'node:fs';
import { auditEventTypes } from '../packages/core/src/audit/audit-event.ts';

const file = new URL('../docs/audit.md', import.meta.url);

/** The page with the table as it should be. */
export const withAuditTable = (page: string): string => {
  const rows = Object.entries(auditEventTypes).map(([type, [meaning, reason]]) => `| \`${type}\` | ${meaning} | ${reason} |`);
  const table = ['| type | what happened | `reason` |', '|---|---|---|', ...rows].join('\n');
  return page.replace(/(<!-- events -->\n)[\s\S]*?(\n<!-- \/events -->)/, (_, before, after) => before + table + after);
};

if (import.meta.main) writeFileSync(file, withAuditTable(readFileSync(file, 'utf8')));
