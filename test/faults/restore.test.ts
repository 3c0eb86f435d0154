import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { type Seeded, seed, seededPassword } from '../../bench/seed.ts';
import { composeEngine } from '../../packages/server/src/compose.ts';
import { parseConfig } from '../../packages/server/src/config/parse-config.ts';
import { openMailSink } from '../../packages/server/src/mail/testing/mail-sink.ts';
import { freePort } from '../free-port.ts';
import { figure } from '../scorecard/figure.ts';
import { size } from '../scorecard/size.ts';
import { runTegata, startServerProcess, temporaryFolder } from '../server-process.ts';
import { decodeToken } from '../standard/tokens.ts';

// A backup is taken while people register, refresh and log out; then the machine is lost. What was acknowledged before the
// backup began must be in what is put back into an empty folder, and the mails that waited must arrive.
// RESTORE_PEOPLE sets how many there are, RESTORE_ANSWERS how much of each kind is acknowledged before the backup begins.

const people = size('RESTORE_PEOPLE', { long: 20_000, short: 2_000 });
const before = size('RESTORE_ANSWERS', { long: 150, short: 40 });
const tabs = 8;

const post = (url: string, path: string, body: object, token?: string) =>
  fetch(url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) },
    body: JSON.stringify(body),
  });

const refresh = (url: string, token: string) => post(url, '/api/v1/auth/refresh', { refresh_token: token });

/** `fetch` rejects with a TypeError when the connection broke. */
const unlessDead = (error: unknown): undefined => {
  if (!(error instanceof TypeError)) throw error;
};

/** People who register, refresh and log out until the server is gone. What was acknowledged is written down as it comes. */
const startLoad = (url: string, seeded: readonly Seeded[]) => {
  const acknowledged = {
    registered: [] as string[],
    /** By session: how often it was refreshed. */
    generations: new Map<string, number>(),
    loggedOut: [] as Seeded[],
  };
  let tried = 0;
  const wrong: string[] = [];
  const expectStatus = async (answer: Response, status: number) => {
    if (answer.status !== status) wrong.push(`${answer.status} ${await answer.clone().text()}`);
    return answer.status === status;
  };
  const registering = async () => {
    for (;;) {
      tried += 1;
      const email = `new-${tried}@example.com`;
      const answer = await post(url, '/api/v1/auth/register', { email, password: seededPassword, name: 'Ada' }).catch(unlessDead);
      if (!answer) return;
      if (await expectStatus(answer, 201)) acknowledged.registered.push(email);
    }
  };
  const half = Math.floor(seeded.length / 2);
  const refreshing = async (own: readonly Seeded[]) => {
    const jars = own.map(({ sessionId, refreshToken }) => ({ sessionId, refreshToken }));
    for (let at = 0; ; at = (at + 1) % jars.length) {
      const jar = jars[at]!;
      const answer = await refresh(url, jar.refreshToken).catch(unlessDead);
      const text = await answer?.text().catch(unlessDead);
      if (!answer || text === undefined) return;
      if (answer.status !== 200) return void wrong.push(`refresh: ${answer.status} ${text}`);
      jar.refreshToken = JSON.parse(text).data.refresh_token;
      acknowledged.generations.set(jar.sessionId, decodeToken(jar.refreshToken).claims.gen);
    }
  };
  const loggingOut = async () => {
    for (const person of seeded.slice(half)) {
      const answer = await post(url, '/api/v1/auth/logout', {}, person.accessToken).catch(unlessDead);
      if (!answer) return;
      if (await expectStatus(answer, 200)) acknowledged.loggedOut.push(person);
      await sleep(10);
    }
  };
  const share = Math.floor(half / tabs);
  const all = [
    registering(),
    loggingOut(),
    ...Array.from({ length: tabs }, (_, tab) => refreshing(seeded.slice(tab * share, (tab + 1) * share))),
  ];
  return { acknowledged, wrong, ended: Promise.all(all) };
};

