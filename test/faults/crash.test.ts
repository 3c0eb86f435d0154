import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { composeEngine } from '../../packages/server/src/compose.ts';
import { parseConfig } from '../../packages/server/src/config/config.ts';
import { openMailSink } from '../../packages/server/src/mail/testing/mail-sink.ts';
import { type ServerProcess, spawnTegata, startServerProcess, temporaryFolder } from '../server-process.ts';
import { seededRandom } from './seeded-random.ts';

// The server dies with kill -9 at random moments while people register and prove their addresses, and starts again on
// what it left behind. KILLS sets how often, SEED repeats a run's moments as far as a real machine allows.

const kills = Number(process.env.KILLS ?? 100);
const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);
const registrationsAtOnce = 6;
/** About as long as a handful of registrations take. */
const longestLifeMs = 300;

/** Users of whom something is missing or too much, and rows that are nobody's. */
const halfMade = `
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
    const column = (sql: string) => database.prepare(sql).all().map((row) => String(Object.values(row)[0]));
    return {
      halfMade: column(halfMade),
      broken: [...column('pragma foreign_key_check'), ...column('pragma quick_check').filter((line) => line !== 'ok')],
      addresses: new Set(column('select email from user_emails')),
    };
  } finally {
    database.close();
  }
};

test(`no half-made account and no lost mail after ${kills} times kill -9`, async () => {
  const random = seededRandom(seed);
  const startedAt = performance.now();
  // A mail server that takes a moment: the server often dies with mail in hand.
  const sink = await openMailSink({ beforeAccepting: () => sleep(random() * 20) });
  const dataDir = await temporaryFolder();
  const file = `${dataDir}/tegata.db`;
  const settings = { TEGATA_DATA_DIR: dataDir, SMTP_URL: `smtp://127.0.0.1:${sink.port}`, TEGATA_URL: 'http://localhost:3000' };

  const acknowledged = new Set<string>();
  /** Sent, and no answer came: tried again, as a person would. */
  const unanswered = new Set<string>();
  const verified = new Set<string>();
  let made = 0;
  let retriedAndThere = 0;
  let errors = '';

  const post = (url: string, path: string, body: object) =>
    fetch(url + path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });

  /** One registration after the other, until the server is dead. */
  const keepRegistering = async (url: string) => {
    for (;;) {
      const [again] = unanswered;
      const email = again ?? `person-${++made}@example.com`;
      unanswered.delete(email);
      try {
        const { status } = await post(url, '/api/v1/auth/register', { email, password: 'correct horse battery', name: 'Ada' });
        // Taken by the call whose answer was lost.
        if (status === 409 && again !== undefined) retriedAndThere += 1;
        else expect(status).toBe(201);
        acknowledged.add(email);
      } catch (error) {
        if (!(error instanceof TypeError)) throw error;
        unanswered.add(email);
        return;
      }
    }
  };

  /** Follows the links of the mails that arrive. */
  const keepVerifying = async (url: string) => {
    for (;;) {
      const mail = sink.received.find(({ recipients }) => !verified.has(recipients[0]!));
      if (!mail) {
        await sleep(10);
        if (server.child.exitCode !== null || server.child.signalCode !== null) return;
        continue;
      }
      try {
        const { status } = await post(url, '/api/v1/auth/email/verify', { token: tokenIn(mail.raw) });
        expect(status).toBe(200);
        verified.add(mail.recipients[0]!);
      } catch (error) {
        if (!(error instanceof TypeError)) throw error;
        return;
      }
    }
  };

  let server: ServerProcess;
  for (let killed = 0; killed < kills; killed += 1) {
    // Some do not even get through their start; the first of all is in the middle of making the schema.
    if (killed === 0 || random() < 0.1) {
      const starting = spawnTegata(['serve'], { ...settings, PORT: '0' });
      await sleep(random() * 600);
      starting.child.kill('SIGKILL');
      await starting.finished;
      continue;
    }
    server = await startServerProcess(settings);
    const { halfMade, broken } = inspect(file);
    expect({ halfMade, broken }).toEqual({ halfMade: [], broken: [] });
    const people = [keepVerifying(server.url), ...Array.from({ length: registrationsAtOnce }, () => keepRegistering(server.url))];
    await sleep(random() * longestLifeMs);
    await server.kill();
    await Promise.all(people);
    errors += server.stdout().match(/^.*"level":"error".*$/gm) ?? '';
  }

  // The mails that the last ones had in hand come due when their lease ends: the clock goes a minute ahead.
  const engine = await composeEngine(parseConfig({ ...settings, LOG_LEVEL: 'silent' }), { clock: () => Date.now() + 61_000 });
  await engine.mailWorker.drain();

  const { halfMade, broken, addresses } = inspect(file);
  const copies = new Map<string, number>();
  for (const { header } of sink.received) {
    const id = header('Message-ID')!;
    copies.set(id, (copies.get(id) ?? 0) + 1);
  }
  const mailed = new Set(sink.recipients());
  const duplicates = sink.received.length - copies.size;
  // biome-ignore lint/suspicious/noConsole: the figures are part of what this test is for.
  console.info(
    `seed ${seed}: ${kills} kills, ${made} people tried, ${addresses.size} registered, of whom ${retriedAndThere} had lost ` +
      `the answer and found themselves registered; ${verified.size} verified meanwhile; ${copies.size} mails, ` +
      `${duplicates} of them twice; ${((performance.now() - startedAt) / 1000).toFixed(0)} s`,
  );

  expect({ halfMade, broken, errors }).toEqual({ halfMade: [], broken: [], errors: '' });
  expect([...acknowledged].filter((email) => !addresses.has(email))).toEqual([]);
  expect([...addresses].filter((email) => !mailed.has(email))).toEqual([]);
  expect([...mailed].filter((email) => !addresses.has(email))).toEqual([]);
  expect(duplicates).toBeLessThanOrEqual(kills);

  // The links of the mails work, however often and from whichever life they were sent.
  for (const { raw, recipients } of sink.received) {
    expect(await engine.auth.verifyEmail({ token: tokenIn(raw) }), recipients[0]).toMatchObject({ ok: true });
  }
  await engine.close();
  await sink.close();
});

/** The token of the mail's link; quoted-printable breaks long lines with `=`, and writes `=` as `=3D`. */
const tokenIn = (raw: string): string => /token=([\w-]{43})/.exec(raw.replaceAll('=\r\n', '').replaceAll('=3D', '='))?.[1] ?? '';
