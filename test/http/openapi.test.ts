import { endpoints, errorSchema, failureStatus, issueTexts, serviceEndpoints, userSchema } from '@tegata/contract';
import { expect, test } from 'vitest';
import { composeApp } from '../../packages/server/src/compose.ts';
import { parseConfig } from '../../packages/server/src/config/parse-config.ts';
import { texts } from '../../packages/server/src/http/contracts/standard/texts.ts';
import { startServer, type TestServer } from '../server.ts';
import { goodPassword, loggedIn, me, registered } from '../standard/people.ts';

type Json = Record<string, unknown>;
type Operation = Json & {
  operationId: string;
  tags: string[];
  parameters: { name: string; in: string; required: boolean; schema: Json }[];
  responses: Record<string, { description: string; content: { 'application/json': { schema: Json } } }>;
  requestBody?: { required: boolean; content: { 'application/json': { schema: Json } } };
  security?: Record<string, string[]>[];
};
type Document = {
  openapi: string;
  info: Json;
  servers: { url: string }[];
  tags: { name: string; description: string }[];
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Json>; securitySchemes: Record<string, Json> };
};

const documentOf = async (server: TestServer): Promise<Document> => (await server.call('GET', '/openapi.json')).body;

const operations = ({ paths }: Document) =>
  Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
  );

/** Every object in it, however deep. */
const objects = (value: unknown): Json[] => {
  if (typeof value !== 'object' || value === null) return [];
  const inside = Object.values(value).flatMap(objects);
  return Array.isArray(value) ? inside : [value as Json, ...inside];
};

const resolve = (document: Document, reference: string): unknown =>
  reference
    .slice(2)
    .split('/')
    .reduce((at, name) => (at as Json | undefined)?.[name.replaceAll('~1', '/').replaceAll('~0', '~')], document as unknown);

test('it is OpenAPI 3.1, with the name, version and public address of this server', async () => {
  const server = await startServer({ TEGATA_URL: 'https://auth.example.com' });
  const answer = await server.call('GET', '/openapi.json');
  expect(answer.status).toBe(200);
  expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
  const document: Document = answer.body;
  expect(document.openapi).toBe('3.1.0');
  expect(document.info).toMatchObject({ title: 'Tegata', version: expect.stringMatching(/^\d+\.\d+\.\d+/) });
  expect(document.servers).toEqual([{ url: 'https://auth.example.com' }]);
  const known = ['openapi', 'info', 'servers', 'tags', 'paths', 'components'];
  expect(Object.keys(document).filter((name) => !known.includes(name))).toEqual([]);
});

