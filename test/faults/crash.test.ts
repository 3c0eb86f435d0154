import { readFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { type Person, preparePeople } from '../../bench/people.ts';
import { composeEngine, type Engine } from '../../packages/server/src/compose.ts';
import { parseConfig } from '../../packages/server/src/config/parse-config.ts';
import { type MailSink, openMailSink } from '../../packages/server/src/mail/testing/mail-sink.ts';
import { freePort } from '../free-port.ts';
import { figure } from '../scorecard/figure.ts';
import { size } from '../scorecard/size.ts';
import { type ServerProcess, spawnTegata, startServerProcess, temporaryFolder } from '../server-process.ts';
import { startPostgres } from '../services/postgres.ts';
import { percentile, startCrowd, within } from './crowd.ts';
import { seededRandom } from './seeded-random.ts';

// The server dies with kill -9 at random moments while fifty people register, prove their addresses, reset passwords and
// refresh, and starts again on what it left behind. KILLS sets how often, REGISTRATIONS how many people there are in the
// end, SEED repeats a run's moments as far as a real machine allows.

const kills = size('KILLS', { long: 25, short: 8 });
const registrations = size('REGISTRATIONS', { long: 500, short: 40 });
const readyWithinMs = within(3_000);
const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);
const registering = 24;
const refreshing = 10;
const resetting = 10;
const verifying = 6;
/** A life ends a moment after a random number of answers, up to this one: a slow machine only takes longer for the same. */
const mostAnswersInALife = 300;
const longestMomentMs = 40;

/** Users of whom something is missing or too much, and rows that are nobody's. */
const halfMadeAccounts = `
  select users.id from users
  left join user_emails as address on address.user_id = users.id and address.is_primary = 1
  where address.id is null
     or (select count(*) from password_credentials where user_id = users.id) <> 1
     or (select count(*) from active_users where user_id = users.id) <> case when inactive_reason is null then 1 else 0 end
     or case when address.verified_at is null then 0 else 1 end <> case when inactive_reason is null then 1 else 0 end
     or (select count(*) from one_time_tokens where user_id = users.id and used_at is null and purpose = 'verify_email')
        <> case when inactive_reason = 'pending' then 1 else 0 end
     or (select count(*) from audit_events where user_id = users.id and type = 'password.reset')
        <> (select count(*) from mail_outbox where recipient = address.email and kind = 'password_changed')
     or (select count(*) from audit_events where user_id = users.id and type = 'password.reset_requested')
        <> (select count(*) from mail_outbox where recipient = address.email and kind = 'reset_password')
     or address.email like 'newcomer-%' and (
          (select count(*) from audit_events where user_id = users.id and type = 'user.registered') <> 1
       or (select count(*) from mail_outbox where recipient = address.email and kind = 'verify_registration') <> 1
       or (select count(*) from audit_events where user_id = users.id and type = 'email.verified')
          <> case when inactive_reason is null then 1 else 0 end)
  union all select id from user_emails where user_id not in (select id from users)
  union all select id from password_credentials where user_id not in (select id from users)
  union all select id from one_time_tokens where user_id not in (select id from users)
  union all select user_id from active_users where user_id not in (select id from users)
  union all select id from mail_outbox where recipient not in (select email from user_emails)`;

type Backend = {
  settings: Record<string, string>;
  /** The first column of a query, read beside the running server as an operator with a database tool would. */
  column: (query: string) => Promise<string[]>;
  /** What the database says about its own state, where it can. */
  broken: () => Promise<string[]>;
};

const first = (row: Record<string, unknown>) => String(Object.values(row)[0]);

const backends: Record<string, (dataDir: string) => Promise<Backend>> = {
  SQLite: async (dataDir) => {
    const column: Backend['column'] = async (query) => {
      const database = new DatabaseSync(`${dataDir}/tegata.db`, { readOnly: true, timeout: 5_000 });
      try {
        return database.prepare(query).all().map(first);
      } finally {
        database.close();
      }
    };
    const broken = async () => [
      ...(await column('pragma foreign_key_check')),
      ...(await column('pragma quick_check')).filter((line) => line !== 'ok'),
    ];
    return { settings: {}, column, broken };
  },
  PostgreSQL: async () => {
    const postgres = await startPostgres({ durable: true });
    onTestFinished(postgres.remove);
    await postgres.query('create database tegata');
    const column: Backend['column'] = async (query) => (await postgres.query(query, 'tegata')).map(first);
    return { settings: { DATABASE_URL: postgres.url('tegata') }, column, broken: async () => [] };
  },
};

