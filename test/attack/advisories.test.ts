import { describe, expect, test } from 'vitest';
import { readCorpus } from '../corpora.ts';
import { figure } from '../scorecard/figure.ts';
import { accountChecks } from './advisories/accounts.ts';
import { httpChecks } from './advisories/http.ts';
import { mailChecks } from './advisories/mail.ts';
import { providerChecks } from './advisories/providers.ts';
import { sessionChecks } from './advisories/sessions.ts';
import { tokenChecks } from './advisories/tokens.ts';

// Published faults of other authentication servers and their libraries, each shown not to be ours. The behavior stands in the
// checks; the public collection is only counted against, so that none of its 75 cases is left out.

const areas = {
  tokens: tokenChecks,
  sessions: sessionChecks,
  accounts: accountChecks,
  mail: mailChecks,
  providers: providerChecks,
  http: httpChecks,
};
const checks = Object.values(areas).flat();
const passed = new Set<string>();

describe.each(Object.entries(areas))('%s', (_, those) => {
  test.each(those.map((check) => [check.title, check] as const))('%s', async (_title, { ids, run }) => {
    await run();
    for (const id of ids) passed.add(id);
  });
});

test('each of the 75 advisories is answered by one check', () => {
  const answered = checks.flatMap(({ ids }) => ids);
  expect(new Set(answered).size).toBe(answered.length);
  const text = readCorpus('advisory-regressions/cases.json', 'the list of ids is not compared with the public collection');
  const known: string[] = text === undefined ? answered : JSON.parse(text).map(({ id }: { id: string }) => id);
  expect(answered.toSorted()).toEqual(known.toSorted());
  const notThere = checks.filter(({ notApplicable }) => notApplicable !== undefined);
  const notApplicable = notThere.flatMap(({ ids }) => ids);
  const failed = answered.filter((id) => !passed.has(id));
  figure({
    row: 'advisories',
    part: 'all',
    tried: answered.length,
    failed: failed.length,
    detail: `${passed.size - notApplicable.length} shown by ${checks.length - notThere.length} checks, ${notApplicable.length} not applicable (${notThere.map((check) => check.notApplicable).join('; ')})`,
    reached: failed.length === 0,
  });
  expect(failed).toEqual([]);
});
