import fc from 'fast-check';
import { expect, test } from 'vitest';
import { attack, emptyTally, type Sessions, throwAll } from '../attack/attacker.ts';
import { logInThrough, openClient, registerThrough } from '../attack/hostile-doors.ts';
import { callsOf, hostileRequest } from '../attack/hostile-requests.ts';
import { naughtyStrings, oddTexts } from '../attack/hostile-texts.ts';
import { startServer, type TestServer } from '../server.ts';
import { loggedIn, me, registered } from '../standard/people.ts';

// Requests that no honest client makes. Whatever comes in, an answer of the contract must come out, and no 5xx. Here some
// of them on every database; test/attack throws a hundred thousand at a server in a process of its own.

const oddText = fc.oneof(fc.constantFrom(...oddTexts), fc.string({ unit: 'binary', maxLength: 200 }));

test.each([
  { contracts: 'standard,cookie,bearer', names: ['Standard', 'Cookie', 'Bearer'], entrance: 'Bearer' },
  { contracts: 'organization', names: ['Organization'], entrance: 'Organization' },
])(
  'hostile requests to every documented call of $contracts are answered in the shape of the contract, and never with a 5xx',
  async ({ contracts, names, entrance }) => {
    const server = await startServer({
      TEGATA_CONTRACTS: contracts,
      TEGATA_TRUSTED_PROXIES: '127.0.0.1',
      // Parallel log-ins of one person count as attempts until each has succeeded.
      TEGATA_LOCKOUT_THRESHOLD: '100',
    });
    const { send, close } = openClient(server.url, 10);
    await registerThrough(send, entrance, 'eve@example.com');
    const sessions: Sessions = { of: {}, service: '' };
    for (const name of names) sessions.of[name] = await logInThrough(send, name, 'eve@example.com');
    const document = JSON.parse((await send('GET', '/openapi.json')).text);
    const tally = emptyTally();
    const seed = Date.now() % 1_000_000;
    for (const [index, call] of callsOf(document).entries()) {
      const some = fc.sample(hostileRequest(call), { numRuns: 30, seed: seed + index });
      await throwAll(some, 10, (request) => attack({ send, sessions, document, tally }, request));
    }
    expect(tally.problems.slice(0, 5), `seed ${seed}`).toEqual([]);
    expect(tally.sent).toBe(30 * callsOf(document).length);
    expect((await server.call('GET', '/health/ready')).status).toBe(200);
    close();
  },
  90_000,
);

test('a naughty string as a name is stored and given back as it is, but for the space around it, or refused', async () => {
  const server = await startServer();
  await registered(server, 'ada@example.com');
  const { accessToken: token } = await loggedIn(server, 'ada@example.com');
  const outcomes = { stored: 0, refused: 0 };
  for (const [index, name] of naughtyStrings().entries()) {
    const answer = await server.call('PATCH', '/api/v1/me', { token, body: { name } });
    if (answer.status === 200) {
      outcomes.stored += 1;
      expect(answer.body.data.name).toBe(name.trim());
      if (index % 8 === 0) expect((await me(server, token)).body.data.name).toBe(name.trim());
    } else {
      outcomes.refused += 1;
      expect(answer.status, name).toBe(400);
      expect(answer.body.error.details.map(({ field }: { field: string }) => field)).toEqual(['name']);
      const length = [...name.trim()].length;
      expect(length === 0 || length > 100 || /\p{Cc}/u.test(name.trim()) || !name.isWellFormed(), name).toBe(true);
    }
  }
  expect(outcomes.stored).toBeGreaterThan(30);
});

test('a naughty string as a password logs in exactly as it was set, or is refused by the policy', async () => {
  const server = await startServer();
  const passwords = naughtyStrings();
  const tried = { taken: 0, refused: 0 };
  const attempt = async (password: string, index: number) => {
    const email = `person-${index}@example.com`;
    const answer = await server.call('POST', '/api/v1/auth/register', { body: { email, password, name: 'Ada' } });
    if (answer.status !== 201) {
      tried.refused += 1;
      expect(answer.status, password).toBe(400);
      expect(answer.body.error.details.map(({ field }: { field: string }) => field)).toEqual(['password']);
      return;
    }
    tried.taken += 1;
    // The account still waits for its verification, which only the right password is told.
    const logIn = async (typed: string) =>
      (await server.call('POST', '/api/v1/auth/login', { body: { email, password: typed } })).body.error.message;
    expect(await logIn(password), password).toBe('please verify your email first');
    const others = [`${password} `, password.slice(0, -1), password.toUpperCase(), password.normalize('NFKC')];
    const other = others[index % 8];
    if (other !== undefined && other !== password) expect(await logIn(other), password).toBe('invalid credentials');
  };
  const atOnce = 10;
  for (let first = 0; first < passwords.length; first += atOnce) {
    const some = passwords.slice(first, first + atOnce);
    await Promise.all(some.map((password, index) => attempt(password, first + index)));
  }
  expect(tried.taken).toBeGreaterThan(20);
  expect(tried.taken + tried.refused).toBe(passwords.length);
});

test('no other header or query of a stranger is an error of ours either', async () => {
  const server: TestServer = await startServer();
  const names = [
    'accept',
    'accept-encoding',
    'accept-language',
    'authorization',
    'cookie',
    'origin',
    'range',
    'if-none-match',
    'expect-ct',
  ];
  const value = fc.oneof(
    fc.constantFrom('', ',', ';', '=', '"', '*', 'bytes=0-', '\u00ff', 'x'.repeat(4_000)),
    fc.string({ maxLength: 50 }),
  );
  const headers = fc.dictionary(
    fc.constantFrom(...names),
    value.map((text) => text.replaceAll(/[^\t\x20-\x7e\x80-\xff]/g, '?')),
  );
  const query = oddText.map((text) => encodeURIComponent(text.toWellFormed().slice(0, 2_000)));
  const path = fc.constantFrom('/api/v1/me', '/docs', '/', '/dev/mailbox', '/auth/verify-email', '/health/ready', '/nowhere');
  await fc.assert(
    fc.asyncProperty(headers, query, path, async (odd, text, target) => {
      const answer = await fetch(`${server.url + target}?token=${text}&lang=${text}&to=${text}&${text}`, { headers: odd });
      await answer.arrayBuffer();
      expect(answer.status).toBeLessThan(500);
    }),
    { numRuns: 150 },
  );
});
