import { expect, test } from 'vitest';
import { figure } from '../scorecard/figure.ts';
import { goodPassword, register } from '../standard/people.ts';
import { type Kind, openTokenHouse, type Token, type TokenHouse } from './token-kinds.ts';

// A token of one kind where one of another is asked for (CVE-2026-114607): every kind at every place of every call that
// the OpenAPI documents name, and at /metrics. Refused, with no 5xx; and what was offered at the wrong place is still good at
// the right one, because nothing of it was used up or revoked.

type Operation = {
  method: string;
  path: string;
  security: string[];
  query: string[];
  body: string[];
  at: 'server' | 'bearerServer';
};

/** A place of a request that takes a token. */
type Slot = {
  operation: Operation;
  place: string;
  takes: readonly Kind[];
  send: (house: TokenHouse, token: Token) => Promise<Response>;
  /** Answers 200 to anybody; whether it did something shows elsewhere. */
  isNoOp?: (body: string) => boolean;
};

type Given = {
  headers?: Record<string, string>;
  cookies?: Record<string, string>;
  body?: Record<string, unknown>;
  query?: string;
};

type Documented = {
  security?: Record<string, unknown>[];
  parameters?: { in: string; name: string }[];
  requestBody?: { content: Record<string, { schema: { properties?: Record<string, unknown> } }> };
};

const operationsOf = async (house: TokenHouse, at: Operation['at']): Promise<Operation[]> => {
  const { paths } = (await house[at].call('GET', '/openapi.json')).body as { paths: Record<string, Record<string, Documented>> };
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { security = [], parameters = [], requestBody }]) => ({
      method: method.toUpperCase(),
      path,
      security: security.flatMap(Object.keys),
      query: parameters.filter((one) => one.in === 'query').map(({ name }) => name),
      body: Object.values(requestBody?.content ?? {}).flatMap(({ schema }) => Object.keys(schema.properties ?? {})),
      at,
    })),
  );
};

const request = (house: TokenHouse, { method, path, at, body: fields }: Operation, given: Given): Promise<Response> => {
  const where = path.replace('{provider}', 'github').replace('{id}', '00000000-0000-7000-8000-000000000000');
  // Everything else that the call wants, so that the token is what it fails for.
  const values: Record<string, unknown> = {
    password: path.includes('reset') || path.endsWith('/set') ? 'another good password' : goodPassword,
    new_password: 'another good password',
    current_password: goodPassword,
    email: house.next(),
    name: 'Ada',
  };
  const filled = Object.fromEntries(fields.flatMap((field) => (field in values ? [[field, values[field]]] : [])));
  const form = path.endsWith('/introspect');
  const body = { ...filled, ...given.body };
  const cookies = Object.entries(given.cookies ?? {}).map(([name, value]) => `${name}=${value}`);
  const hasBody = method !== 'GET' && fields.length > 0;
  return fetch(`${house[at].url}${where}${given.query ?? ''}`, {
    method,
    redirect: 'manual',
    headers: {
      ...(hasBody ? { 'content-type': form ? 'application/x-www-form-urlencoded' : 'application/json' } : {}),
      ...(cookies.length > 0 ? { cookie: cookies.join('; ') } : {}),
      ...given.headers,
    },
    ...(hasBody ? { body: form ? new URLSearchParams(body as Record<string, string>) : JSON.stringify(body) } : {}),
  });
};

const bearer = (value: string) => ({ authorization: `Bearer ${value}` });

