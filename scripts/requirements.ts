import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

// Which test shows which requirement: reads the numbers that tests cite in their names, and writes docs/requirements.md.
// `npm run docs:requirements` writes it; a test holds it against what the tests say.

type Requirement = { number: string; kind: 'T' | 'D' | 'Q'; text: string };

const root = join(import.meta.dirname, '..');
const kinds = { T: 'HTTP', D: 'storage', F: 'front end', Q: 'test' };

/** Why a requirement has no test of its own. */
const notes: Record<string, string> = {
  'S0.22': 'each limit has its own test: see `cookie` sign-up, sign-in, passwords and refresh',
  'S0.25': 'one schema for all contracts: `stores/sql/migrations/0001-initial.ts`, exercised by every test',
  'S0.26': 'refresh tokens are rows of `sessions`: the store-contract suite',
  'S0.27': 'reset tokens are rows of `one_time_tokens`: the store-contract suite',
  'S1.2': 'decided otherwise: tokens are JWTs, and revocation is checked at each request (`docs/decisions/0001`, `0002`)',
  'S1.4': 'the tasks application: S0.56 to S0.59',
  'S1.15': 'S1.27 to S1.31 look at the four tables',
  'S2.180': 'decided otherwise: the limit of S2.109 holds',
  'S2.181': '`adapters/token-signer.test.ts`, `strict-jws.test.ts`',
  'S2.182': '`adapters/password-hasher.test.ts`',
  'S2.184': 'use cases are tested through HTTP on a real database (`docs/decisions/0009`)',
  'S2.135': 'decided otherwise: the access token is in memory, the refresh token in an HttpOnly cookie; no script stores either',
  'S2.136': 'decided otherwise: `accessToken()` gives a fresh one for an API of the application’s own',
  'S2.137':
    'decided otherwise: no script reads a refresh token; programs without cookies keep it themselves (`test/client/contracts.test.ts`)',
  'S2.138': 'decided otherwise: the lifetime is `exp - iat`, whatever this side’s clock says (`test/client/session.test.ts`)',
  'S2.139': 'decided otherwise: nothing is stored that had to be deleted (`test/client/faults.test.ts`)',
  'S3.5':
    'the refresh token travels in an HttpOnly cookie (S3.142) and is kept as numbers from which it is signed again (`docs/decisions/0001`)',
  'S3.7': 'decided otherwise: refresh claims are the common ones of every contract; the tests of refresh list them exactly',
  'S3.9': 'decided otherwise: the issuer is `tegata` unless `TEGATA_ISSUER` says another (`parse-config.test.ts`)',
  'S3.10': 'decided otherwise: the audience is `tegata-api` unless `TEGATA_AUDIENCE` says another (`parse-config.test.ts`)',
  'S3.16': '`adapters/token-signer.test.ts`, `test/http/forged-tokens.test.ts`',
  'S3.17': '`adapters/token-signer.test.ts`, `test/http/forged-tokens.test.ts`',
  'S3.21': 'the journey of `register.test.ts`',
  'S3.22': 'the journey of `register.test.ts`',
  'S3.31': '`test/faults/sqlite-trouble.test.ts`: 503, nothing half done',
  'S3.33': '`test/faults/smtp-outage.test.ts`',
  'S3.41': 'decided otherwise: the token is kept as used, so that a second click is told kindly (S3.46)',
  'S3.42': '`verify-email.test.ts`',
  'S3.47': '`test/faults/crash.test.ts`, and the store-contract suite for transactions',
  'S3.49': '`log-in.test.ts`',
  'S3.50': '`log-in.test.ts`',
  'S3.51': '`log-in.test.ts`',
  'S3.52': '`log-in.test.ts`',
  'S3.53': 'the database keeps sessions; a Redis store is not here yet',
  'S3.54': '`log-in.test.ts`',
  'S3.64': '`test/faults/sqlite-trouble.test.ts`: 503, never "invalid credentials"',
  'S3.97': '`refresh.test.ts`',
  'S3.98': '`test/faults/sqlite-trouble.test.ts`',
  'S3.99': 'decided otherwise: `docs/decisions/0002`',
  'S3.102': '`forgot-password.test.ts`, `reset-password.test.ts`',
  'S3.105': '`forgot-password.test.ts`, `reset-password.test.ts`',
  'S3.110': '`forgot-password.test.ts`, `reset-password.test.ts`',
  'S3.115': 'the request waits in the outbox: `docs/decisions/0003`',
  'S3.122': '`forgot-password.test.ts`, `reset-password.test.ts`',
  'S3.124': 'logging out ends the session; a failing store answers 503 rather than a false success',
  'S3.125': '`log-out.test.ts`',
  'S3.126': '`log-out.test.ts`',
  'S3.144': 'the journey of `register.test.ts`',
  'S3.147': '`log-in.test.ts`',
  'S3.149': '`refresh.test.ts`',
  'S3.154': 'with `TEGATA_PASSWORD_HASH=bcrypt`: `adapters/password-hasher.test.ts`',
  'S3.157': 'the database keeps sessions; a Redis store is not here yet',
  'S3.161': 'the journey of `register.test.ts`',
  'S3.162': '`verify-email.test.ts`',
  'S3.163': '`resend-verification.test.ts`',
  'S3.164': '`log-in.test.ts`',
  'S3.167': '`refresh.test.ts`',
  'S3.168': '`refresh.test.ts`',
  'S3.169': '`log-out.test.ts`',
};

export const requirements = (): Requirement[] => JSON.parse(readFileSync(join(root, 'test/requirements.json'), 'utf8'));

const citations = (): Map<string, Set<string>> => {
  const found = new Map<string, Set<string>>();
  for (const file of globSync(['test/**/*.test.ts', 'packages/*/src/**/*.test.ts'], { cwd: root }).sort()) {
    const cited = readFileSync(join(root, file), 'utf8').match(/\bS[0-3]\.\d+\b/g) ?? [];
    for (const number of cited) found.set(number, (found.get(number) ?? new Set()).add(file));
  }
  return found;
};

/** The table, and the numbers that neither a test nor a note covers. */
export const requirementsTable = (): { markdown: string; open: string[] } => {
  const cited = citations();
  const open: string[] = [];
  const rows = requirements().map(({ number, kind, text }) => {
    const files = [...(cited.get(number) ?? [])].map((file) => `[${file.replace(/^.*\//, '')}](../${file})`).join(', ');
    const shown = files || notes[number] || '';
    if (!shown) open.push(number);
    return `| ${number} | ${kinds[kind]} | ${text.replaceAll('|', '\\|')} | ${shown} |`;
  });
  const markdown = `# Requirements and their tests

Made by \`npm run docs:requirements\` from the numbers that tests cite. S0 to S3 are the documents that the contracts \`cookie\`, \`bearer\`, \`organization\` and
\`standard\` came from; where they contradict one another or themselves, the contract decides.

| number | kind | requirement | shown by |
|---|---|---|---|
${rows.join('\n')}
`;
  return { markdown, open };
};

if (import.meta.main) {
  const { markdown, open } = requirementsTable();
  writeFileSync(join(root, 'docs/requirements.md'), markdown);
  console.log(
    open.length === 0 ? 'docs/requirements.md: every requirement is shown.' : `Neither tested nor explained: ${open.join(', ')}`,
  );
}
