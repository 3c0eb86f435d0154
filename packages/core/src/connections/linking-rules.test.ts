import { describe, expect, test } from 'vitest';
import { decideLinking, type LinkingFacts, linkingTable, matchingRows } from './linking-rules.ts';

const values: { [Fact in keyof LinkingFacts]: readonly LinkingFacts[Fact][] } = {
  loggedIn: ['no', 'yes'],
  connectedTo: ['nobody', 'caller', 'somebody'],
  providerAddress: ['verified', 'unverified', 'missing'],
  localAddress: ['nobody', 'verified', 'unproved', 'beside_proved'],
  status: ['active', 'pending', 'suspended', 'deactivated', 'none'],
  ownAddress: ['verified', 'proved_now', 'unverified'],
  slot: ['free', 'taken'],
};

/** Every combination of facts, possible or not: what cannot be must not open a door either. */
const everyCase = (Object.keys(values) as (keyof LinkingFacts)[]).reduce<Partial<LinkingFacts>[]>(
  (cases, fact) => cases.flatMap((one) => values[fact].map((value) => ({ ...one, [fact]: value }))),
  [{}],
) as LinkingFacts[];

const casesOf = (row: (typeof linkingTable)[number]) => everyCase.filter((facts) => matchingRows(facts).includes(row));

test('every combination of facts has exactly one row', () => {
  expect(everyCase).toHaveLength(2160);
  for (const facts of everyCase) expect(matchingRows(facts), JSON.stringify(facts)).toHaveLength(1);
});

describe('each row decides', () => {
  test.each(linkingTable.map((row) => [row.decide, row.because, row] as const))('%s: %s', (decision, _, row) => {
    const cases = casesOf(row);
    expect(cases.length).toBeGreaterThan(0);
    for (const facts of cases) expect(decideLinking(facts)).toBe(decision);
  });
});

// What must hold in every case, written down without looking at the table.

const decisions = (when: (facts: LinkingFacts) => boolean) => new Set(everyCase.filter(when).map(decideLinking));
const isRefusal = (decision: string) => decision.startsWith('refuse_');

describe('in every case', () => {
  test('nobody is let in, linked or made by an address that the provider has not verified', () => {
    const strangers = decisions(
      (facts) => facts.loggedIn === 'no' && facts.connectedTo === 'nobody' && facts.providerAddress !== 'verified',
    );
    expect([...strangers].every(isRefusal)).toBe(true);
  });

  test('an address that was not proved here never links with what its registrant left behind', () => {
    for (const facts of everyCase) {
      if (decideLinking(facts) === 'link') {
        expect(facts).toMatchObject({
          providerAddress: 'verified',
          localAddress: 'verified',
          status: 'active',
          connectedTo: 'nobody',
        });
      }
    }
  });

  test('a suspended or deactivated account is never logged in to, linked, claimed or given a second one', () => {
    const closed = decisions(
      ({ loggedIn, status, connectedTo, localAddress }) =>
        loggedIn === 'no' &&
        ['suspended', 'deactivated'].includes(status) &&
        (connectedTo !== 'nobody' || localAddress !== 'nobody'),
    );
    expect([...closed].every(isRefusal)).toBe(true);
  });

  test('an account at a provider that is connected is never connected to anybody else', () => {
    const known = decisions((facts) => facts.connectedTo === 'somebody');
    expect(known).toEqual(new Set(['log_in', 'refuse_not_active', 'refuse_connected_to_other']));
  });

  test('without a logged-in person nothing is connected by their choice, and with one nobody else is logged in', () => {
    expect(decisions((facts) => facts.loggedIn === 'no')).not.toContain('connect');
    const logged = decisions((facts) => facts.loggedIn === 'yes');
    for (const never of ['log_in', 'create', 'link', 'claim', 'release_and_create']) expect(logged).not.toContain(never);
  });

  test('a second account of one provider is never added', () => {
    const taken = decisions((facts) => facts.slot === 'taken');
    for (const never of ['link', 'connect']) expect(taken).not.toContain(never);
  });
});
