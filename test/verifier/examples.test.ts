import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { serve } from '@hono/node-server';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { spawnScript } from '../server-process.ts';
import { loggedIn, organizationServer } from './journeys.ts';
import { serviceCredential, verificationSecret } from './verifiers.ts';

vi.setConfig({ testTimeout: 60_000 });

// The snippets of docs/verifier.md in the frameworks that they are for, against a running server.

const examples = ['node-http', 'hono', 'express', 'fastify', 'route-handlers'] as const;
type Example = (typeof examples)[number];

const exampleFile = (name: Example): URL => new URL(`../../examples/verifier/${name}.ts`, import.meta.url);

type Call = (
  method: string,
  path: string,
  headers?: Record<string, string>,
) => Promise<{ status: number; body: unknown; challenge: string | null }>;

const caller =
  (url: string): Call =>
  async (method, path, headers = {}) => {
    const response = await fetch(url + path, { method, headers });
    return { status: response.status, body: await response.json(), challenge: response.headers.get('www-authenticate') };
  };

/** As a process of its own, as a reader would start it. */
const startExample = async (name: Exclude<Example, 'route-handlers'>, settings: Record<string, string>): Promise<Call> => {
  const { child, stdout, finished } = spawnScript(fileURLToPath(exampleFile(name)), [], { PORT: '0', ...settings });
  onTestFinished(async () => {
    child.kill('SIGTERM');
    expect((await finished).code).toBe(0);
  });
  const port = await new Promise<string>((resolve, reject) => {
    child.stdout?.on('data', () => {
      const found = /listening[\s\S]*?port: (\d+)/.exec(stdout())?.[1];
      if (found) resolve(found);
    });
    finished.then(({ code, stderr }) => reject(new Error(`the example ended with ${code}: ${stderr}`)), reject);
  });
  return caller(`http://127.0.0.1:${port}`);
};

/** The exported handlers, called as a framework calls them: by the method, with a web-standard request. */
const startRouteHandlers = async (settings: Record<string, string>): Promise<Call> => {
  for (const [name, value] of Object.entries(settings)) vi.stubEnv(name, value);
  const { verifier, GET, PUT, DELETE } = await import(exampleFile('route-handlers').href);
  vi.unstubAllEnvs();
  onTestFinished(verifier.close);
  await verifier.ready();
  const handlers: Record<string, (request: Request) => Promise<Response>> = { GET, PUT, DELETE };
  const byRole = (request: Request) => (request.url.endsWith('/reports') ? 'PUT' : request.method);
  const server = serve({
    fetch: (request) => (handlers[byRole(request)] as typeof GET)(request),
    port: 0,
    hostname: '127.0.0.1',
  });
  onTestFinished(() => void server.close());
  await new Promise((resolve) => server.once('listening', resolve));
  return caller(`http://127.0.0.1:${(server.address() as { port: number }).port}`);
};

describe.each(examples)('a service with %s', (name) => {
  test('knows its users, their roles, who is not one, and who is one no more', async () => {
    const server = await organizationServer();
    const ada = await loggedIn(server, 'ada@example.com');
    const settings = {
      TEGATA_URL: server.url,
      TEGATA_VERIFICATION_SECRET: await verificationSecret(server),
      TEGATA_SERVICE: await serviceCredential(server),
    };
    const call = name === 'route-handlers' ? await startRouteHandlers(settings) : await startExample(name, settings);
    const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

    expect(await call('GET', '/notes')).toEqual({
      status: 401,
      challenge: 'Bearer',
      body: { error: 'unauthorized', error_description: 'an access token is required', reason: 'token_missing' },
    });
    for (const authorization of [ada.accessToken, 'Basic YTpi', 'Bearer', 'Bearer a b', `Bearer ${ada.accessToken}, Bearer x`]) {
      expect(await call('GET', '/notes', { authorization })).toMatchObject({ status: 400, body: { error: 'invalid_request' } });
    }
    expect(await call('GET', '/notes', bearer('x.y.z'))).toEqual({
      status: 401,
      challenge: 'Bearer error="invalid_token", error_description="the access token is not valid"',
      body: { error: 'invalid_token', error_description: 'the access token is not valid', reason: 'token_invalid' },
    });
    expect(await call('GET', '/notes', bearer(ada.accessToken))).toMatchObject({ status: 200, body: { owner: ada.userId } });
    expect(await call('DELETE', '/notes', bearer(ada.accessToken))).toMatchObject({
      status: 200,
      body: { deletedBy: ada.userId },
    });
    expect(await call('GET', '/reports', bearer(ada.accessToken))).toMatchObject({
      status: 403,
      challenge: 'Bearer error="insufficient_scope", error_description="this needs another role"',
      body: { error: 'insufficient_scope', reason: 'role_missing' },
    });

    await server.engine.auth.changeRole({ userId: ada.userId, role: 'admin' });
    await expect
      .poll(() => call('GET', '/notes', bearer(ada.accessToken)), { timeout: 10_000 })
      .toMatchObject({ status: 401, body: { error: 'invalid_token', reason: 'role_changed' } });
    const { accessToken } = await ada.refreshed();
    expect(await call('GET', '/reports', bearer(accessToken))).toMatchObject({ status: 200, body: { role: 'admin' } });

    await server.engine.auth.logOutEverywhere({ userId: ada.userId });
    await expect
      .poll(() => call('GET', '/notes', bearer(accessToken)), { timeout: 10_000 })
      .toMatchObject({ status: 401, body: { error: 'invalid_token', reason: 'logged_out_everywhere' } });

    const back = await loggedIn(server, 'ada@example.com');
    expect((await call('DELETE', '/notes', bearer(back.accessToken))).status).toBe(200);
    await server.close();
    await expect
      .poll(() => call('DELETE', '/notes', bearer(back.accessToken)), { timeout: 10_000 })
      .toMatchObject({ status: 401, body: { error: 'invalid_token', reason: 'feed_lost' } });
    expect((await call('GET', '/notes', bearer(back.accessToken))).status).toBe(200);
  });

  test('is shown in docs/verifier.md as it is', async () => {
    const documentation = await readFile(new URL('../../docs/verifier.md', import.meta.url), 'utf8');
    const link = `[\`examples/verifier/${name}.ts\`](../examples/verifier/${name}.ts)`;
    expect(documentation.split(`${link}\n\n\`\`\`ts\n`)[1]?.split('```')[0]).toBe(await readFile(exampleFile(name), 'utf8'));
  });
});

test('every example is tested', async () => {
  const files = await readdir(new URL('../../examples/verifier', import.meta.url));
  expect(files.toSorted()).toEqual(examples.map((name) => `${name}.ts`).toSorted());
});