/** Follows the links of the mails that arrive, one that asks for a proof after the other. */
const keepVerifying = async (url: string, sink: MailSink, verified: Set<string>, isOver: () => boolean) => {
  for (let next = 0; !isOver(); ) {
    const mail = sink.received[next];
    if (!mail || !mail.recipients[0]!.startsWith('newcomer-') || verified.has(mail.recipients[0]!)) {
      if (mail) next += 1;
      else await sleep(10);
      continue;
    }
    verified.add(mail.recipients[0]!);
    const answer = await post(`${url}/api/v1/auth/email/verify`, { token: tokenIn(mail.raw) }).catch(unlessDead);
    // Whoever hears nothing tries the link again.
    if (answer?.status === 200) next += 1;
    else verified.delete(mail.recipients[0]!);
    if (answer && answer.status !== 503) expect(answer.status).toBe(200);
    if (!answer) await sleep(100);
  }
};

type Resetting = { email: string; asked: number; done: number; acknowledged: string; uncertain: string[] };

/** Forgets the password, takes the newest mailed link, sets another one, on and on. */
const keepResetting = async (url: string, sink: MailSink, journal: Resetting, isOver: () => boolean): Promise<void> => {
  const { email } = journal;
  const links = () => sink.received.filter(({ recipients, raw }) => recipients[0] === email && tokenIn(raw) !== '');
  while (!isOver()) {
    const seen = links().length;
    const asked = await post(`${url}/api/v1/auth/password/forgot`, { email }).catch(unlessDead);
    if (asked?.status === 200) journal.asked += 1;
    else {
      await sleep(100);
      continue;
    }
    // A mail that a dead server had in hand comes a minute later: whoever waits for it asks again.
    const until = performance.now() + 3_000;
    while (links().length === seen && performance.now() < until && !isOver()) await sleep(20);
    const mail = links().at(-1);
    if (!mail || links().length === seen) continue;
    const password = `reset number ${journal.asked} of them`;
    journal.uncertain.push(password);
    while (!isOver()) {
      const reset = await post(`${url}/api/v1/auth/password/reset`, { token: tokenIn(mail.raw), password }).catch(unlessDead);
      if (reset?.status === 200) {
        Object.assign(journal, { done: journal.done + 1, acknowledged: password, uncertain: [] });
        break;
      }
      // Used by the call whose answer was lost, or replaced by a link that was asked for meanwhile.
      if (reset?.status === 400 || reset?.status === 410) break;
      if (reset) expect(reset.status).toBe(503);
      await sleep(100);
    }
  }
};

const passwordMatches = async ({ deps, stores }: Engine, email: string, passwords: string[]): Promise<boolean> => {
  const user = await stores.users.findByEmail(email as never);
  const stored = user && (await stores.passwords.find(user.id));
  if (!stored) return false;
  for (const password of passwords) if (await deps.hasher.verify(password, stored)) return true;
  return false;
};

