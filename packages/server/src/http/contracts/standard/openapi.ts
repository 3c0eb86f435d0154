import { type Endpoint, endpoints, errorSchema, failureStatus, paginationSchema } from '@tegata/contract';
import { z } from 'zod';

const json = (schema: unknown) => ({ content: { 'application/json': { schema } } });

/** Named schemas, as they come up. All contracts share one document, so each name says whose it is. */
const named: Record<string, unknown> = {};
const inDocument = (text: string) => text.replaceAll('"#/$defs/', '"#/components/schemas/Standard');

const schemaOf = (schema: z.ZodType, io: 'input' | 'output'): object => {
  const made = z.toJSONSchema(schema, { io, target: 'draft-2020-12', unrepresentable: 'any', override: plain });
  const { $schema: _, $defs = {}, ...rest } = JSON.parse(inDocument(JSON.stringify(made)));
  for (const [name, definition] of Object.entries($defs)) named[`Standard${name}`] = definition;
  return rest;
};

/** Without what the library adds for itself: the pattern behind a format, the bounds of a float, a promise never to grow. */
const plain = ({ jsonSchema }: { jsonSchema: z.core.JSONSchema.BaseSchema }): void => {
  if (jsonSchema.format !== undefined) delete jsonSchema.pattern;
  if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
  delete jsonSchema.additionalProperties;
};

const errorContent = json(schemaOf(errorSchema, 'output'));
const sharedFailures: Record<string, string> = {
  400: 'The request is malformed or invalid',
  429: 'Too many requests: wait for `Retry-After` seconds',
  503: 'Part of the server is down or busy: wait for `Retry-After` seconds',
};

/** The contract as OpenAPI 3.1, made from the very schemas that validate requests. */
export const describeStandard = () => {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const [operationId, endpoint] of Object.entries(endpoints) as [string, Endpoint][]) {
    const { method, path } = endpoint;
    paths[path] = { ...paths[path], [method.toLowerCase()]: { operationId, ...describe(endpoint) } };
  }
  return {
    paths,
    schemas: named,
    tags: [
      { name: 'Registration', description: 'Make an account and prove an address.' },
      { name: 'Sessions', description: 'Log in, refresh, log out, and see where you are logged in.' },
      { name: 'Passwords', description: 'Forgotten, reset and changed passwords.' },
      { name: 'Account', description: 'Your own profile.' },
      { name: 'Addresses', description: 'Several addresses for one account.' },
    ],
  };
};

const describe = (endpoint: Endpoint) => {
  const data = schemaOf(endpoint.success.data, 'output');
  const meta = endpoint.success.paginated
    ? { type: 'object', properties: { pagination: schemaOf(paginationSchema, 'output') }, required: ['pagination'] }
    : { type: 'null' };
  const limit = endpoint.limit ? `Limit: ${endpoint.limit}.` : '';
  return {
    tags: [endpoint.tag],
    summary: endpoint.summary,
    description: [endpoint.description, limit].filter(Boolean).join('\n\n'),
    ...(endpoint.auth ? { security: [{ [endpoint.auth]: [] }] } : {}),
    parameters: parametersOf(endpoint),
    ...(endpoint.body ? { requestBody: { required: !endpoint.bodyOptional, ...json(schemaOf(endpoint.body, 'input')) } } : {}),
    responses: {
      [endpoint.success.status]: {
        description: 'Success',
        ...json({ type: 'object', properties: { data, meta }, required: ['data', 'meta'] }),
      },
      ...failuresOf(endpoint),
    },
  };
};

const parametersOf = ({ path, query }: Endpoint) => {
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string', format: 'uuid' },
  }));
  const inQuery = Object.entries(query?.shape ?? {}).map(([name, schema]) => ({
    name,
    in: 'query',
    required: false,
    schema: schemaOf(schema as z.ZodType, 'input'),
  }));
  return [...inPath, ...inQuery];
};

const failuresOf = (endpoint: Endpoint) => {
  const byStatus = new Map<number, string[]>();
  for (const [status, text] of Object.entries(sharedFailures)) byStatus.set(Number(status), [text]);
  if (endpoint.auth === 'access_token') {
    byStatus.set(401, [
      '`UNAUTHORIZED` authorization header required',
      '`UNAUTHORIZED` invalid authorization header format',
      '`UNAUTHORIZED` or `TOKEN_EXPIRED` invalid or expired token',
      '`UNAUTHORIZED` token has been revoked',
    ]);
  }
  for (const [code, text] of endpoint.failures) {
    const status = failureStatus[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), `\`${code}\` ${text}`]);
  }
  const told = [...byStatus].map(([status, texts]) => [status, { description: texts.join('\n\n'), ...errorContent }]);
  return { ...Object.fromEntries(told), default: { description: 'Any other failure, in the same shape', ...errorContent } };
};
