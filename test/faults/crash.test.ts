import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { composeEngine } from '../../packages/server/src/compose.ts';
import { parseConfig } from '../../packages/server/src/config/config.ts';
import { openMailSink } from '../../packages/server/src/mail/testing/mail-sink.ts';
import { size } from '../scorecard/size.ts';
import { type ServerProcess, spawnTegata, startServerProcess, temporaryFolder } from '../server-process.ts';
import { seededRandom } from './seeded-random.ts';

// The server dies with kill -9 at random moments while people register and prove their addresses, and starts again on
// what it left behind. KILLS sets how often, SEED repeats a run's moments as far as a real machine allows.

const kills = size('KILLS', { long: 100, short: 40 });
const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);
/** Servers that are killed side by side, each with its own database: as many as the smallest machine has cores. */
const servers = 2;
const registrationsAtOnce = 6;
/** A life ends a moment after a random number of answers, up to this one: a slow machine only takes longer for the same. */
const mostAnswersInALife = 12;
const longestMomentMs = 40;

/** Users of whom something is missing or too much, and rows that are nobody's. */
const halfMadeAccounts = `
  select users.id from users
  left join user_emails as address on address.user_id = users.id and address.is_primary = 1
  where address.id is null
     or (select count(*) from password_credentials where user_id = users.id) <> 1
     or (select count(*) from active_users where user_id = users.id) <> (inactive_reason is null)
     or (address.verified_at is not null) <> (inactive_reason is null)
     or (select count(*) from one_time_tokens where user_id = users.id and used_at is null) <> (inactive_reason is 'pending')
     or (select count(*) from audit_events where user_id = users.id and type = 'user.registered') <> 1
     or (select count(*) from audit_events where user_id = users.id and type = 'email.verified') <> (inactive_reason is null)
     or (select count(*) from mail_outbox where recipient = address.email) <> 1
  union all select id from user_emails where user_id not in (select id from users)
  union all select id from password_credentials where user_id not in (select id from users)
  union all select id from one_time_tokens where user_id not in (select id from users)
  union all select user_id from active_users where user_id not in (select id from users)
  union all select id from mail_outbox where recipient not in (select email from user_emails)`;

/** Reads beside the running server, as an operator with a database tool would. */
const inspect = (file: string) => {
  const database = new DatabaseSync(file, { readOnly: true, timeout: 5_000 });
  try {
    const column = (sql: string) =>
      database
        .prepare(sql)
        .all()
        .map((row) => String(Object.values(row)[0]));
    return {
      halfMade: column(halfMadeAccounts),
      broken: [...column('pragma foreign_key_check'), ...column('pragma quick_check').filter((line) => line !== 'ok')],
      addresses: new Set(column('select email from user_emails')),
    };
  } finally {
    database.close();
  }
};