test('every reference leads to something in the document, and every named schema is used', async () => {
  const document = await documentOf(await startServer());
  const references = objects(document).flatMap(({ $ref }) => (typeof $ref === 'string' ? [$ref] : []));
  expect(references.length).toBeGreaterThan(20);
  for (const reference of references) {
    expect(reference).toMatch(/^#\/components\/schemas\/\w+$/);
    expect(resolve(document, reference), reference).toBeTypeOf('object');
  }
  const used = new Set(references.map((reference) => reference.split('/').at(-1)));
  expect(Object.keys(document.components.schemas).toSorted()).toEqual([...used].toSorted());
  expect(objects(document).filter((object) => '$defs' in object || '$schema' in object || '$id' in object)).toEqual([]);
});

test('every operation is complete: one id, known tags, its path parameters, a success and the shape of failures', async () => {
  const document = await documentOf(await startServer());
  const all = operations(document);
  expect(new Set(all.map(({ operation }) => operation.operationId)).size).toBe(all.length);
  const tags = document.tags.map(({ name }) => name);
  for (const { path, method, operation } of all) {
    const where = `${method} ${path}`;
    expect(path, where).toMatch(/^\/api\/v1(\/[\w-]+|\/\{\w+\})+$/);
    expect(['GET', 'POST', 'PATCH', 'DELETE'], where).toContain(method);
    expect(operation.operationId).toMatch(/^[a-z][A-Za-z]+$/);
    expect(operation.summary, where).toMatch(/\w/);
    expect(operation.tags.every((tag) => tags.includes(tag)) && operation.tags.length === 1, where).toBe(true);
    const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
    expect(
      operation.parameters.filter((parameter) => parameter.in === 'path').map(({ name }) => name),
      where,
    ).toEqual(inPath);
    for (const parameter of operation.parameters) {
      expect(['path', 'query'], where).toContain(parameter.in);
      expect(parameter.required, where).toBe(parameter.in === 'path');
      expect(parameter.schema.type, where).toBeTypeOf('string');
    }
    if (method === 'GET') expect(operation.requestBody, where).toBeUndefined();
    for (const name of (operation.security ?? []).flatMap((option) => Object.keys(option))) {
      expect(document.components.securitySchemes[name], where).toBeTypeOf('object');
    }
    const statuses = Object.keys(operation.responses);
    expect(
      statuses.filter((status) => status.startsWith('2')),
      where,
    ).toHaveLength(1);
    expect(statuses, where).toContain('default');
    for (const [status, { description, content }] of Object.entries(operation.responses)) {
      expect(status, where).toMatch(/^(2\d\d|4\d\d|503|default)$/);
      expect(description, where).toMatch(/\w/);
      const [schema] = Object.values(content).map((one) => one.schema);
      const isForPeople = !operation.tags.includes('Services');
      if (status.startsWith('2')) expect(schema?.required, where).toEqual(isForPeople ? ['data', 'meta'] : expect.any(Array));
      else expect(schema, where).toEqual({ $ref: '#/components/schemas/StandardError' });
    }
    const isProtected = operation.security?.some((option) => 'access_token' in option);
    if (isProtected) expect(statuses, where).toContain('401');
  }
});

test('every operation of the contract is in it, under its name, path and method', async () => {
  const document = await documentOf(await startServer());
  const documented = operations(document).map(({ path, method, operation }) => `${operation.operationId} ${method} ${path}`);
  const contracted = Object.entries({ ...endpoints, ...serviceEndpoints }).map(
    ([name, { method, path }]) => `${name} ${method} ${path}`,
  );
  expect(documented.toSorted()).toEqual(contracted.toSorted());
});

test('every route that is mounted under the contract is documented, and every documented one is mounted', async () => {
  const server = await startServer();
  const document = await documentOf(server);
  const app = composeApp(parseConfig({ TEGATA_DATA_DIR: server.dataDir }), server.engine, { isStopping: () => false });
  const routes = app.routes.filter(({ method, path }) => method !== 'ALL' && path.startsWith('/api/'));
  const mounted = routes.map(({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, '{$1}')}`);
  const documented = operations(document).map(({ path, method }) => `${method} ${path}`);
  // Where the name of a provider was forgotten, a caller is told so.
  documented.push('POST /api/v1/auth/oauth', 'POST /api/v1/auth/oauth/');
  expect(mounted.toSorted()).toEqual(documented.toSorted());
  for (const { path, method } of operations(document)) {
    const answer = await server.call(method, path.replaceAll(/\{\w+\}/g, 'x'));
    expect([404, 405, 500], `${method} ${path}`).not.toContain(answer.status);
  }
});

test('a call asks for a token exactly where the document says so', async () => {
  const server = await startServer();
  for (const { path, method, operation } of operations(await documentOf(server))) {
    const isProtected = operation.security?.some((option) => 'access_token' in option) ?? false;
    const answer = await server.call(method, path.replaceAll(/\{\w+\}/g, 'x'), { token: 'x' });
    expect(answer.body.error?.message === 'invalid or expired token', `${method} ${path}`).toBe(isProtected);
  }
});

test('every text of a documented failure is one that the server says, in both languages', async () => {
  const document = await documentOf(await startServer());
  const english = new Map(Object.entries(texts.en).map(([key, text]) => [text, key as keyof typeof texts.en]));
  for (const [name, { failures }] of Object.entries({ ...endpoints, ...serviceEndpoints })) {
    for (const [code, text] of failures) {
      expect(failureStatus, name).toHaveProperty(code);
      expect(english.has(text), `${name}: ${text}`).toBe(true);
      expect(texts.ja[english.get(text) as keyof typeof texts.ja]).toMatch(/[\p{Script=Hiragana}\p{Script=Katakana}]/u);
    }
  }
  const told = operations(document).flatMap(({ operation }) =>
    Object.entries(operation.responses).flatMap(([status, { description }]) =>
      [...description.matchAll(/^`([A-Z_]+)`(?: or `[A-Z_]+`)? (.+)$/gm)].map(([, code, text]) => ({ status, code, text })),
    ),
  );
  expect(told.length).toBeGreaterThan(60);
  for (const { status, code, text } of told) {
    expect(english.has(text as never), text).toBe(true);
    expect(failureStatus[code as keyof typeof failureStatus]).toBe(Number(status));
  }
});

test('every text exists in Japanese, and none is the English one', () => {
  expect(Object.keys(texts.ja).toSorted()).toEqual(Object.keys(texts.en).toSorted());
  for (const [key, text] of Object.entries(texts.ja)) {
    expect(text, key).toMatch(/[\p{Script=Hiragana}\p{Script=Katakana}]/u);
    expect(text).not.toBe(texts.en[key as keyof typeof texts.en]);
  }
  for (const key of Object.keys(issueTexts)) expect(texts.ja).toHaveProperty(key);
});

test('answers are what the document says', async () => {
  const server = await startServer();
  await registered(server, 'ada@example.com');
  const { accessToken: token, answer } = await loggedIn(server, 'ada@example.com');
  expect(endpoints.logIn.success.data.parse(answer.body.data)).toEqual(answer.body.data);
  const user = await me(server, token);
  expect(userSchema.parse(user.body.data)).toEqual(user.body.data);
  const sessions = await server.call('GET', '/api/v1/auth/sessions', { token });
  expect(endpoints.listSessions.success.data.parse(sessions.body.data)).toEqual(sessions.body.data);
  const { required } = (await documentOf(server)).components.schemas.StandardPagination as { required: string[] };
  expect(Object.keys(sessions.body.meta.pagination).toSorted()).toEqual(required.toSorted());
  for (const refused of [await me(server, 'x'), await server.call('POST', '/api/v1/auth/login', { body: {} })]) {
    expect(errorSchema.parse(refused.body)).toEqual(refused.body);
  }
});

test('a client made from the document alone can register: required fields suffice, and none of them can be missing', async () => {
  const server = await startServer();
  const document = await documentOf(server);
  const schema = document.paths['/api/v1/auth/register']?.post?.requestBody?.content['application/json'].schema as Json;
  expect(schema.required).toEqual(['email', 'password', 'name']);
  const body = { email: 'ada@example.com', password: goodPassword, name: 'Ada' };
  for (const name of schema.required as string[]) {
    const answer = await server.call('POST', '/api/v1/auth/register', { body: { ...body, [name]: undefined } });
    expect(answer.body.error.details).toEqual([{ field: name, message: `${name} is required` }]);
  }
  expect((await server.call('POST', '/api/v1/auth/register', { body })).status).toBe(201);
});