test.each(Object.keys(backends))(
  `%s: no half-made account, nothing acknowledged lost and no lost mail after ${kills} times kill -9`,
  { timeout: 480_000 },
  async (name) => {
    const random = seededRandom(seed);
    const startedAt = performance.now();
    // A mail server that takes a moment: the server often dies with mail in hand.
    const sink = await openMailSink({ beforeAccepting: () => sleep(random() * 20) });
    onTestFinished(sink.close);
    const dataDir = await temporaryFolder();
    const backend = await backends[name]!(dataDir);
    const settings = {
      TEGATA_DATA_DIR: dataDir,
      TEGATA_SECRET: 'Only4Tests-0123456789-abcdefghijklmnop',
      SMTP_URL: `smtp://127.0.0.1:${sink.port}`,
      TEGATA_URL: 'http://localhost:3000',
      PORT: String(await freePort()),
      ...backend.settings,
    };
    const url = `http://127.0.0.1:${settings.PORT}`;
    const expectWhole = async () => {
      expect({ halfMade: await backend.column(halfMadeAccounts), broken: await backend.broken() }).toEqual({
        halfMade: [],
        broken: [],
      });
    };

    // Some do not even get through their start; the first ones may be in the middle of making the schema.
    const dieWhileStarting = async () => {
      const starting = spawnTegata(['serve'], settings);
      await sleep(random() * 600);
      starting.child.kill('SIGKILL');
      await starting.finished;
    };
    for (let early = 0; early < 2; early += 1) await dieWhileStarting();

    const file = `${dataDir}/people.json`;
    await preparePeople(settings, refreshing + resetting, file);
    const prepared: Person[] = JSON.parse(readFileSync(file, 'utf8'));
    let isOver = false;
    const verified = new Set<string>();
    const crowd = startCrowd({ url, people: prepared.slice(0, refreshing), registering, againAfterMs: 200 });
    const resets = prepared
      .slice(refreshing)
      .map(({ email }): Resetting => ({ email, asked: 0, done: 0, acknowledged: 'correct horse battery', uncertain: [] }));
    const sum = (name: 'asked' | 'done') => resets.reduce((total, journal) => total + journal[name], 0);
    const others = Promise.all([
      ...Array.from({ length: verifying }, () => keepVerifying(url, sink, verified, () => isOver)),
      ...resets.map((journal) => keepResetting(url, sink, journal, () => isOver)),
    ]);

    const readyAfter: number[] = [];
    let errors = '';
    let killed = 2;
    const start = async (): Promise<ServerProcess> => {
      const spawnedAt = performance.now();
      const server = await startServerProcess(settings);
      expect((await fetch(`${url}/health/ready`)).status).toBe(200);
      readyAfter.push(performance.now() - spawnedAt);
      return server;
    };
    const end = async (server: ServerProcess) => {
      await server.kill();
      errors += server.stdout().match(/^.*"level":"error".*$/gm) ?? '';
    };
    while (killed < kills || crowd.registered.size < registrations) {
      killed += 1;
      if (random() < 0.1) {
        await dieWhileStarting();
        continue;
      }
      const server = await start();
      await expectWhole();
      const enough = crowd.answers.length + Math.floor(random() * mostAnswersInALife);
      while (crowd.answers.length < enough) await sleep(2);
      await sleep(random() * longestMomentMs);
      await end(server);
    }

    const last = await start();
    await expect.poll(() => sum('done'), { timeout: 60_000 }).toBeGreaterThan(0);
    isOver = true;
    await Promise.all([others, crowd.stop()]);
    const addresses = new Set(await backend.column('select email from user_emails'));
    const lost = await crowd.missing(addresses);
    expect(await last.stop()).toMatchObject({ code: 0 });

    // The mails that dead servers had in hand come due when their lease ends: the clock goes a minute ahead.
    const engine = await composeEngine(parseConfig({ ...settings, LOG_LEVEL: 'silent' }), { clock: () => Date.now() + 61_000 });
    onTestFinished(engine.close);
    await engine.mailWorker.drain();
    await expectWhole();
    for (const { email, acknowledged, uncertain } of resets) {
      if (!(await passwordMatches(engine, email, [acknowledged, ...uncertain]))) lost.push(`the password of ${email}`);
    }
    const mailed = new Set(sink.recipients());
    const unmailed = [...addresses].filter((email) => email.startsWith('newcomer-') && !mailed.has(email));
    const waiting = await backend.column('select id from mail_outbox where sent_at is null');
    const resetMails = (await backend.column("select id from mail_outbox where kind = 'reset_password'")).length;
    const mails = new Set(sink.received.map(({ header }) => header('Message-ID'))).size;
    const copies = sink.received.length - mails;
    const toStrangers = [...mailed].filter((email) => !addresses.has(email));
    // The links work, however often and from whichever life they were sent.
    for (const { raw, recipients } of sink.received.filter((mail) => mail.recipients[0]!.startsWith('newcomer-'))) {
      expect(await engine.auth.verifyEmail({ token: tokenIn(raw) }), recipients[0]).toMatchObject({ ok: true });
    }

    const failed = lost.length + crowd.wrong.length + unmailed.length + waiting.length;
    const acknowledged = crowd.registered.size + sum('asked') + sum('done') + verified.size;
    const refreshes = crowd.answers.filter(({ kind, status }) => kind === 'refresh' && status === 200).length;
    const slowest = Math.max(...readyAfter);
    const reached = failed === 0 && copies <= killed && sum('asked') <= resetMails && slowest <= readyWithinMs;
    figure({
      row: 'kill-9',
      part: name,
      tried: acknowledged + refreshes,
      failed,
      detail:
        `SEED=${seed}: ${killed} kills in ${((performance.now() - startedAt) / 1000).toFixed(0)} s, ${crowd.broken()} requests cut off; acknowledged ` +
        `${crowd.registered.size} registrations, ${verified.size} proofs, ${refreshes} refreshes, ${sum('done')} resets; 0 half made, ${lost.length} lost; ` +
        `${mails} mails, ${copies} copies too many; ready after ${Math.round(percentile(readyAfter, 0.5))} ms, slowest ${Math.round(slowest)} ms`,
      reached,
    });
    expect(errors).toBe('');
    expect(crowd.wrong).toEqual([]);
    expect(lost).toEqual([]);
    expect(unmailed).toEqual([]);
    expect(waiting).toEqual([]);
    expect(toStrangers).toEqual([]);
    expect(resetMails).toBeGreaterThanOrEqual(sum('asked'));
    expect(sum('done')).toBeGreaterThan(0);
    expect(verified.size).toBeGreaterThan(0);
    expect(copies).toBeLessThanOrEqual(killed);
    expect(slowest).toBeLessThanOrEqual(readyWithinMs);
  },
);

const post = (url: string, body: object) =>
  fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });

/** `fetch` rejects with a TypeError when the connection broke. */
const unlessDead = (error: unknown): undefined => {
  if (!(error instanceof TypeError)) throw error;
};

/** The token of the mail's link; quoted-printable breaks long lines with `=`, and writes `=` as `=3D`. */
const tokenIn = (raw: string): string => /token=([\w-]{43})/.exec(raw.replaceAll('=\r\n', '').replaceAll('=3D', '='))?.[1] ?? '';