const killAgainAndAgain = async (times: number, random: () => number) => {
  // A mail server that takes a moment: the server often dies with mail in hand.
  const sink = await openMailSink({ beforeAccepting: () => sleep(random() * 20) });
  const dataDir = await temporaryFolder();
  const file = `${dataDir}/tegata.db`;
  const settings = { TEGATA_DATA_DIR: dataDir, SMTP_URL: `smtp://127.0.0.1:${sink.port}`, TEGATA_URL: 'http://localhost:3000' };

  const acknowledged = new Set<string>();
  /** Sent, and no answer came: tried again, as a person would. */
  const unanswered = new Set<string>();
  const verified = new Set<string>();
  let tried = 0;
  let answers = 0;
  let foundThemselves = 0;
  let errors = '';

  /** One registration after the other, until the server is dead. */
  const keepRegistering = async (url: string) => {
    for (;;) {
      const [again] = unanswered;
      if (again === undefined) tried += 1;
      const email = again ?? `person-${tried}@example.com`;
      unanswered.delete(email);
      const person = { email, password: 'correct horse battery', name: 'Ada' };
      const answer = await post(`${url}/api/v1/auth/register`, person).catch(unlessDead);
      if (!answer) return unanswered.add(email);
      // Taken by the call whose answer was lost.
      if (answer.status === 409 && again !== undefined) foundThemselves += 1;
      else expect(answer.status).toBe(201);
      acknowledged.add(email);
      answers += 1;
    }
  };

  /** Follows the links of the mails that arrive. */
  const keepVerifying = async ({ url, child }: ServerProcess) => {
    while (child.signalCode === null) {
      const mail = sink.received.find(({ recipients }) => !verified.has(recipients[0]!));
      if (mail) {
        const answer = await post(`${url}/api/v1/auth/email/verify`, { token: tokenIn(mail.raw) }).catch(unlessDead);
        if (!answer) return;
        expect(answer.status).toBe(200);
        verified.add(mail.recipients[0]!);
      }
      await sleep(10);
    }
  };

  for (let killed = 0; killed < times; killed += 1) {
    // Some do not even get through their start; the very first may be in the middle of making the schema.
    if (killed === 0 || random() < 0.1) {
      const starting = spawnTegata(['serve'], { ...settings, PORT: '0' });
      await sleep(random() * 600);
      starting.child.kill('SIGKILL');
      await starting.finished;
      continue;
    }
    const server = await startServerProcess(settings);
    const { halfMade, broken } = inspect(file);
    expect({ halfMade, broken }).toEqual({ halfMade: [], broken: [] });
    const people = [keepVerifying(server), ...Array.from({ length: registrationsAtOnce }, () => keepRegistering(server.url))];
    const enough = answers + Math.floor(random() * mostAnswersInALife);
    while (answers < enough) await sleep(2);
    await sleep(random() * longestMomentMs);
    await server.kill();
    await Promise.all(people);
    errors += server.stdout().match(/^.*"level":"error".*$/gm) ?? '';
  }

  // The mails that the last one had in hand come due when their lease ends: the clock goes a minute ahead.
  const engine = await composeEngine(parseConfig({ ...settings, LOG_LEVEL: 'silent' }), { clock: () => Date.now() + 61_000 });
  await engine.mailWorker.drain();
  const { halfMade, broken, addresses } = inspect(file);
  expect({ halfMade, broken, errors }).toEqual({ halfMade: [], broken: [], errors: '' });
  expect([...acknowledged].filter((email) => !addresses.has(email))).toEqual([]);
  const mailed = new Set(sink.recipients());
  expect([...addresses].filter((email) => !mailed.has(email))).toEqual([]);
  expect([...mailed].filter((email) => !addresses.has(email))).toEqual([]);
  // The links work, however often and from whichever life they were sent.
  for (const { raw, recipients } of sink.received) {
    expect(await engine.auth.verifyEmail({ token: tokenIn(raw) }), recipients[0]).toMatchObject({ ok: true });
  }
  await engine.close();
  await sink.close();

  const mails = new Set(sink.received.map(({ header }) => header('Message-ID'))).size;
  return {
    tried,
    registered: addresses.size,
    foundThemselves,
    verified: verified.size,
    mails,
    copies: sink.received.length - mails,
  };
};

test(`no half-made account and no lost mail after ${kills} times kill -9`, async () => {
  const random = seededRandom(seed);
  const startedAt = performance.now();
  const shares = Array.from({ length: servers }, (_, index) => Math.floor((kills + index) / servers));
  const runs = await Promise.allSettled(shares.map((times) => killAgainAndAgain(times, random)));
  const sums: Record<string, number> = {};
  for (const run of runs) {
    if (run.status === 'rejected') throw run.reason;
    for (const [name, count] of Object.entries(run.value)) sums[name] = (sums[name] ?? 0) + count;
  }
  // biome-ignore lint/suspicious/noConsole: the figures are part of what this test is for.
  console.info(
    `SEED=${seed}: ${kills} kills in ${((performance.now() - startedAt) / 1000).toFixed(0)} s; ` +
      `${sums.tried} people tried, ${sums.registered} registered (${sums.foundThemselves} of them without hearing of it), ` +
      `${sums.verified} verified between kills; ${sums.mails} mails, ${sums.copies} copies too many`,
  );
  expect(sums.copies).toBeLessThanOrEqual(kills);
});

const post = (url: string, body: object) =>
  fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });

/** `fetch` rejects with a TypeError when the connection broke. */
const unlessDead = (error: unknown): undefined => {
  if (!(error instanceof TypeError)) throw error;
};

/** The token of the mail's link; quoted-printable breaks long lines with `=`, and writes `=` as `=3D`. */
const tokenIn = (raw: string): string => /token=([\w-]{43})/.exec(raw.replaceAll('=\r\n', '').replaceAll('=3D', '='))?.[1] ?? '';
