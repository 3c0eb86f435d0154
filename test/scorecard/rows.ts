/** The rows of docs/scorecard.md: what is shown, how, and the figure to reach. Tests report to them with `figure`. */
export const rows = {
  jws: {
    title: 'Wrong decisions on public JWS vectors',
    method: 'HS256 and ES256 groups of Wycheproof less its four faulty cases, and the primitives',
    target: '0 of 77, and 0 of 587 primitives',
  },
  forged: {
    title: 'Forged tokens accepted',
    method: 'every recipe for each algorithm, foreign tokens and 401 JWS strings, on every protected endpoint and on refresh',
    target: '0 of at least 1,500; no 5xx; no outgoing request',
  },
  lineage: {
    title: 'Live lineages after concurrent refresh',
    method:
      '64 uses of one token at once, 200 rounds on each store, two processes, then reuse of the token from two rotations ago',
    target: 'exactly 1 in each round, 0 after the family ended',
  },
  'loss-proof': {
    title: 'Forced log-outs by lost answers',
    method:
      'model with requests and answers dropped, delayed within the grace, doubled and reordered, 20 tabs, two nodes; nodes killed with kill -9 under load',
    target: '0 in 10,000 runs; a replay after the grace always ends the session',
  },
  'single-use': {
    title: 'One-time secrets spent twice',
    method:
      '16 workers at two processes for each of 200 tokens of each kind (verification link and code, further address, reset, undo, OAuth state); 50 at once for one',
    target: 'exactly one success for each',
  },
  confusion: {
    title: 'Tokens of one kind taken for another',
    method:
      'every kind of token at every place of a request that takes one, from the OpenAPI documents; then each at its right place',
    target: '0',
  },
  'lockout-leak': {
    title: 'Guesses that get past the lockout',
    method:
      '50 accounts, 100 guesses at once, the right one at random rank, two processes, other spellings of the address; evaluated guesses counted as hashes',
    target: 'no more than L evaluated for an account; successes at most L/100 of the accounts within the 95 % interval',
  },
  'lockout-owner': {
    title: 'Lockout stops the attacker, not the owner',
    method: '1,000 wrong passwords from many addresses, then the owner on a known device',
    target: 'attacker stopped, owner in at once',
  },
  enumeration: {
    title: 'Telling whether an address has an account',
    method:
      'at least 1,000 interleaved requests of each class over one connection, Welch’s t on values cropped at 95 %, number of hashes; with the real hash and, to see finer differences, with a cheap one; a positive control each time',
    target: '|t| < 4.5, the same status, headers, body and number of hashes',
  },
  'kill-9': {
    title: 'Half-made accounts after kill -9',
    method: 'kills at random times during registrations, resets and refreshes',
    target: '0 half made, 0 acknowledged lost, ready again within 3 s',
  },
  postgres: {
    title: 'PostgreSQL away under load',
    method: 'stopped at once, all connections ended, frozen, no connection left in the pool',
    target: '0 acknowledged writes lost, 503 with Retry-After, first success within 2 s',
  },
  redis: {
    title: 'Redis away under load',
    method: 'refusing, swallowing and slow, feature by feature',
    target: '0 revoked tokens accepted, limits never off, normal within 2 s',
  },
  smtp: {
    title: 'Mail server away',
    method: 'refusing, swallowing, one byte a second, 421, a poisoned address, and Tegata killed as the mail is accepted',
    target: '0 lost, each once, the API unaffected',
  },
  storm: {
    title: 'Log-in storm',
    method: '4 times the hash capacity in log-ins beside session checks',
    target: 'session checks p99 at most 5 times idle, excess log-ins refused within 100 ms',
  },
  fuzz: {
    title: 'Hostile input',
    method: 'requests generated from the OpenAPI documents of every contract, and hand-picked classics',
    target: '0 answers of 5xx, 0 exits, 0 secrets echoed, memory bounded',
  },
  'raw-http': { title: 'Malformed HTTP', method: 'raw messages on a socket', target: 'all malformed ones refused, no 5xx' },
  slow: {
    title: 'Slow and idle clients',
    method: '2,000 slow or idle connections beside ordinary people',
    target: 'everybody else served, cut within 15 s',
  },
  oversize: {
    title: 'Oversized requests',
    method: 'bodies, headers, cookies, passwords, nesting',
    target: '4xx within 100 ms, memory flat, no hash started',
  },
  injection: {
    title: 'Host and header injection',
    method: 'forged Host and Forwarded headers against every mail and redirect; line breaks in every name',
    target: '0 foreign links, 0 added headers, 0 other recipients',
  },
  redirect: { title: 'Open redirects', method: 'payloads for each parameter that leads somewhere', target: '0 accepted' },
  'cross-site': {
    title: 'Cross-site requests and cookie tossing',
    method: 'public table of CSRF cases against every changing endpoint; cookie orders',
    target: '0 state changes, 0 fixations',
  },
  oauth: {
    title: 'Identity spoofing through providers',
    method: 'forged ID tokens, unverified addresses, pre-hijacking, state variants',
    target: '0 let in',
  },
  tenants: { title: 'Leaks between organizations', method: 'role, endpoint and foreign id; parallel changes', target: '0' },
  revocation: {
    title: 'Delay of a revocation',
    method: 'log-out, password change, suspension at one node; asked at others and at verifiers',
    target: 'p99 within 1 s',
  },
  'key-rotation': {
    title: 'Key rotation under load',
    method: 'rotations under load on two processes',
    target: '0 valid tokens refused, 0 retired accepted',
  },
  'session-cap': {
    title: 'Session cap',
    method: '3 and then 15 log-ins at once at two processes, for a user who has 10 sessions',
    target: 'exactly 10 remain, the least recently used went',
  },
  clock: {
    title: 'Clock and full disk',
    method: 'the clock an hour on and back, a full disk, a locked database',
    target: 'no revived session, no acknowledged loss',
  },
  secrets: {
    title: 'Secrets in clear',
    method: 'data folder, database, logs, mail queue, metrics, browser bundle',
    target: '0 found',
  },
  hashes: {
    title: 'Wrong decisions on public password hashes',
    method: 'bcrypt and Argon2 vectors as an import stores them, and malformed ones, at the log-in',
    target: '0; a malformed one is a wrong password, no 5xx',
  },
  emails: {
    title: 'Address corpus',
    method: '446 public addresses at register',
    target: '37 of 37 taken, 254 of 254 refused, no 5xx',
  },
  advisories: { title: 'Published faults of other servers', method: 'one test for each of 75 advisories', target: '75 of 75' },
  rolling: {
    title: 'Rolling restart under load',
    method: 'workers replaced one by one; two servers behind a balancer replaced one after the other',
    target: '0 requests failed, 0 connections reset',
  },
  migrations: {
    title: 'Two starts at once on an empty database',
    method: 'two processes migrate the same new database, 25 times on each kind',
    target: 'each migration once, both end well',
  },
  upgrade: {
    title: 'Upgrade drill',
    method: 'the database of the release before with 100,000 people, old and new process side by side',
    target: '0 failed requests',
  },
  restore: {
    title: 'Restore drill',
    method: 'backup while the server runs, restore elsewhere',
    target: 'nothing acknowledged before the backup is missing',
  },
} as const;

export type RowId = keyof typeof rows;