test('what was acknowledged before a backup began is in it, under load, and people and mails go on from there', {
  timeout: 600_000,
}, async () => {
  const lost = await temporaryFolder();
  const secret = { TEGATA_SECRET: 'bW9zdGx5IHJhbmRvbSBieXRlcyBmb3IgYSB0ZXN0IQ', TEGATA_URL: 'http://localhost:3000' };
  // Nobody answers there: every mail waits.
  const settings = { ...secret, TEGATA_DATA_DIR: lost, SMTP_URL: `smtp://127.0.0.1:${await freePort()}` };
  // Half of them refresh, as many log out, and the last ones are not heard of in between.
  const quietOnes = 20;
  const seeded = await seed(settings, people, 20 * before + quietOnes);
  const quiet = seeded.splice(-quietOnes);
  const server = await startServerProcess(settings);
  const { acknowledged, wrong, ended } = startLoad(server.url, seeded);
  const refreshes = () => [...acknowledged.generations.values()].reduce((sum, generation) => sum + generation, 0);
  const isEnough = () =>
    [acknowledged.registered.length, acknowledged.loggedOut.length, refreshes()].every((count) => count >= before);
  while (!isEnough() && wrong.length === 0) await sleep(5);

  const known = {
    registered: [...acknowledged.registered],
    generations: new Map(acknowledged.generations),
    loggedOut: [...acknowledged.loggedOut],
    refreshes: refreshes(),
  };
  const copy = `${await temporaryFolder()}/copy.db`;
  const backupAt = performance.now();
  expect(await runTegata(['backup', copy], settings)).toMatchObject({ code: 0, stderr: '' });
  const backupMs = performance.now() - backupAt;
  const during =
    acknowledged.registered.length +
    refreshes() +
    acknowledged.loggedOut.length -
    known.registered.length -
    known.refreshes -
    known.loggedOut.length;
  await server.kill();
  await ended;
  expect(wrong).toEqual([]);

  const restoreAt = performance.now();
  const empty = { ...settings, TEGATA_DATA_DIR: `${await temporaryFolder()}/data` };
  expect(await runTegata(['restore', copy], empty)).toMatchObject({ code: 0, stderr: '' });
  const restored = await startServerProcess(empty);
  const restoreMs = performance.now() - restoreAt;

  const database = new DatabaseSync(`${empty.TEGATA_DATA_DIR}/tegata.db`, { readOnly: true, timeout: 5_000 });
  onTestFinished(() => database.close());
  const address = database.prepare('select 1 from user_emails where email = ?');
  const session = database.prepare('select generation, ended_at from sessions where id = ?');
  const missing = [
    ...known.registered.filter((email) => !address.get(email)),
    ...[...known.generations]
      .filter(([id, generation]) => Number(session.get(id)?.generation ?? -1) < generation)
      .map(([id]) => id),
    ...known.loggedOut
      .filter(({ sessionId }) => (session.get(sessionId)?.ended_at ?? null) === null)
      .map(({ sessionId }) => sessionId),
  ];

  // Sessions that nothing has happened to since go on, those that had ended stay ended, and passwords are right.
  for (const { refreshToken } of quiet) expect((await refresh(restored.url, refreshToken)).status).toBe(200);
  for (const { refreshToken } of known.loggedOut.slice(0, 50))
    expect((await refresh(restored.url, refreshToken)).status).toBe(401);
  for (const { email } of quiet.slice(0, 5)) {
    expect((await post(restored.url, '/api/v1/auth/login', { email, password: seededPassword })).status).toBe(200);
  }
  expect((await restored.stop()).code).toBe(0);

  // The mail server is there again; the pauses between tries are over when the clock has gone ahead.
  const sink = await openMailSink();
  onTestFinished(sink.close);
  const engine = await composeEngine(parseConfig({ ...empty, SMTP_URL: `smtp://127.0.0.1:${sink.port}`, LOG_LEVEL: 'silent' }), {
    clock: () => Date.now() + 2 * 3_600_000,
  });
  await engine.mailWorker.drain();
  const mailed = new Map(sink.received.map((mail) => [mail.recipients[0], mail.raw]));
  const unmailed = known.registered.filter((email) => !mailed.has(email));
  for (const email of known.registered.slice(0, 20)) {
    const token = /token=([\w-]{43})/.exec((mailed.get(email) ?? '').replaceAll('=\r\n', '').replaceAll('=3D', '='))?.[1] ?? '';
    expect(await engine.auth.verifyEmail({ token }), email).toMatchObject({ ok: true });
  }
  await engine.close();

  const failed = missing.length + unmailed.length;
  figure({
    row: 'restore',
    part: 'SQLite',
    tried: known.registered.length + known.refreshes + known.loggedOut.length,
    failed,
    detail:
      `${people} people; acknowledged before the backup began: ${known.registered.length} registrations, ${known.refreshes} refreshes of ${known.generations.size} sessions, ` +
      `${known.loggedOut.length} log-outs; ${during} more answers while it ran; backup ${(backupMs / 1000).toFixed(1)} s, ` +
      `restore and start to the first answer ${(restoreMs / 1000).toFixed(1)} s; ${mailed.size} waiting mails delivered afterwards`,
    reached: failed === 0,
  });
  expect(missing).toEqual([]);
  expect(unmailed).toEqual([]);
  expect(during).toBeGreaterThan(0);
});
