import fc from 'fast-check';
import type { ApiDocument, Operation, Schema } from './documented-shape.ts';
import { malformedBodies, naughtyStrings, oddTexts, prototypeNames } from './hostile-texts.ts';

// Requests that no honest client makes, generated from the published document, so that a new call is tried without being
// named anywhere here.

/** Part of every password, token and code that is sent. It must never come back, nor stand in a log. */
export const canary = 'canary-9f2c-';

/** What the request says about who sends it. `session`: as its contract wants it, with everything that belongs to it. */
export type Credential = 'none' | 'session' | 'session cookies alone' | 'forged header' | 'forged cookies';

export type HostileRequest = {
  operation: Operation;
  /** The operation's error component names its contract: `StandardError`, … */
  contract: string;
  method: string;
  path: string;
  headers: Record<string, string>;
  body: string | Buffer | undefined;
  credential: Credential;
  /** Whatever it is, it is no request: anything but a refusal would be wrong. */
  mustBeRefused: boolean;
};

export type Call = { path: string; method: string; operation: Operation; contract: string };

/** Calls that end sessions come last: whoever is logged in stays so for the others. */
export const callsOf = ({ paths }: ApiDocument): Call[] => {
  const calls = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): Call => {
      const { $ref = '' } = operation.responses.default?.content['application/json']?.schema ?? {};
      return { path, method: method.toUpperCase(), operation, contract: $ref.replace(/^.*\/|Error$/g, '') };
    }),
  );
  const endsSessions = ({ operation }: Call) => Number(/out|refresh|delete|close|reset/i.test(operation.operationId));
  return calls.toSorted((one, other) => endsSessions(one) - endsSessions(other));
};

const naughty = naughtyStrings();
/** One more word in every text list: whoever is to be attacked. */
const targets = ['ada@example.com', 'victim@example.com', 'ADA@example.com', 'nobody@example.com'];

const oddText = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...oddTexts) },
  { weight: 2, arbitrary: fc.constantFrom(...naughty) },
  { weight: 2, arbitrary: fc.string({ unit: 'binary', maxLength: 60 }) },
);
const nested = (depth: number): unknown => (depth === 0 ? 'x' : [nested(depth - 1)]);
const oddValue: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 6, arbitrary: oddText },
  { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 2 }) },
  {
    weight: 2,
    arbitrary: fc.constantFrom<unknown>(
      null,
      0,
      -0,
      -1,
      1.5,
      1e308,
      true,
      [],
      {},
      [[]],
      { toString: 1 },
      { length: 9 },
      nested(500),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom<unknown>({ $gt: '' }, { $ne: null }, ['ada@example.com'], [{ $regex: '.*' }], { __proto__: null }),
  },
);

const isSecret = (field: string) => /password|token|^code$|^state$/i.test(field) && !/transport|hint/.test(field);
const secret = fc.oneof(
  fc.constantFrom('correct horse battery', '', 'x'.repeat(5_000), '\u0000', '\ud800').map((text) => canary + text),
  oddText.map((text) => canary + text),
);

/** What the document would take for this field, or nearly. */
const fitting = (field: string, schema: Schema): fc.Arbitrary<unknown> => {
  if (isSecret(field)) return secret;
  if (schema.enum) return fc.constantFrom(...schema.enum);
  if (schema.type === 'boolean') return fc.boolean();
  if (schema.type === 'integer') return fc.integer({ min: -2, max: 120 });
  if (/email/i.test(field))
    return fc.oneof(
      fc.constantFrom(...targets),
      fc.emailAddress(),
      fc.integer({ min: 0, max: 1e9 }).map((n) => `p${n}@example.com`),
    );
  if (/url|redirect/i.test(field))
    return fc.oneof(fc.webUrl(), fc.constantFrom('https://evil.example/', '//evil.example', 'javascript:alert(1)'));
  if (field === 'provider') return fc.constantFrom('github', 'google', 'x');
  if (field === 'id') return fc.oneof(fc.uuid(), fc.constant('0190b6f0-0000-7000-8000-000000000000'));
  return fc.constantFrom('Ada Lovelace', '山田太郎', 'x', 'id,email');
};

type Sent = { body: string | Buffer | undefined; mustBeRefused: boolean };

const asForm = (made: object): string =>
  new URLSearchParams(
    Object.entries(made).map(([name, value]): [string, string] => [
      name,
      typeof value === 'string' ? value.toWellFormed() : String(JSON.stringify(value)),
    ]),
  ).toString();

