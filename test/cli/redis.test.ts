import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test, vi } from 'vitest';
import { runTegata, startServerProcess, temporaryFolder } from '../server-process.ts';
import { type RedisSettings, startRedis } from '../services/redis.ts';

vi.setConfig({ testTimeout: 60_000 });

const started = async (settings?: RedisSettings) => {
  const redis = await startRedis(settings);
  onTestFinished(() => redis.stop());
  return redis;
};

const doctor = async (settings: Record<string, string>) => {
  const { code, stdout } = await runTegata(['doctor'], { TEGATA_DATA_DIR: await temporaryFolder(), ...settings });
  const findings = [...stdout.matchAll(/^(ok|note|PROBLEM) +redis +(.*)$/gm)].map(([, level, text]) => `${level}: ${text}`);
  return { code, findings };
};

test('the doctor says what Redis keeps, and what in its settings would lose it', async () => {
  const safe = await started({ password: 'canary-password' });
  expect(await doctor({ REDIS_URL: safe.url })).toEqual({
    code: 0,
    findings: [`ok: 127.0.0.1:${safe.port} answers, and keeps sessions, lockouts and limits`],
  });
  const cache = await started({ settings: { appendonly: 'no', 'maxmemory-policy': 'allkeys-lru' } });
  expect((await doctor({ REDIS_URL: cache.url })).findings).toEqual([
    expect.stringMatching(/^ok: /),
    expect.stringMatching(/^note: Redis has maxmemory-policy allkeys-lru/),
    expect.stringMatching(/^note: Redis has no append-only file/),
  ]);
  expect((await doctor({ REDIS_URL: cache.url, TEGATA_SESSION_STORE: 'database' })).findings).toEqual([
    `ok: 127.0.0.1:${cache.port} answers, and keeps limits`,
  ]);
});

test('a Redis that cannot be used stands in the way where it holds the sessions, and its password is not repeated', async () => {
  const redis = await started({ password: 'right' });
  const wrong = { REDIS_URL: `redis://:canary-password@127.0.0.1:${redis.port}` };
  const { code, findings } = await doctor(wrong);
  expect(code).toBe(1);
  expect(findings).toEqual([expect.stringMatching(/^PROBLEM: .*WRONGPASS.*check REDIS_URL/)]);
  expect(findings.join()).not.toContain('canary');
  expect(await doctor({ ...wrong, TEGATA_SESSION_STORE: 'database' })).toMatchObject({
    code: 0,
    findings: [expect.stringMatching(/^note: .*WRONGPASS/)],
  });

  const serving = await runTegata(['serve'], { ...wrong, TEGATA_DATA_DIR: await temporaryFolder(), PORT: '0' });
  expect(serving.code).toBe(1);
  expect(serving.stderr).toContain('REDIS_URL');
  expect(serving.stderr).not.toContain('canary');
  expect(serving.stderr).not.toContain('    at ');
});

test('without sessions in it the server starts before Redis does', async () => {
  const redis = await started();
  await redis.kill();
  const settings = { REDIS_URL: redis.url, TEGATA_SESSION_STORE: 'database', TEGATA_DATA_DIR: await temporaryFolder() };
  const server = await startServerProcess(settings);
  expect((await fetch(`${server.url}/health/ready`)).status).toBe(200);
  const ready = async () => /^tegata_redis_ready (\d)$/m.exec(await (await fetch(`${server.url}/metrics`)).text())?.[1];
  expect(await ready()).toBe('0');
  await redis.start();
  await vi.waitFor(async () => expect(await ready()).toBe('1'), { timeout: 10_000 });
  expect((await server.stop()).code).toBe(0);
});

test('rediss:// speaks TLS, to a server whose certificate is trusted and to no other', async () => {
  const folder = await temporaryFolder();
  const [certificate, key] = [join(folder, 'certificate.pem'), join(folder, 'key.pem')];
  const subject = ['-subj', '/CN=redis', '-addext', 'subjectAltName=IP:127.0.0.1'];
  const request = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  await promisify(execFile)('openssl', [...request, ...subject, '-keyout', key, '-out', certificate]);
  const redis = await started({ password: 'p@ss', tls: { certificate, key } });
  expect(redis.url).toMatch(/^rediss:/);
  expect(await doctor({ REDIS_URL: redis.url, NODE_EXTRA_CA_CERTS: certificate })).toMatchObject({ code: 0 });
  expect(await doctor({ REDIS_URL: redis.url })).toMatchObject({
    code: 1,
    findings: [expect.stringMatching(/^PROBLEM: .*DEPTH_ZERO_SELF_SIGNED_CERT/)],
  });
});
