import type { UserStatus } from '../users/user.ts';

/**
 * Whose account is this? The whole policy of logging in through a provider, as one table.
 *
 * Two rules are behind all rows. The account at the provider is known by issuer and subject, never by its address, which
 * may change or pass to somebody else. And an address counts only when it is proved: at the provider, or it could be
 * anybody's; and here, or whoever registered it first, with a password of their own, would be let in together with its
 * owner (account pre-hijacking; Sudhodanan and Paverd, USENIX Security 2022).
 */
export type LinkingFacts = {
  /** Whether the flow was begun by a logged-in person, to add a connection. */
  loggedIn: 'yes' | 'no';
  /** Who has connected this account of the provider before. `caller`: the logged-in person. */
  connectedTo: 'nobody' | 'caller' | 'somebody';
  /** What the provider says about the address. */
  providerAddress: 'verified' | 'unverified' | 'missing';
  /** Who has that address here. `unproved`: an account that has proved no address at all. `beside_proved`: it has proved another one. */
  localAddress: 'nobody' | 'verified' | 'unproved' | 'beside_proved';
  /** Of the account that is connected, or else of the one that has the address. */
  status: UserStatus | 'none';
  /** The logged-in person's own address: proved here, the very one that the provider has just proved, or neither. */
  ownAddress: 'verified' | 'proved_now' | 'unverified';
  /** Whether the user to connect to, logged in or found by the address, has connected another account of this provider. */
  slot: 'free' | 'taken';
};

export type LinkingDecision =
  /** The user who has it connected logs in. */
  | 'log_in'
  /** A new, active user with a verified address and no password. */
  | 'create'
  /** Connect to the user who has the address, and log in. */
  | 'link'
  /** The same, after removing password, sessions, tokens and connections of whoever registered an address that was not theirs. */
  | 'claim'
  /** Take the unproved address from the account that holds it, and create a new user. */
  | 'release_and_create'
  /** Connect to the logged-in person. */
  | 'connect'
  /** Nothing to do. */
  | 'keep'
  | 'refuse_not_active'
  | 'refuse_address_missing'
  | 'refuse_address_unverified'
  | 'refuse_connected_to_other'
  | 'refuse_provider_taken'
  | 'refuse_verify_own_address';

type Pattern = { [Fact in keyof LinkingFacts]?: LinkingFacts[Fact] | readonly LinkingFacts[Fact][] };

/** A fact that a row does not name may be anything. */
export type LinkingRow = { when: Pattern; decide: LinkingDecision; because: string };

const notActive = ['pending', 'suspended', 'deactivated', 'none'] as const;
const closed = ['suspended', 'deactivated', 'none'] as const;
const strangers = { loggedIn: 'no', connectedTo: 'nobody' } as const;
const proved = { ...strangers, providerAddress: 'verified' } as const;

export const linkingTable: readonly LinkingRow[] = [
  {
    when: { loggedIn: 'no', connectedTo: ['somebody', 'caller'], status: 'active' },
    decide: 'log_in',
    because: 'The same issuer and subject are the same person, whatever address they have now.',
  },
  {
    when: { loggedIn: 'no', connectedTo: ['somebody', 'caller'], status: notActive },
    decide: 'refuse_not_active',
    because: 'A provider lifts no suspension.',
  },
  {
    when: { ...strangers, providerAddress: 'missing' },
    decide: 'refuse_address_missing',
    because: 'An account needs an address; without one, all such people would become one user.',
  },
  {
    when: { ...strangers, providerAddress: 'unverified' },
    decide: 'refuse_address_unverified',
    because: 'Anybody can type an address into a form at the provider.',
  },
  {
    when: { ...proved, localAddress: 'nobody' },
    decide: 'create',
    because: 'Nobody has the address, and the provider has proved it.',
  },
  {
    when: { ...proved, localAddress: ['verified', 'unproved', 'beside_proved'], status: closed },
    decide: 'refuse_not_active',
    because: 'A suspended or deactivated account stays so, and gets no second one beside it.',
  },
  {
    when: { ...proved, localAddress: 'verified', status: 'active', slot: 'free' },
    decide: 'link',
    because: 'Both sides have proved the address.',
  },
  {
    when: { ...proved, localAddress: 'verified', status: 'active', slot: 'taken' },
    decide: 'refuse_provider_taken',
    because: 'Another account of this provider logs in already: the address has passed from one to the other over there.',
  },
  {
    when: { ...proved, localAddress: 'verified', status: 'pending' },
    decide: 'claim',
    because: 'A pending account has proved nothing that may be relied on.',
  },
  {
    when: { ...proved, localAddress: 'unproved', status: ['active', 'pending'] },
    decide: 'claim',
    because:
      'Whoever registered the address never proved it. Its owner gets the account, and what the other one knows is worth nothing.',
  },
  {
    when: { ...proved, localAddress: 'beside_proved', status: ['active', 'pending'] },
    decide: 'release_and_create',
    because: "The account is somebody else's, who has proved another address; this one was mistyped or taken without right.",
  },
  {
    when: { loggedIn: 'yes', connectedTo: 'caller' },
    decide: 'keep',
    because: 'It is connected to this person already.',
  },
  {
    when: { loggedIn: 'yes', connectedTo: 'somebody' },
    decide: 'refuse_connected_to_other',
    because: 'One account at a provider logs in one user.',
  },
  {
    when: { loggedIn: 'yes', connectedTo: 'nobody', slot: 'taken' },
    decide: 'refuse_provider_taken',
    because: 'One account of each provider: remove the other one first.',
  },
  {
    when: { loggedIn: 'yes', connectedTo: 'nobody', slot: 'free', ownAddress: ['verified', 'proved_now'] },
    decide: 'connect',
    because: 'The person has shown both: the session here and the account there. The address there does not matter.',
  },
  {
    when: { loggedIn: 'yes', connectedTo: 'nobody', slot: 'free', ownAddress: 'unverified' },
    decide: 'refuse_verify_own_address',
    because: 'Else a stranger could register an address and keep a way in past the day its owner comes.',
  },
];

export const matchingRows = (facts: LinkingFacts): LinkingRow[] =>
  linkingTable.filter(({ when }) =>
    (Object.keys(when) as (keyof LinkingFacts)[]).every((fact) => [when[fact]].flat().includes(facts[fact] as never)),
  );

/** Of all combinations exactly one row matches: a test goes through them. */
export const decideLinking = (facts: LinkingFacts): LinkingDecision => {
  const [row] = matchingRows(facts);
  if (!row) throw new Error('the linking table has no row for these facts');
  return row.decide;
};
