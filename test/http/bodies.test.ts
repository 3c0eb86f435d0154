import { type Endpoint, endpoints } from '@tegata/contract';
import { expect, test } from 'vitest';
import { rawRequest, sendRaw } from '../raw-http.ts';
import { type Answer, startServer, type TestServer } from '../server.ts';
import { goodPassword, inJapanese, loggedIn, me, register, registered } from '../standard/people.ts';

const withBody = (Object.values(endpoints) as Endpoint[]).filter(({ body }) => body !== undefined);
const login = '/api/v1/auth/login';
const limit = 64 * 1024;

const invalidBody = { error: { code: 'INVALID_REQUEST', message: 'invalid request body' }, meta: null };
const wrongType = { error: { code: 'INVALID_REQUEST', message: 'content type must be application/json' }, meta: null };
const tooLarge = { error: { code: 'INVALID_REQUEST', message: 'request body too large' }, meta: null };

/** A server, and a call of any endpoint with a body by somebody who is logged in. */
const started = async () => {
  const server = await startServer();
  await registered(server, 'ada@example.com');
  const { accessToken } = await loggedIn(server, 'ada@example.com');
  const send = ({ method, path, auth }: Endpoint, body: string | Blob | undefined, headers: Record<string, string>) =>
    fetch(server.url + path, {
      method,
      headers: { ...headers, ...(auth === 'access_token' && { authorization: `Bearer ${accessToken}` }) },
      ...(body !== undefined && { body }),
    }).then(async (response) => ({ status: response.status, body: (await response.json()) as Answer['body'] }));
  return { server, accessToken, send };
};

const asJson = { 'content-type': 'application/json' };

test('S3.128 what is not a JSON object is an invalid request body, on every call that takes one', async () => {
  const { send } = await started();
  const bodies = ['{', '{"a":}', "{'a':1}", '{"a":1,}', '[]', '[{}]', '""', '"text"', '0', 'true', 'null', ' ', '\u0000', '{}{}'];
  for (const endpoint of withBody) {
    for (const body of bodies) {
      const answer = await send(endpoint, body, asJson);
      expect(answer, `${endpoint.method} ${endpoint.path} ${body}`).toEqual({ status: 400, body: invalidBody });
    }
  }
});

test('an empty body is one too, unless the call can do without', async () => {
  const { send } = await started();
  for (const endpoint of withBody) {
    for (const headers of [asJson, {}] as Record<string, string>[]) {
      const answer = await send(endpoint, undefined, headers);
      if (!endpoint.bodyOptional) expect(answer, endpoint.path).toEqual({ status: 400, body: invalidBody });
      else expect(answer.body, endpoint.path).not.toEqual(invalidBody);
    }
  }
});

