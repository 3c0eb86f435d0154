import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import express from 'express';
import { expect, onTestFinished, test } from 'vitest';
import { createNodeListener, sendResponse, webRequest } from '../../packages/server/src/http/node-listener.ts';
import { rawRequest, sendRaw } from '../raw-http.ts';

const listening = async (listener: RequestListener): Promise<{ url: string }> => {
  const server = createServer(listener);
  onTestFinished(() => void server.close());
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
};

/** What the handler saw, as JSON. */
const echo = async (request: Request, { incoming }: { incoming: IncomingMessage }) => {
  const { pathname, search } = new URL(request.url);
  return Response.json({
    method: request.method,
    target: pathname + search,
    // As the limit on bodies does it, which needs a request that can be copied.
    body: await new Request(request, request.body ? { body: request.body, duplex: 'half' } : {}).text(),
    address: incoming.socket.remoteAddress,
  });
};

const call = async (url: string, init?: RequestInit & { duplex?: 'half' }) => (await fetch(url, init)).json();

const chunksOf = (...chunks: string[]) =>
  new ReadableStream({
    start: (controller) => {
      for (const chunk of chunks) controller.enqueue(new TextEncoder().encode(chunk));
      controller.close();
    },
  });

test('a request arrives whole: method, path, query, body of known and of unknown length, address of the socket', async () => {
  const { url } = await listening(createNodeListener(echo));
  const address = '127.0.0.1';
  expect(await call(`${url}/a/b?c=d`)).toEqual({ method: 'GET', target: '/a/b?c=d', body: '', address });
  const chunked = { method: 'POST', body: chunksOf('hel', 'lo'), duplex: 'half' } as const;
  expect(await call(`${url}/x`, chunked)).toEqual({ method: 'POST', target: '/x', body: 'hello', address });
});

test('an answer leaves as it is: status, each of several cookies, body', async () => {
  const headers = new Headers({ 'x-one': '1' });
  for (const name of ['a', 'b', 'c']) headers.append('set-cookie', `${name}=1; Path=/; HttpOnly`);
  const { url } = await listening(createNodeListener(() => new Response('teapot', { status: 418, headers })));
  const response = await fetch(url);
  expect(response.status).toBe(418);
  expect(response.headers.getSetCookie()).toEqual(['a=1; Path=/; HttpOnly', 'b=1; Path=/; HttpOnly', 'c=1; Path=/; HttpOnly']);
  expect(response.headers.get('x-one')).toBe('1');
  expect(await response.text()).toBe('teapot');
});

test('the globals of the process are left alone', async () => {
  const before = { Request: globalThis.Request, Response: globalThis.Response };
  createNodeListener(echo);
  expect(globalThis.Request).toBe(before.Request);
  expect(globalThis.Response).toBe(before.Response);
});

test('under a prefix that a framework cut off, the handler sees the whole path', async () => {
  const app = express();
  app.use('/auth', createNodeListener(echo));
  const { url } = await listening(app);
  expect(await call(`${url}/auth/signin?x=1`)).toMatchObject({ target: '/auth/signin?x=1' });
});

test('a body that somebody has read before is told to the developer, and not taken for an empty one', async () => {
  let told = '';
  const handler = async (request: Request) => {
    told = await request.text().catch((error: Error) => error.message);
    return new Response(null);
  };
  const app = express().use(express.json(), createNodeListener(handler));
  const { url } = await listening(app);
  const headers = { 'content-type': 'application/json' };
  await fetch(url, { method: 'POST', headers, body: '{}' });
  expect(told).toBe('The body was read before Tegata got the request: mount Tegata before any body parser.');
  // What had no body is as it was.
  await fetch(url, { method: 'POST', headers });
  expect(told).toBe('');
  await fetch(url, { headers });
  expect(told).toBe('');
});

test('a target that makes no URL is refused, and a caller who hangs up does no harm', async () => {
  const server = await listening(createNodeListener(echo));
  expect((await sendRaw(server, rawRequest('GET *'))).map(({ status }) => status)).toEqual([400]);
  await new Promise<void>((resolve) => {
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1', () => {
      socket.end(rawRequest('POST /x', ['Content-Length: 100'], 'half'), () => socket.destroy());
    }).on('close', () => resolve());
  });
  expect(await call(server.url)).toMatchObject({ method: 'GET' });
});

test('webRequest has the head as it was sent: doubled headers are seen, cookies are joined, the body stays', async () => {
  const { url } = await listening(async (incoming, outgoing) => {
    const request = webRequest(incoming);
    const [authorization, cookie] = ['authorization', 'cookie'].map((name) => request.headers.get(name));
    const { method, url } = request;
    outgoing.end(JSON.stringify({ method, url, authorization, cookie, body: await text(incoming) }));
  });
  const sent = ['Authorization: Bearer a', 'Authorization: Bearer b', 'Cookie: a=1', 'Cookie: b=2', 'Content-Length: 4'];
  const [answer] = await sendRaw({ url }, rawRequest('PUT /notes?x=1', sent, 'body'));
  expect(JSON.parse(answer?.body ?? '')).toEqual({
    method: 'PUT',
    url: 'http://localhost/notes?x=1',
    authorization: 'Bearer a, Bearer b',
    cookie: 'a=1; b=2',
    body: 'body',
  });
  for (const target of ['*', '//', '//evil.example/x', '/%zz', 'http://evil.example/x']) {
    const [answered] = await sendRaw({ url }, rawRequest(`GET ${target}`));
    expect(JSON.parse(answered?.body ?? '').url, target).toMatch(/^http:\/\/localhost\//);
  }
});

test('sendResponse sends status, headers, each cookie and the body', async () => {
  const headers = new Headers({ 'www-authenticate': 'Bearer' });
  headers.append('set-cookie', 'a=1');
  headers.append('set-cookie', 'b=2');
  const { url } = await listening(
    (_, outgoing) => void sendResponse(outgoing, Response.json({ error: 'x' }, { status: 401, headers })),
  );
  const response = await fetch(url);
  expect(response.status).toBe(401);
  expect(response.headers.get('www-authenticate')).toBe('Bearer');
  expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
  expect(await response.json()).toEqual({ error: 'x' });
});
