// `npm run docs:reference` writes docs/reference from the code; a test holds each page against it.

import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { configurationReference } from './reference/configuration.ts';
import { endpointsReference } from './reference/endpoints.ts';
import { eventsReference } from './reference/events.ts';
import { failuresReference } from './reference/failures.ts';

const folder = join(import.meta.dirname, '../docs/reference');

const readme = `# Reference

Made from the code by \`npm run docs:reference\`; a test checks that it is current, so nothing here is written by hand.

| page | what is in it |
|---|---|
| [configuration](configuration.md) | every setting: what it may be, what it is when it is not set, what production needs |
| [endpoints](endpoints.md) | every call of every contract: who may make it, what it answers, its limit |
| [failures](failures.md) | every code and reason: its status, what it means, what to do |
| [events](events.md) | every security event of the audit log |

The same calls with all their fields are at \`/docs\` and \`/openapi.json\` of a running server. Metrics: [metrics](../metrics.md), which a test compares with the code.
`;

/** Every page by its file name, as it should be. */
export const referencePages = (): Record<string, string> => ({
  'README.md': readme,
  'configuration.md': configurationReference(),
  'endpoints.md': endpointsReference(),
  'failures.md': failuresReference(),
  'events.md': eventsReference(),
});

/** What is there now. */
export const writtenPages = (): Record<string, string> =>
  Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8')]));

if (import.meta.main) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  for (const [name, page] of Object.entries(referencePages())) writeFileSync(join(folder, name), page);
}