test('a body of another content type, or of none, is 415 on every call', async () => {
  const { send } = await started();
  const types = [
    ...['text/plain', 'text/plain;charset=UTF-8', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x'],
    ...[
      'text/json',
      'application/jsonp',
      'application/json5',
      'application/json-patch+json',
      'application/ld+json',
      'json',
      '*/*',
    ],
    ...['text/plain; application/json', 'application/ json', '"application/json"'],
  ];
  for (const endpoint of withBody) {
    for (const type of types) {
      const answer = await send(endpoint, '{}', { 'content-type': type });
      expect(answer, `${endpoint.path} ${type}`).toEqual({ status: 415, body: wrongType });
    }
    const typeless = await send(endpoint, new Blob(['{}']), {});
    expect(typeless, endpoint.path).toEqual({ status: 415, body: wrongType });
  }
});

test('parameters and case of the content type do not matter', async () => {
  const { server } = await started();
  const types = ['application/json', 'Application/JSON', 'application/json; charset=utf-8', 'application/json ;charset="UTF-8"'];
  for (const type of types) {
    const body = { email: 'ada@example.com', password: goodPassword };
    expect((await server.call('POST', login, { body, headers: { 'content-type': type } })).status, type).toBe(200);
  }
});

test('a form for a mailed link, sent as anything but a form, is 415', async () => {
  const server = await startServer();
  for (const path of ['/auth/verify-email', '/auth/reset-password', '/auth/undo-email']) {
    const answer = await server.call('POST', path, { body: {} });
    expect(answer.status).toBe(415);
    expect(answer.body).toEqual(wrongType);
  }
});

/** A log-in whose body has exactly so many bytes. */
const bodyOf = (bytes: number): string => {
  const frame = JSON.stringify({ email: 'ada@example.com', password: goodPassword, padding: '' });
  return frame.replace('"padding":""', `"padding":"${'x'.repeat(bytes - frame.length)}"`);
};

const chunked = async (server: TestServer, body: string, chunkBytes: number): Promise<Answer['status']> => {
  const chunks = body.match(new RegExp(`[^]{1,${chunkBytes}}`, 'g')) ?? [];
  const encoded = chunks.map((chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`).join('');
  const headers = ['Content-Type: application/json', 'Transfer-Encoding: chunked'];
  const [answer] = await sendRaw(server, rawRequest(`POST ${login}`, headers, `${encoded}0\r\n\r\n`));
  if (answer?.status === 413) expect(JSON.parse(answer.body)).toEqual(tooLarge);
  return answer?.status ?? 0;
};

test('64 KiB are taken, one byte more is 413, with and without an announced length', async () => {
  const { server } = await started();
  const whole = await server.call('POST', login, { body: bodyOf(limit) });
  expect(whole.status).toBe(200);
  const more = await server.call('POST', login, { body: bodyOf(limit + 1) });
  expect(more.status).toBe(413);
  expect(more.body).toEqual(tooLarge);
  expect(await chunked(server, bodyOf(limit), 1000)).toBe(200);
  expect(await chunked(server, bodyOf(limit + 1), 1000)).toBe(413);
  expect(await chunked(server, bodyOf(limit + 1), limit + 1)).toBe(413);
});

test('it is 413 on every path, before anybody asks who is calling or what for', async () => {
  const server = await startServer();
  const body = 'x'.repeat(limit + 1);
  for (const path of [...new Set(withBody.map((endpoint) => endpoint.path)), '/nowhere', '/health/live', '/openapi.json']) {
    const answer = await server.call('POST', path, { body });
    expect(answer.status, path).toBe(413);
    expect(answer.body).toEqual(tooLarge);
  }
});

test('an announced 10 GB are refused unread; 10 MB that come anyway are cut; the server serves on', async () => {
  const server = await startServer();
  const announced = rawRequest(`POST ${login}`, ['Content-Type: application/json', 'Content-Length: 10737418240'], '{');
  expect((await sendRaw(server, announced)).map(({ status }) => status)).toEqual([413]);
  const before = process.memoryUsage().rss;
  const uploads = await Promise.all(Array.from({ length: 4 }, () => chunked(server, 'x'.repeat(10_000_000), 60_000)));
  // Whoever goes on sending may be cut off before it reads the answer.
  for (const status of uploads) expect([413, 0]).toContain(status);
  expect(process.memoryUsage().rss - before).toBeLessThan(400_000_000);
  expect((await server.call('GET', '/health/ready')).status).toBe(200);
});

test('bytes that are not UTF-8 are refused: two passwords must not become one', async () => {
  const { server } = await started();
  const text = `{"email":"ada@example.com","password":"${goodPassword} X"}`;
  for (const bytes of [[0xff], [0xc3], [0xc0, 0x80], [0xed, 0xa0, 0xbd], [0xf4, 0x90, 0x80, 0x80]]) {
    const [head, tail] = text.split('X') as [string, string];
    const body = Buffer.concat([Buffer.from(head), Buffer.from(bytes), Buffer.from(tail)]);
    const response = await fetch(server.url + login, { method: 'POST', headers: asJson, body });
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual(invalidBody);
  }
  const withBom = await server.call('POST', login, { body: `\ufeff{"email":"ada@example.com","password":"${goodPassword}"}` });
  expect(withBom.status).toBe(200);
});

test('unknown fields are ignored; of duplicate members the last one counts', async () => {
  const { server } = await started();
  const unknown = { email: 'ada@example.com', password: goodPassword, role: 'admin', expires_in: 1, user: {}, id: null };
  expect((await server.call('POST', login, { body: unknown })).status).toBe(200);
  const last = `{"email":"ada@example.com","password":"not this","password":"${goodPassword}"}`;
  expect((await server.call('POST', login, { body: last })).status).toBe(200);
  const first = `{"email":"ada@example.com","password":"${goodPassword}","password":"not this"}`;
  expect((await server.call('POST', login, { body: first })).status).toBe(401);
});

test('nesting as deep as fits into a body does no harm', async () => {
  const { server } = await started();
  const arrays = `{"email":${'['.repeat(30_000)}${']'.repeat(30_000)},"password":"x"}`;
  const objects = `{"password":"x","email":${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}}`;
  const ignored = `{"email":"ada@example.com","password":"${goodPassword}","x":${'['.repeat(30_000)}${']'.repeat(30_000)}}`;
  const open = '['.repeat(60_000);
  const status = async (body: string) => (await server.call('POST', login, { body })).status;
  expect(await status(arrays)).toBe(400);
  expect(await status(objects)).toBe(400);
  expect(await status(ignored)).toBe(200);
  expect(await status(open)).toBe(400);
});

test('names of the prototype are names of fields like any other, and unknown', async () => {
  const { server, accessToken } = await started();
  const polluting = [
    '{"__proto__":{"email":"ada@example.com","password":"x","name":"Eve","token":"x"}}',
    '{"constructor":{"prototype":{"email":"ada@example.com"}}}',
  ];
  for (const body of polluting) {
    expect((await server.call('POST', login, { body })).body.error.code).toBe('VALIDATION_ERROR');
    expect((await server.call('PATCH', '/api/v1/me', { body, token: accessToken })).body.data.name).toBe('Ada Lovelace');
  }
  expect(({} as Record<string, unknown>).email).toBeUndefined();
});

test('what is missing or of another type is told by field, in the language asked for, and never in the words of a library', async () => {
  const { send } = await started();
  const values = [undefined, null, 0, -1.5, true, [], {}, 'x'.repeat(9000)];
  const messages = new Set<string>();
  for (const endpoint of withBody) {
    const fields = Object.keys(endpoint.body?.shape ?? {});
    for (const value of values) {
      const body = JSON.stringify(Object.fromEntries(fields.map((field) => [field, value])));
      const english = await send(endpoint, body, asJson);
      const japanese = await send(endpoint, body, { ...asJson, ...inJapanese });
      expect(english.status, `${endpoint.path} ${body.slice(0, 100)}`).toBe(japanese.status);
      const [ours, theirs] = [english, japanese].map((answer) => answer.body.error?.details ?? []);
      expect(ours.map(({ field }: { field: string }) => field)).toEqual(theirs.map(({ field }: { field: string }) => field));
      for (const [index, { field, message }] of ours.entries()) {
        expect(fields).toContain(field);
        messages.add(message);
        expect(message).not.toMatch(/invalid input|expected|received|too big|too small|undefined|must contain/i);
        expect(theirs[index].message, message).toMatch(/\p{Script=Hiragana}/u);
      }
    }
  }
  expect(messages.size).toBeGreaterThan(10);
});

test('a caller who hangs up in the middle of a body does no harm', async () => {
  const server = await startServer();
  const head = rawRequest(`POST ${login}`, ['Content-Type: application/json', 'Content-Length: 1000'], '{"email":');
  await Promise.all(Array.from({ length: 20 }, () => sendRaw(server, head, 50)));
  expect((await server.call('GET', '/health/ready')).status).toBe(200);
  expect((await register(server, 'ada@example.com')).status).toBe(201);
});

test('a body where none is expected is no obstacle', async () => {
  const { server, accessToken } = await started();
  const withLength = rawRequest('GET /api/v1/me', [`Authorization: Bearer ${accessToken}`, 'Content-Length: 5'], 'hello');
  expect((await sendRaw(server, withLength)).map(({ status }) => status)).toEqual([200]);
  expect((await me(server, accessToken)).status).toBe(200);
});
