import { z } from 'zod';

/** One call as every contract can say it; what differs between them, the envelopes and codes, is given in. */
export type DescribedCall = {
  method: string;
  /** With `{name}` for path parameters, as OpenAPI writes it. */
  path: string;
  tag: string;
  summary: string;
  description?: string;
  /** Credentials, by their names in the document, or `anybody`; any of them will do. */
  auth?: readonly string[];
  query?: z.ZodObject;
  body?: z.ZodObject;
  /** Whether the call may come without a body. */
  bodyOptional?: boolean;
  /** Of the body, where it is no JSON. */
  bodyType?: string;
  /** The whole body of the answer; of a stream, the data of its events. */
  success: { status: number; schema: unknown; contentType?: string };
  failures: readonly (readonly [status: number, text: string])[];
  /** The rate limit in words. */
  limit?: string;
};

/** Among the credentials of a call that may come without any. */
export const anybody = 'anybody';

/** A schema as OpenAPI 3.1 has it, made from the very schema that validates. */
export const schemaOf = (schema: z.ZodType, io: 'input' | 'output'): Record<string, unknown> => {
  const {
    $schema: _,
    $defs,
    ...rest
  } = z.toJSONSchema(schema, {
    io,
    target: 'draft-2020-12',
    unrepresentable: 'any',
    override: plain,
  });
  return inlined(rest, $defs ?? {}) as Record<string, unknown>;
};

/** Without what the library adds for itself: the pattern behind a format, the bounds of a float, a promise never to grow. */
const plain = ({ jsonSchema }: { jsonSchema: z.core.JSONSchema.BaseSchema }): void => {
  if (jsonSchema.format !== undefined) delete jsonSchema.pattern;
  if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
  delete jsonSchema.additionalProperties;
};

/** Schemas with a name refer to `#/$defs/…`, which inside the document would point at its root: they are written out instead. */
const inlined = (node: unknown, definitions: Readonly<Record<string, unknown>>): unknown => {
  if (Array.isArray(node)) return node.map((item) => inlined(item, definitions));
  if (typeof node !== 'object' || node === null) return node;
  const { $ref, ...rest } = node as { $ref?: unknown };
  const named = typeof $ref === 'string' ? definitions[$ref.replace('#/$defs/', '')] : undefined;
  const entries = Object.entries({ ...(named as object | undefined), ...rest });
  return Object.fromEntries(entries.map(([key, value]) => [key, inlined(value, definitions)]));
};

const content = (schema: unknown, type = 'application/json') => ({ content: { [type]: { schema } } });

/** The document's `paths`. `errorName` is the component that describes every failure of the contract. */
export const describePaths = (
  calls: Readonly<Record<string, DescribedCall>>,
  errorName: string,
): Record<string, Record<string, unknown>> => {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const [operationId, call] of Object.entries(calls)) {
    paths[call.path] = { ...paths[call.path], [call.method.toLowerCase()]: { operationId, ...operation(call, errorName) } };
  }
  return paths;
};

const operation = (call: DescribedCall, errorName: string) => ({
  tags: [call.tag],
  summary: call.summary,
  description: [call.description, call.limit && `Limit: ${call.limit}.`].filter(Boolean).join('\n\n'),
  ...(call.auth ? { security: call.auth.map((name) => (name === anybody ? {} : { [name]: [] })) } : {}),
  parameters: parametersOf(call),
  ...(call.body
    ? { requestBody: { required: !call.bodyOptional, ...content(schemaOf(call.body, 'input'), call.bodyType) } }
    : {}),
  responses: {
    [call.success.status]: { description: 'Success', ...content(call.success.schema, call.success.contentType) },
    ...failuresOf(call, errorName),
  },
});

const parametersOf = ({ path, query }: DescribedCall) => {
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: name === 'id' ? { type: 'string', format: 'uuid' } : { type: 'string' },
  }));
  const inQuery = Object.entries(query?.shape ?? {}).map(([name, schema]) => ({
    name,
    in: 'query',
    required: false,
    schema: schemaOf(schema as z.ZodType, 'input'),
  }));
  return [...inPath, ...inQuery];
};

const failuresOf = ({ failures }: DescribedCall, errorName: string) => {
  const byStatus = new Map<number, string[]>();
  for (const [status, text] of failures) byStatus.set(status, [...(byStatus.get(status) ?? []), text]);
  const inShape = content({ $ref: `#/components/schemas/${errorName}` });
  const told = [...byStatus].map(([status, lines]) => [status, { description: lines.join('\n\n'), ...inShape }]);
  return { ...Object.fromEntries(told), default: { description: 'Any other failure, in the same shape', ...inShape } };
};