const slotsOf = (operation: Operation): Slot[] => {
  const { method, path, security, body, query } = operation;
  const slots: Slot[] = [];
  const add = (place: string, takes: readonly Kind[], send: Slot['send'], isNoOp?: Slot['isNoOp']) =>
    slots.push({ operation, place, takes, send, ...(isNoOp ? { isNoOp } : {}) });
  const simple = (place: string, takes: readonly Kind[], given: (value: string) => Given, isNoOp?: Slot['isNoOp']) =>
    add(place, takes, (house, { value }) => request(house, operation, given(value)), isNoOp);
  const logsOut = /\/(logout|signout)$/.test(path);
  const connects = path.includes('/oauth/{provider}') && method === 'POST';
  const noOp = () => true;

  if (path.endsWith('/introspect')) {
    add('Authorization', ['service: introspection'], async (house, { value }) =>
      request(house, operation, { headers: bearer(value), body: { token: (await house.make('access')).value } }),
    );
    add(
      'body.token',
      ['access'],
      async (house, { value }) =>
        request(house, operation, {
          headers: bearer((await house.make('service: introspection')).value),
          body: { token: value },
        }),
      (text) => JSON.parse(text).active === false && Object.keys(JSON.parse(text)).length === 1,
    );
    return slots;
  }
  if (security.includes('service_bearer')) {
    simple('Authorization', ['service: revocations'], (value) => ({ headers: bearer(value) }));
    simple('Authorization, Basic', ['service: revocations'], (value) => ({
      // The id of a service is the user's name, and its secret the password.
      headers: { authorization: `Basic ${Buffer.from(value.replace('.', ':')).toString('base64')}` },
    }));
    return slots;
  }
  // What optionally takes one refuses a bad one all the same.
  if (security.includes('access_token')) simple('Authorization', ['access'], (value) => ({ headers: bearer(value) }));
  else if (logsOut) simple('Authorization', ['access'], (value) => ({ headers: bearer(value) }), noOp);
  if (security.includes('access_cookie') || path === '/auth/signout') {
    // A token of another kind names no session, so there is nothing that a CSRF token could be for.
    simple('cookie access_token', ['access'], (value) => ({ cookies: { access_token: value } }), logsOut ? noOp : undefined);
  }
  if (security.includes('refresh_token') || logsOut || path.endsWith('/auth/refresh')) {
    simple('cookie refresh_token', ['refresh'], (value) => ({ cookies: { refresh_token: value } }), logsOut ? noOp : undefined);
  }
  for (const field of ['refresh_token', 'refreshToken'].filter((name) => body.includes(name))) {
    simple(`body.${field}`, ['refresh'], (value) => ({ body: { [field]: value } }), logsOut ? noOp : undefined);
  }
  if (body.includes('token')) {
    const takes: Kind = path.includes('reset') ? 'reset link' : path.includes('undo') ? 'undo link' : 'verification link';
    simple('body.token', [takes], (value) => ({ body: { token: value, email: undefined } }));
    if (query.includes('token')) simple('query.token', [takes], (value) => ({ query: `?token=${encodeURIComponent(value)}` }));
  }
  if (path.endsWith('/email/verify')) {
    add('body.code', ['verification code'], async (house, { kind, value, email }) => {
      // A wrong code counts against the address: never against the one whose own code is tried later.
      const address = kind === 'verification code' ? email : house.next();
      if (kind !== 'verification code') await register(house.server, address);
      return request(house, operation, { body: { email: address, code: value } });
    });
  }
  if (connects) {
    const flowed = (
      place: string,
      takes: Kind,
      change: (flow: Awaited<ReturnType<TokenHouse['flow']>>, value: string) => Given,
    ) => add(place, [takes], async (house, { value }) => request(house, operation, change(await house.flow(), value)));
    flowed('cookie tegata_oauth', 'nothing of ours', ({ code, state }, value) => ({
      cookies: { tegata_oauth: value },
      body: { code, state },
    }));
    flowed('body.state', 'nothing of ours', ({ code, cookie }, value) => ({
      cookies: { tegata_oauth: cookie },
      body: { code, state: value },
    }));
    flowed('body.code', 'nothing of ours', ({ cookie, state }, value) => ({
      cookies: { tegata_oauth: cookie },
      body: { code: value, state },
    }));
  }
  return slots;
};

/** A call with a cookie and the CSRF header and cookie: the token stands in for that pair. */
const csrfSlot: Slot = {
  operation: { method: 'POST', path: '/auth/refresh', security: [], query: [], body: [], at: 'server' },
  place: 'X-CSRF-Token and cookie csrf_token',
  takes: [],
  send: async (house, { value }) => {
    const { refresh } = await house.cookieBrowser();
    return request(house, csrfSlot.operation, {
      cookies: { refresh_token: refresh, csrf_token: value },
      headers: { 'x-csrf-token': value },
    });
  },
};
const metricsSlots = (['server', 'bearerServer'] as const).map((at): Slot => {
  const operation: Operation = { method: 'GET', path: '/metrics', security: [], query: [], body: [], at };
  const send: Slot['send'] = (house, { value }) => request(house, operation, { headers: bearer(value) });
  return { operation, place: 'Authorization', takes: ['metrics token'], send };
});

