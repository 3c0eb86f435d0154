import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { rawRequest, sendRaw } from '../raw-http.ts';
import { temporaryFolder } from '../server-process.ts';
import { added, asBrowser, runExample, signedUp, starts, startTasksServer } from './people.ts';

test('npm run example:tasks starts it on PORT, SIGTERM ends it, and what was there is there after the next start', async () => {
  const dataDir = await temporaryFolder();
  const first = await runExample(starts.npm, dataDir);
  expect((await first.call('GET', '/health/ready')).status).toBe(200);
  const person = await signedUp(first, 'ada@example.com');
  const id = await added(first, person, { title: 'Still here' });
  await first.stop();
  await expect(first.call('GET', '/health/ready')).rejects.toThrow();

  const second = await runExample(starts.node, dataDir);
  const read = await second.call('GET', `/tasks/${id}`, asBrowser(person));
  expect(read).toMatchObject({ status: 200, body: { title: 'Still here' } });
  expect(second.rows('pragma user_version')).toEqual([{ user_version: 1 }]);
  expect(await second.stop()).toBe(0);
}, 30_000);

test('beside its own routes it is the whole server, with the contracts that are named', async () => {
  const server = await startTasksServer({ TEGATA_CONTRACTS: 'standard,cookie' });
  const person = await signedUp(server, 'ada@example.com');
  await added(server, person);
  expect((await server.call('GET', '/api/v1/me', { token: person.accessToken })).body.data.email).toBe('ada@example.com');
  expect((await server.call('GET', '/dev/mailbox')).status).toBe(200);
  const alone = await startTasksServer();
  expect(await alone.call('GET', '/api/v1/me')).toMatchObject({ status: 404, body: { error_type: 'not_found' } });
});

test('HTTP/1.0, which names no host, is answered; a host or target that makes no URL is 400', async () => {
  const server = await startTasksServer();
  const [health] = await sendRaw(server, 'GET /health/ready HTTP/1.0\r\n\r\n');
  expect(health).toMatchObject({ status: 200, body: '{"status":"ok"}' });
  for (const request of [rawRequest('GET /tasks', ['Host: a b']), rawRequest('GET http://[x/tasks')]) {
    expect(await sendRaw(server, request)).toMatchObject([{ status: 400 }]);
  }
});

test('a mistake in the settings stops the start with the words that mend it', async () => {
  await expect(startTasksServer({ TEGATA_CONTRACTS: 'coookie' })).rejects.toThrow('TEGATA_CONTRACTS=coookie: unknown contract');
});

test('the page runs under a policy that allows its own script and style alone, and asks no other host', async () => {
  const server = await startTasksServer();
  const page = await server.call('GET', '/');
  expect(page.status).toBe(200);
  expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
  expect(page.headers.get('content-security-policy')).toBe(
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  );
  expect(page.body).toMatch(/<html lang="en">/);
  expect(page.body).not.toMatch(/<style|<script(?![^>]* src="\/page\.js")|\son\w+=|\sstyle=|javascript:/i);
  const files = { '/page.js': 'text/javascript; charset=utf-8', '/page.css': 'text/css; charset=utf-8' };
  for (const [path, type] of Object.entries(files)) {
    expect(page.body).toContain(`"${path}"`);
    const file = await server.call('GET', path);
    expect(file.status).toBe(200);
    expect(file.headers.get('content-type')).toBe(type);
    expect(file.headers.get('x-content-type-options')).toBe('nosniff');
    if (path === '/page.css') expect(file.body).not.toMatch(/url\(|@import/);
  }
  expect(page.body.replaceAll('http://www.w3.org/2000/svg', '')).not.toMatch(/https?:\/\//);
});

test('the lines that the README shows are those of the example', async () => {
  const read = (file: string) => readFile(new URL(`../../examples/tasks/${file}`, import.meta.url), 'utf8');
  const shown = [...(await read('README.md')).matchAll(/```ts\n\/\/ ([\w-]+\.ts)\n(.*?)```/gs)];
  expect(shown.length).toBe(2);
  for (const [, file, lines = ''] of shown) {
    const source = (await read(file as string)).split('\n').map((line) => line.trim());
    for (const line of lines.trim().split('\n')) expect(source).toContain(line.trim());
  }
});
