import { chmod, readdir, writeFile } from 'node:fs/promises';
import { expect, onTestFinished, test, vi } from 'vitest';
import { openMailSink } from '../../packages/server/src/mail/testing/mail-sink.ts';
import { runTegata, temporaryFolder } from '../server-process.ts';

// Every call starts a process of its own, which takes its time on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

const doctor = (settings: Record<string, string>) => runTegata(['doctor'], settings);

/** The findings about one thing, without their columns. */
const about = (name: string, stdout: string) =>
  [...stdout.matchAll(/^(ok|note|PROBLEM) +(\S+) +(.*)$/gm)].flatMap(([, level, what, text]) =>
    what === name ? [`${level}: ${text}`] : [],
  );

const production = {
  NODE_ENV: 'production',
  TEGATA_URL: 'https://auth.example.com',
  TEGATA_SECRET: 'Only4Tests-0123456789-abcdefghijklmnop',
};

test('a fresh checkout is healthy, and looking changes nothing', async () => {
  const dataDir = await temporaryFolder();
  const { code, stdout } = await doctor({ TEGATA_DATA_DIR: dataDir });
  expect(stdout).toContain('Nothing stands in the way.');
  expect(code).toBe(0);
  expect(about('database', stdout)).toEqual([
    expect.stringMatching(/^ok: sqlite:.* does not exist yet; the first start makes it$/),
  ]);
  expect(about('secret', stdout)).toEqual([expect.stringMatching(/^ok: none yet/)]);
  expect(about('mail', stdout)).toEqual(['note: no SMTP_URL: mail stays in http://localhost:3000/dev/mailbox']);
  expect(await readdir(dataDir)).toEqual([]);
});

test('a production server with its mail server is healthy; what deserves a thought is noted', async () => {
  const sink = await openMailSink();
  onTestFinished(sink.close);
  const dataDir = await temporaryFolder();
  const settings = { ...production, TEGATA_DATA_DIR: dataDir, SMTP_URL: `smtp://127.0.0.1:${sink.port}` };
  await runTegata(['migrate'], settings);
  const { code, stdout } = await doctor(settings);
  expect(code).toBe(0);
  expect(about('configuration', stdout)).toEqual([
    'ok: production; contracts standard; public address https://auth.example.com',
    expect.stringMatching(/^note: TEGATA_TRUSTED_PROXIES is empty/),
  ]);
  expect(about('mail', stdout)).toEqual([`ok: 127.0.0.1:${sink.port} greets`]);
  expect(about('database', stdout)).toEqual([`ok: sqlite:${dataDir}/tegata.db answers`]);
  expect(about('secret', stdout)).toEqual(['ok: TEGATA_SECRET is set and strong enough']);
  expect(stdout).not.toContain(production.TEGATA_SECRET);
});

test('a closed mail port, a secret that others can read and a file that is no database are each named with what to do', async () => {
  const sink = await openMailSink();
  await sink.close();
  const dataDir = await temporaryFolder();
  await writeFile(`${dataDir}/secret`, 'x'.repeat(43));
  await chmod(`${dataDir}/secret`, 0o644);
  await writeFile(`${dataDir}/tegata.db`, 'this is no database, and it is long enough to be looked at');
  const { code, stdout } = await doctor({ TEGATA_DATA_DIR: dataDir, SMTP_URL: `smtp://user:pass-word@127.0.0.1:${sink.port}` });
  expect(code).toBe(1);
  expect(stdout).toContain('3 to fix before the server can serve.');
  expect(about('mail', stdout)).toEqual([
    `PROBLEM: 127.0.0.1:${sink.port} refuses (ECONNREFUSED): check SMTP_URL and the network; mail waits in the outbox meanwhile`,
  ]);
  expect(about('secret', stdout)).toEqual([`PROBLEM: ${dataDir}/secret can be read by others: chmod 600 ${dataDir}/secret`]);
  expect(about('database', stdout)).toEqual([expect.stringContaining('does not answer (file is not a database)')]);
  expect(stdout).not.toContain('pass-word');
});

test('a data folder that cannot be made is found before the first start', async () => {
  const { code, stdout } = await doctor({ TEGATA_DATA_DIR: '/dev/null/tegata' });
  expect(code).toBe(1);
  expect(about('database', stdout)).toEqual([expect.stringMatching(/^PROBLEM: .* cannot be made: \/dev\/null is not a folder/)]);
});

test('every mistake in the settings is listed at once, each with the setting that mends it', async () => {
  const { code, stdout } = await doctor({
    NODE_ENV: 'production',
    TEGATA_SECRET: 'secret',
    TEGATA_URL: 'http://auth.example.com',
    PORT: 'eighty',
    TEGATA_ACCESS_TTL: '15',
    MAIL_FROM: 'nobody',
  });
  expect(code).toBe(1);
  const problems = about('configuration', stdout).join('\n');
  for (const setting of ['PORT=eighty', 'TEGATA_SECRET', 'TEGATA_URL', 'SMTP_URL', 'TEGATA_ACCESS_TTL=15', 'MAIL_FROM']) {
    expect(problems).toContain(setting);
  }
});