const named = ({ operation, place }: Slot) => `${operation.method} ${operation.path}, ${place}`;
const isAccepted = async (slot: Slot, response: Response): Promise<boolean> => {
  if (response.status >= 400) {
    await response.arrayBuffer();
    return false;
  }
  if (response.headers.get('content-type')?.startsWith('text/event-stream')) {
    await response.body?.cancel();
    return true;
  }
  return !slot.isNoOp?.(await response.text());
};

test('a token of one kind is none of another, at any call of any contract', async () => {
  const house = await openTokenHouse();
  const operations = [...(await operationsOf(house, 'server')), ...(await operationsOf(house, 'bearerServer'))];
  const slots = [...operations.flatMap(slotsOf), csrfSlot, ...metricsSlots];
  const tokens = await house.makeAll();

  let tried = 0;
  const accepted: string[] = [];
  const broken: string[] = [];
  for (const slot of slots) {
    for (const token of tokens) {
      if (slot.takes.includes(token.kind)) continue;
      const response = await slot.send(house, token);
      const what = `${token.name} at ${named(slot)}: ${response.status}`;
      tried += 1;
      if (response.status >= 500) broken.push(what);
      if (await isAccepted(slot, response)) accepted.push(what);
    }
  }

  // Each place takes a fresh token of its own kind: it was the kind that was refused, not the request.
  const blunt: string[] = [];
  for (const slot of slots) {
    const [kind] = slot.takes;
    if (!kind || kind === 'nothing of ours') continue;
    const response = await slot.send(house, await house.make(kind));
    // What is not there is 404, a conflict 409 and half a flow 400: behind the door that a wrong token does not open. A
    // cookie that does name a session needs the CSRF token.
    const isBehindDoor = /Authorization|cookie access_token/.test(slot.place) && slot.operation.path !== '/metrics';
    const passed = response.status < 400 || (isBehindDoor && [400, 404, 409].includes(response.status));
    const wantsCsrf = response.status === 403 && slot.place.startsWith('cookie');
    if (!passed && !wantsCsrf) blunt.push(`${named(slot)}: ${response.status}`);
    await (response.headers.get('content-type')?.startsWith('text/event-stream')
      ? response.body?.cancel()
      : response.arrayBuffer());
  }

  // Nothing that was offered at a wrong place was used up, or ended a session.
  const spoiled: string[] = [];
  const rightPlace: Partial<Record<Kind, string>> = {
    access: 'GET /api/v1/me, Authorization',
    refresh: 'POST /api/v1/auth/refresh, body.refresh_token',
    'verification link': 'POST /api/v1/auth/email/verify, body.token',
    'verification code': 'POST /api/v1/auth/email/verify, body.code',
    'reset link': 'POST /api/v1/auth/password/reset, body.token',
    'undo link': 'POST /api/v1/auth/email/undo, body.token',
    'service: revocations': 'GET /api/v1/revocations, Authorization',
    'service: introspection': 'POST /api/v1/auth/introspect, Authorization',
  };
  for (const token of tokens) {
    const slot = slots.find((one) => named(one) === rightPlace[token.kind]);
    if (!slot) continue;
    const response = await slot.send(house, token);
    if (!(await isAccepted(slot, response))) spoiled.push(`${token.name}: ${response.status}`);
  }

  const failed = accepted.length + broken.length + spoiled.length;
  figure({
    row: 'confusion',
    part: 'all contracts',
    tried,
    failed,
    detail: `${tokens.length} tokens of ${new Set(tokens.map(({ kind }) => kind)).size} kinds at ${slots.length} places of ${operations.length} calls; ${broken.length} answers of 5xx, ${spoiled.length} tokens no longer good afterwards; 95 % upper bound ${(300 / tried).toFixed(2)} %`,
    reached: failed === 0,
  });
  expect({ accepted, broken, spoiled, blunt }).toEqual({ accepted: [], broken: [], spoiled: [], blunt: [] });
});
