import { expect, onTestFinished, test } from 'vitest';
import { ConfigError, createTegata, type Tegata } from '../../packages/server/src/index.ts';
import { temporaryFolder } from '../server-process.ts';
import { goodPassword } from '../standard/people.ts';

// Tegata as a library: the handler alone, mounted where no node:http request stands behind it.

const embedded = async (settings: Record<string, string> = {}): Promise<Tegata> => {
  const tegata = await createTegata({ TEGATA_DATA_DIR: await temporaryFolder(), LOG_LEVEL: 'silent', ...settings });
  onTestFinished(tegata.close);
  return tegata;
};

const post = async (tegata: Tegata, path: string, body: unknown, bindings?: object) =>
  tegata.fetch(
    new Request(`http://localhost:3000${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    }),
    bindings,
  );

test('a plain Request is answered like any other', async () => {
  const tegata = await embedded();
  const answer = await post(tegata, '/api/v1/auth/register', { email: 'ada@example.com', password: goodPassword, name: 'Ada' });
  expect(answer.status).toBe(201);
  expect(answer.headers.get('x-request-id')).toMatch(/^[\w-]{36}$/);
  expect((await tegata.fetch(new Request('http://localhost:3000/nowhere'))).status).toBe(404);
});

test('without a socket nobody is local: metrics stay closed, and unknown callers share one limit', async () => {
  const tegata = await embedded();
  expect((await tegata.fetch(new Request('http://localhost:3000/metrics'))).status).toBe(404);
  const forgot = async (bindings?: object) => (await post(tegata, '/api/v1/auth/password/forgot', {}, bindings)).status;
  for (let each = 0; each < 5; each += 1) expect(await forgot()).toBe(400);
  expect(await forgot()).toBe(429);
  expect(await forgot({ incoming: { socket: { remoteAddress: '203.0.113.7' } } })).toBe(400);
});

test('mistakes in the settings are one error with all of them', async () => {
  const made = createTegata({ PORT: 'x', LOG_LEVEL: 'y' });
  await expect(made).rejects.toThrow(ConfigError);
  await expect(made).rejects.toThrow(/PORT=x.*\n.*LOG_LEVEL=y/);
});
