import { once } from 'node:events';
import { chmod, readdir, writeFile } from 'node:fs/promises';
import { createServer, type IncomingHttpHeaders, request as passOn } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test, vi } from 'vitest';
import { openMailSink } from '../../packages/server/src/mail/testing/mail-sink.ts';
import { freePort } from '../free-port.ts';
import { startOtlpReceiver } from '../otlp-receiver.ts';
import { runTegata, startServerProcess, temporaryFolder } from '../server-process.ts';

// Every call starts a process of its own, which takes its time on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

const doctor = (settings: Record<string, string>) => runTegata(['doctor'], settings);

/** The findings about one thing, without their columns. */
const about = (name: string, stdout: string) =>
  [...stdout.matchAll(/^(ok|note|warning|PROBLEM) +(\S+) +(.*)$/gm)].flatMap(([, level, what, text]) =>
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
  expect(about('keys', stdout)).toEqual([expect.stringMatching(/^ok: HS256: [\w-]{12} signs, derived from TEGATA_SECRET$/)]);
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
  expect(about('mail', stdout)).toEqual([`PROBLEM: 127.0.0.1:${sink.port} refuses (ECONNREFUSED)`]);
  expect(stdout).toContain('→ Check SMTP_URL and the network; mail waits in the outbox meanwhile.');
  expect(about('secret', stdout)).toEqual([`PROBLEM: ${dataDir}/secret can be read by others`]);
  expect(stdout).toContain(`→ chmod 600 ${dataDir}/secret`);
  expect(about('database', stdout)).toEqual([expect.stringContaining('does not answer (file is not a database)')]);
  expect(stdout).not.toContain('pass-word');
});