/** Members twice, or three times: no parser of ours may take one and a filter the other. */
const doubled = (made: object): string => {
  const members = Object.entries(made).map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value) ?? 'null'}`);
  return `{${[...members, ...members.map((member) => member.replace(/:.*$/s, ':null')), ...members].join(',')}}`;
};

const bodyOf = (operation: Operation): fc.Arbitrary<Sent> => {
  const [type, media] = Object.entries(operation.requestBody?.content ?? {})[0] ?? [];
  const properties = media?.schema.properties ?? {};
  const fields = Object.keys(properties);
  const write = (made: object): string => (type === 'application/x-www-form-urlencoded' ? asForm(made) : JSON.stringify(made));
  const valid = fc.record(Object.fromEntries(fields.map((field) => [field, fitting(field, properties[field] ?? {})])));
  const odd = fc.record(
    Object.fromEntries(
      fields.map((field) => [
        field,
        isSecret(field)
          ? fc.oneof(
              secret,
              oddValue.filter((value) => typeof value !== 'string'),
            )
          : oddValue,
      ]),
    ),
    { requiredKeys: [] },
  );
  const oneBroken =
    fields.length === 0
      ? valid
      : fc.tuple(valid, fc.constantFrom(...fields), oddValue).map(([made, field, value]) => ({
          ...made,
          [field]: isSecret(field) && typeof value === 'string' ? canary + value : value,
        }));
  const taken = (body: string | undefined): Sent => ({ body, mustBeRefused: false });
  const isTaken = operation.requestBody?.required === true && type === 'application/json';
  return fc.oneof(
    { weight: 10, arbitrary: valid.map((made) => taken(write(made))) },
    { weight: 30, arbitrary: oneBroken.map((made) => taken(write(made))) },
    { weight: 15, arbitrary: odd.map((made) => taken(write(made))) },
    {
      weight: 10,
      // As text, because a literal would lose `__proto__`.
      arbitrary: fc
        .tuple(valid, fc.array(fc.tuple(fc.constantFrom(...prototypeNames), oddValue), { minLength: 1, maxLength: 3 }))
        .map(([made, more]) => {
          const extra = more.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(',');
          return taken(`{${extra}${Object.keys(made).length > 0 ? `,${JSON.stringify(made).slice(1)}` : '}'}`);
        }),
    },
    { weight: 5, arbitrary: valid.map((made) => taken(doubled(made))) },
    { weight: 5, arbitrary: fc.jsonValue().map((made) => taken(JSON.stringify(made))) },
    { weight: 5, arbitrary: fc.constant(taken(undefined)) },
    { weight: 10, arbitrary: fc.constantFrom(...malformedBodies).map((body): Sent => ({ body, mustBeRefused: isTaken })) },
    {
      weight: 1,
      arbitrary: fc
        .constantFrom(...fields, 'x')
        .map((field): Sent => ({ body: write({ [field]: canary.repeat(6_000) }), mustBeRefused: true })),
    },
  );
};

const oddHeaders = fc.record(
  {
    'content-type': fc.constantFrom(
      ...[
        'application/json; charset=utf-8',
        'text/plain',
        'application/x-www-form-urlencoded',
        'multipart/form-data; boundary=x',
      ],
      ...['application/json; charset=utf-16', ';', 'application/json\u00ff', 'application/xml', 'x'.repeat(2_000)],
    ),
    'accept-language': fc.constantFrom('ja', 'en;q=0', '*;q=9', ',,,;q=', 'ja;q=0.5, en;q=0.4', 'x'.repeat(3_000), '__proto__'),
    accept: fc.constantFrom('text/html', 'application/xml', '*/*;q=', ''),
    'user-agent': fc.constantFrom(
      '',
      '<script>',
      '\u00ff\u00fe',
      'x'.repeat(3_000),
      "' or 1=1--",
      '$' + '{jndi:ldap://127.0.0.1/x}',
    ),
    'x-forwarded-for': fc.constantFrom('', ',', 'x', '::1%a', '203.0.113.7, ', '127.0.0.1', '1'.repeat(2_000), "'"),
    'x-forwarded-host': fc.constantFrom('evil.example', '', '[', 'a b'),
    'x-request-id': fc.constantFrom('<script>', 'short', 'x'.repeat(100), '{"level":"error"}'),
    'x-csrf-token': fc.constantFrom('', 'null', '__proto__', 'x'.repeat(3_000)),
    origin: fc.constantFrom('null', 'https://evil.example', 'http://localhost:0.evil.example', ''),
    'sec-fetch-site': fc.constantFrom('cross-site', 'same-site', 'none', 'x'),
    'x-http-method-override': fc.constantFrom('DELETE', 'TRACE'),
    'if-none-match': fc.constantFrom('*', 'W/""'),
    range: fc.constantFrom('bytes=0-', 'bytes=-1,9-1'),
  },
  { requiredKeys: [] },
);
/** Most requests are odd in their body alone: a bad header would hide what comes behind it. */
const headersOf: fc.Arbitrary<Record<string, string>> = fc.oneof(
  { weight: 3, arbitrary: fc.constant({}) },
  { weight: 1, arbitrary: oddHeaders.map((all) => Object.fromEntries(Object.entries(all).slice(0, 3))) },
);

/** `.` and `..` would be another path, by RFC 3986. */
const inAddress = (text: unknown): string => {
  const encoded = encodeURIComponent(String(text).toWellFormed().slice(0, 600));
  return /^\.{0,2}$/.test(encoded) ? 'x' : encoded;
};

/** Any request to one call. */
export const hostileRequest = ({ path, method, operation, contract }: Call): fc.Arbitrary<HostileRequest> => {
  const [mediaType = 'application/json'] = Object.keys(operation.requestBody?.content ?? {});
  const parameters = fc.record(
    Object.fromEntries(operation.parameters.map(({ name, schema }) => [name, fc.oneof(fitting(name, schema), oddText)])),
  );
  const pollution = fc.oneof(
    { weight: 6, arbitrary: fc.constant('') },
    {
      weight: 1,
      arbitrary: fc
        .constantFrom(...prototypeNames, 'a[]', 'a[b]', '_method', 'access_token')
        .map((name) => `${inAddress(name)}=1&${inAddress(name)}=2`),
    },
  );
  const credential = fc.oneof(
    { weight: 5, arbitrary: fc.constant<Credential>('session') },
    { weight: 3, arbitrary: fc.constant<Credential>('none') },
    { weight: 1, arbitrary: fc.constantFrom<Credential>('session cookies alone', 'forged header', 'forged cookies') },
  );
  const body = method === 'GET' ? fc.constant<Sent>({ body: undefined, mustBeRefused: false }) : bodyOf(operation);
  return fc.tuple(body, parameters, headersOf, credential, pollution).map(([sent, given, odd, who, more]): HostileRequest => {
    const inPath = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => inAddress(given[name]));
    const inQuery = operation.parameters
      .filter((one) => one.in === 'query')
      .map(({ name }) => `${name}=${inAddress(given[name])}`);
    const query = [...inQuery, more].filter(Boolean).join('&');
    return {
      ...sent,
      operation,
      contract,
      method,
      path: query ? `${inPath}?${query}` : inPath,
      headers: { ...(sent.body === undefined ? {} : { 'content-type': mediaType }), ...odd },
      credential: who,
    };
  });
};

/**
 * Each text picked by hand in each field of a call, the others being right; and each malformed body. Written when it is its
 * turn: together they would fill the memory.
 */
export const everyClassic = function* (call: Call): Generator<() => HostileRequest> {
  const { operation, contract, path, method } = call;
  const [mediaType = 'application/json', media] = Object.entries(operation.requestBody?.content ?? {})[0] ?? [];
  const properties = media?.schema.properties ?? {};
  const sample = (field: string): unknown => fc.sample(fitting(field, properties[field] ?? {}), { numRuns: 1, seed: 7 })[0];
  const right = Object.fromEntries(Object.keys(properties).map((field) => [field, sample(field)]));
  const isForm = mediaType === 'application/x-www-form-urlencoded';
  const plain = { operation, contract, method, credential: 'session', mustBeRefused: false } as const;
  const headers = { 'content-type': mediaType };
  const address = path.replaceAll(/\{(\w+)\}/g, 'x');
  for (const text of [...oddTexts, ...naughty]) {
    for (const field of Object.keys(properties)) {
      const made = { ...right, [field]: isSecret(field) ? canary + text : text };
      yield () => ({ ...plain, path: address, headers, body: isForm ? asForm(made) : JSON.stringify(made) });
    }
    for (const { name, in: place } of operation.parameters) {
      const target = place === 'path' ? path.replace(`{${name}}`, inAddress(text)) : `${address}?${name}=${inAddress(text)}`;
      yield () => ({ ...plain, path: target, headers: {}, body: undefined });
    }
  }
  if (media && !isForm) {
    for (const body of malformedBodies) {
      yield () => ({ ...plain, path: address, headers, body, mustBeRefused: operation.requestBody?.required === true });
    }
  }
};
