// What the OpenAPI document says an answer looks like, held against what came. Stricter than the document where it can be:
// a member that is not described is a mistake, because it could be one that nobody meant to show.

type Type = 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean' | 'null';

export type Schema = {
  type?: Type | Type[];
  $ref?: string;
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  anyOf?: Schema[];
  enum?: unknown[];
  const?: unknown;
  format?: string;
  pattern?: string;
  /** An object of any members. */
  propertyNames?: Schema;
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
};

export type Operation = {
  operationId: string;
  parameters: { name: string; in: 'path' | 'query'; schema: Schema }[];
  requestBody?: { required: boolean; content: Record<string, { schema: Schema }> };
  responses: Record<string, { content: Record<string, { schema: Schema }> }>;
  security?: Record<string, string[]>[];
};

export type ApiDocument = {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema> };
};

const formats: Record<string, RegExp> = {
  uuid: /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/,
  'date-time': /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z$/,
};

const typeOf = (value: unknown): Type => {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (Number.isInteger(value)) return 'integer';
  return typeof value as Type;
};

/** What is wrong with the value by the document: nothing, for most. */
export const misfits = (document: ApiDocument, schema: Schema, value: unknown, at = 'body'): string[] => {
  if (schema.$ref) {
    const named = document.components.schemas[schema.$ref.replace('#/components/schemas/', '')];
    return named ? misfits(document, named, value, at) : [`${at}: ${schema.$ref} is not in the document`];
  }
  if (schema.anyOf) {
    const fits = schema.anyOf.some((one) => misfits(document, one, value, at).length === 0);
    return fits ? [] : [`${at}: fits none of ${schema.anyOf.length}`];
  }
  const type = typeOf(value);
  const types = [schema.type ?? type].flat();
  if (!types.includes(type) && !(types.includes('number') && type === 'integer')) return [`${at}: ${type} instead of ${types}`];
  if (schema.const !== undefined && value !== schema.const) return [`${at}: not ${schema.const}`];
  if (schema.enum && !schema.enum.includes(value)) return [`${at}: ${String(value)} is none of ${schema.enum.join(', ')}`];
  if (typeof value === 'string' && schema.format && formats[schema.format]?.test(value) === false) {
    return [`${at}: no ${schema.format}`];
  }
  if (Array.isArray(value)) {
    const { items } = schema;
    return items ? value.flatMap((item, index) => misfits(document, items, item, `${at}[${index}]`)) : [`${at}: not described`];
  }
  if (typeof value !== 'object' || value === null || schema.propertyNames) return [];
  const { properties = {}, required = [] } = schema;
  return [
    ...required.filter((name) => !Object.hasOwn(value, name)).map((name) => `${at}.${name}: missing`),
    ...Object.entries(value).flatMap(([name, member]) => {
      const described = Object.hasOwn(properties, name) ? properties[name] : undefined;
      return described ? misfits(document, described, member, `${at}.${name}`) : [`${at}.${name}: not described`];
    }),
  ];
};

/** What is wrong with an answer of that operation, in words. */
export const wrongWith = (
  document: ApiDocument,
  { responses }: Operation,
  { status, contentType, text }: { status: number; contentType: string; text: string },
): string[] => {
  const described = responses[status] ?? (status >= 400 ? responses.default : undefined);
  if (!described) return [`status ${status} is not documented`];
  const [type = '', media] = Object.entries(described.content)[0] ?? [];
  if (!contentType.startsWith(type)) return [`${contentType} instead of ${type}`];
  if (type !== 'application/json' || !media) return [];
  try {
    return misfits(document, media.schema, JSON.parse(text));
  } catch {
    return [`no JSON: ${text.slice(0, 100)}`];
  }
};