test('a collector of traces is asked with its headers, and one that is away stands in nobody’s way', async () => {
  let status = 200;
  const receiver = await startOtlpReceiver({ answerWith: () => status });
  const settings = {
    TEGATA_DATA_DIR: await temporaryFolder(),
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
    OTEL_EXPORTER_OTLP_HEADERS: 'api-key=k3y-of-the-collector',
  };
  expect(about('traces', (await doctor(settings)).stdout)).toEqual([`ok: ${receiver.url}/v1/traces takes traces`]);
  expect(receiver.posts).toEqual([
    expect.objectContaining({ headers: expect.objectContaining({ 'api-key': 'k3y-of-the-collector' }) }),
  ]);
  expect(receiver.spans()).toEqual([]);

  status = 401;
  const refused = await doctor(settings);
  expect(about('traces', refused.stdout)).toEqual([`warning: ${receiver.url}/v1/traces answers 401`]);
  expect(refused.stdout).toContain('→ Check OTEL_EXPORTER_OTLP_HEADERS;');
  expect(refused.stdout).not.toContain('k3y');

  const nowhere = `http://127.0.0.1:${await freePort()}`;
  const away = await doctor({ ...settings, OTEL_EXPORTER_OTLP_ENDPOINT: nowhere });
  expect(about('traces', away.stdout)).toEqual([`warning: ${nowhere}/v1/traces refuses (ECONNREFUSED)`]);
  expect(away.stdout).toContain('→ Check OTEL_EXPORTER_OTLP_ENDPOINT;');
  expect(away.code).toBe(0);
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

/** What `--json` says but for what is well, and the exit code. */
const examined = async (url: string, settings: Record<string, string>) => {
  const { code, stdout } = await runTegata(['doctor', '--url', url, '--json'], settings);
  const { findings } = JSON.parse(stdout) as { findings: { id: string; level: string; text: string }[] };
  return { code, ids: findings.map(({ id }) => id), findings };
};

/** A proxy on this machine, that changes what the test says. */
const startProxy = async (
  target: string,
  change: { request?: (headers: IncomingHttpHeaders) => void; answer?: (headers: IncomingHttpHeaders) => void },
) => {
  const proxy = createServer((request, response) => {
    const headers = { ...request.headers };
    change.request?.(headers);
    const passing = passOn(`${target}${request.url}`, { method: request.method ?? 'GET', headers }, (answer) => {
      change.answer?.(answer.headers);
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    request.pipe(passing);
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  onTestFinished(() => void proxy.close());
  return `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
};

test('--url asks the running server, and knows it by its secret and its database', async () => {
  const settings = {
    TEGATA_SECRET: production.TEGATA_SECRET,
    TEGATA_DATA_DIR: await temporaryFolder(),
    TEGATA_CONTRACTS: 'standard,cookie',
  };
  // The port is known only when it listens, so its public address is another one.
  const server = await startServerProcess({ ...settings, TEGATA_URL: 'http://localhost:1' });
  const here = { ...settings, TEGATA_URL: 'http://localhost:1' };

  const healthy = await examined(server.url, here);
  expect(healthy.code).toBe(0);
  expect(healthy.ids).toEqual(expect.arrayContaining(['live.ready', 'client-address.direct', 'live.same-database']));
  expect(healthy.findings.filter(({ level }) => level === 'warning').map(({ id }) => id)).toEqual(['live.other-address']);
  const changed = await examined(server.url, { ...here, TEGATA_CONTRACTS: 'standard' });
  expect(changed.ids).toContain('live.other-settings');

  const elsewhere = await temporaryFolder();
  await runTegata(['migrate'], { ...settings, TEGATA_DATA_DIR: elsewhere });
  const other = await examined(server.url, { ...here, TEGATA_DATA_DIR: elsewhere });
  expect(other.code).toBe(1);
  expect(other.ids).toContain('live.other-database');

  const stranger = await examined(server.url, { ...here, TEGATA_SECRET: 'Another4Tests-0123456789-abcdefghijklmnop' });
  expect(stranger.ids).toContain('live.other-secret');
  expect(stranger.ids).not.toContain('live.same-database');
  for (const pass of ['', 'x', `${Date.now()}.${'A'.repeat(43)}`]) {
    const answer = await fetch(`${server.url}/health/topology`, { headers: { 'x-tegata-doctor': pass } });
    expect(answer.status).toBe(404);
  }
  await server.stop();
  expect((await examined(server.url, here)).ids).toContain('live.unreachable');
});

test('--url finds what a proxy does to addresses, cookies and headers', async () => {
  const settings = {
    TEGATA_SECRET: production.TEGATA_SECRET,
    TEGATA_DATA_DIR: await temporaryFolder(),
    TEGATA_URL: 'http://localhost:1',
  };
  const server = await startServerProcess(settings);
  const trusting = await startServerProcess({ ...settings, TEGATA_TRUSTED_PROXIES: '127.0.0.1' });
  const appends = (headers: IncomingHttpHeaders) => {
    headers['x-forwarded-for'] = [headers['x-forwarded-for'] ?? [], '203.0.113.9'].flat().join(', ');
  };
  const careless = await startProxy(server.url, {
    request: (headers) => {
      appends(headers);
      delete headers.authorization;
    },
    answer: (headers) => {
      const cookies = headers['set-cookie'];
      if (cookies) headers['set-cookie'] = cookies.map((one) => one.replace(' Secure;', '').replace('/api', '/tegata/api'));
      headers['access-control-allow-origin'] = '*';
      headers.age = '7';
    },
  });
  const broken = await examined(careless, settings);
  expect(broken.code).toBe(1);
  expect(broken.ids).toEqual(
    expect.arrayContaining([
      'client-address.shared',
      'proxy.header-lost',
      'proxy.caches',
      'cookies.secure-lost',
      'cookies.path-changed',
      'cors.open',
    ]),
  );

  const careful = await startProxy(trusting.url, { request: appends });
  const fine = await examined(careful, { ...settings, TEGATA_TRUSTED_PROXIES: '127.0.0.1' });
  expect(fine.code).toBe(0);
  expect(fine.ids).toContain('client-address.forwarded');

  const passing = await startProxy(trusting.url, {});
  const forged = await examined(passing, { ...settings, TEGATA_TRUSTED_PROXIES: '127.0.0.1' });
  expect(forged.code).toBe(1);
  expect(forged.ids).toContain('client-address.forgeable');
});

test('a key that another secret encrypted is found before the server starts, and a key that signs is told with its age', async () => {
  const dataDir = await temporaryFolder();
  const settings = { TEGATA_SECRET: production.TEGATA_SECRET, TEGATA_DATA_DIR: dataDir, TEGATA_SIGNING_ALG: 'ES256' };
  const server = await startServerProcess(settings);
  await server.stop();
  const { stdout } = await doctor(settings);
  expect(about('keys', stdout)).toEqual([
    expect.stringMatching(/^ok: ES256: [\w-]{12} signs, 0 days old; no next key is published yet$/),
  ]);
  const other = await doctor({ ...settings, TEGATA_SECRET: 'Another4Tests-0123456789-abcdefghijklmnop' });
  expect(other.code).toBe(1);
  expect(about('keys', other.stdout)[0]).toMatch(/^PROBLEM: the signing key [\w-]{12} was encrypted with another TEGATA_SECRET/);
  expect(other.stdout).toContain('TEGATA_SECRET_PREVIOUS');
});
