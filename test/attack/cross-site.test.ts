import { describe, expect, test } from 'vitest';
import { createCsrfTokens } from '../../packages/server/src/adapters/csrf-tokens.ts';
import { deriveKeys } from '../../packages/server/src/adapters/derived-keys.ts';
import { parseConfig } from '../../packages/server/src/config/parse-config.ts';
import * as cookie from '../cookie/people.ts';
import { readCorpus } from '../corpora.ts';
import * as organization from '../organization/people.ts';
import { figure } from '../scorecard/figure.ts';
import { type Answer, type CallOptions, startServer, type TestServer } from '../server.ts';
import * as standard from '../standard/people.ts';
import { rows } from '../standard/stored.ts';
import { decodeToken, tokenIn } from '../standard/tokens.ts';
import { type Operation, operationsOf } from './operations.ts';

// What pages of other sites can make a browser send, at every call of every contract that changes something on the word of a
// cookie or sets one. The table of cases is public; what it says of origins, tokens and forms stands here as cases of our own.

const publicUrl = 'https://app.example.com';
const partner = 'https://partner.example';
const settings = { TEGATA_URL: publicUrl, TEGATA_ALLOWED_ORIGINS: partner, TEGATA_MAX_SESSIONS: '100' };

type Expected = 'allow' | 'block';
type Case = { id: string; method: string; headers?: Record<string, string>; cookie?: string; header?: string; expect: string };

const ownCases: Case[] = [
  { id: 'own-0', method: 'POST', headers: { 'Sec-Fetch-Site': 'same-origin' }, expect: 'allow' },
  { id: 'own-1', method: 'POST', headers: { 'Sec-Fetch-Site': 'cross-site' }, expect: 'block' },
  { id: 'own-2', method: 'POST', headers: { 'Sec-Fetch-Site': 'same-site' }, expect: 'block' },
  { id: 'own-3', method: 'POST', headers: { Origin: 'TARGET_ORIGIN' }, expect: 'allow' },
  { id: 'own-4', method: 'POST', headers: { Origin: 'https://attacker.example' }, expect: 'block' },
  { id: 'own-5', method: 'POST', headers: { Origin: 'null' }, expect: 'block' },
  { id: 'own-6', method: 'POST', headers: { Origin: 'TRUSTED_ORIGIN', 'Sec-Fetch-Site': 'cross-site' }, expect: 'allow' },
  ...['none', 'other', 'empty-hmac', 'empty-random', 'old-secret', 'other-session'].map(
    (token): Case => ({ id: `own-${token}`, method: 'POST', cookie: token, header: 'same', expect: 'block' }),
  ),
];

/** What the table says in words alone. */
const inWords: Record<string, Partial<Case> & { path?: (path: string, token: string) => string }> = {
  'csrf-026': { cookie: 'undecodable', header: 'same', expect: 'block' },
  // Without a Referer the origin decides, and here it is silent too.
  'csrf-027': { headers: {}, expect: 'allow' },
  'csrf-028': { headers: { Referer: 'https://attacker.example/' }, expect: 'block' },
  'csrf-029': { headers: { Referer: 'http://app.example.com/' }, expect: 'block' },
  'csrf-030': { headers: { Referer: `${partner}/page` }, expect: 'allow' },
  // No call of ours reads a form on the word of a cookie: the token is in no field.
  'csrf-031': {
    ...{ cookie: 'valid', header: 'none', expect: 'block' },
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
  },
  'csrf-032': {
    ...{ cookie: 'valid', header: 'none', expect: 'block' },
    headers: { 'Content-Type': 'multipart/form-data; boundary=x' },
  },
  'csrf-033': { cookie: 'valid', header: 'none', expect: 'block', path: (path, token) => `${path}?csrf_token=${token}` },
  'csrf-034': { headers: {}, expect: 'allow' },
  'csrf-035': { cookie: 'other-session', header: 'same', expect: 'block' },
};

const cases = (): (Case & { path?: (path: string, token: string) => string })[] => {
  const text = readCorpus('csrf-origin/cases.json', 'cases of our own stand for the public table');
  const publicOnes: Case[] = text === undefined ? [] : JSON.parse(text).cases;
  const spelled = text === undefined ? Object.entries(inWords).map(([id, one]) => ({ id, method: 'POST', ...one })) : [];
  return [...publicOnes.map((one) => ({ ...one, ...inWords[one.id] })), ...(spelled as Case[]), ...ownCases];
};

/** What a browser holds of a log-in. */
type Held = { access: string | undefined; refresh: string; csrf: string | undefined; userId: string };

type Door = {
  settings: Record<string, string>;
  logIn: (server: TestServer, email: string) => Promise<Held>;
  register: (server: TestServer, email: string) => Promise<unknown>;
  /** The calls that act on the word of a cookie, beside those whose document says so. */
  onCookies: string[];
  /** Those that set cookies for whoever calls. */
  setCookies: string[];
  me: string;
};

const heldOf = (person: { accessToken: string; accessCookie: string; refreshCookie: string; csrfToken: string }): Held => ({
  access: person.accessCookie,
  refresh: person.refreshCookie,
  csrf: person.csrfToken,
  userId: String(decodeToken(person.accessToken).claims.uid ?? decodeToken(person.accessToken).claims.sub),
});

const doors: Record<'standard' | 'cookie' | 'organization', Door> = {
  standard: {
    settings: { TEGATA_CONTRACTS: 'standard' },
    logIn: async (server, email) => {
      const { accessToken, refreshCookie } = await standard.loggedIn(server, email);
      return { access: undefined, refresh: refreshCookie, csrf: undefined, userId: decodeToken(accessToken).claims.sub };
    },
    register: standard.registered,
    onCookies: ['POST /api/v1/auth/refresh', 'POST /api/v1/auth/logout'],
    setCookies: ['POST /api/v1/auth/login', 'POST /api/v1/auth/register'],
    me: '/api/v1/me',
  },
  cookie: {
    settings: { TEGATA_CONTRACTS: 'cookie' },
    logIn: async (server, email) => heldOf(await cookie.signedIn(server, email)),
    register: cookie.signedUp,
    onCookies: ['POST /auth/refresh', 'POST /auth/signout'],
    setCookies: ['POST /auth/signin', 'POST /auth/signup'],
    me: '/auth/me',
  },
  organization: {
    settings: { TEGATA_CONTRACTS: 'organization' },
    logIn: async (server, email) => heldOf(await organization.loggedIn(server, email)),
    register: organization.registered,
    onCookies: ['POST /api/auth/refresh', 'POST /api/auth/logout'],
    setCookies: ['POST /api/auth/login', 'POST /api/auth/register'],
    me: '/api/auth/me',
  },
};

const nameOf = ({ method, path }: Operation) => `${method} ${path}`;
const isUnsafe = ({ method }: Operation) => !['GET', 'HEAD'].includes(method);

/** A body with which the call would do what it is for. */
const bodyOf = ({ fields, path }: Operation, email: string, fresh: string): Record<string, unknown> | undefined => {
  const values: Record<string, unknown> = {
    email: /regist|signup/.test(path) ? fresh : email,
    password: standard.goodPassword,
    current_password: standard.goodPassword,
    new_password: 'another good password',
    name: 'Ada',
    organizationName: '株式会社サンプル',
  };
  const known = fields.filter((name) => name in values);
  return known.length === 0 ? undefined : Object.fromEntries(known.map((name) => [name, values[name]]));
};

const stateOf = (server: TestServer): string =>
  JSON.stringify(
    ['users', 'user_emails', 'password_credentials', 'sessions', 'lockouts', 'mail_outbox', 'one_time_tokens'].map((table) =>
      rows(server, `select * from ${table} order by 1, 2`),
    ),
  );

const email = 'ada@example.com';

describe.each(Object.entries(doors))('contract %s', (contract, door) => {
  test('every case of the table is decided as it says, at every call that changes something', async () => {
    const server = await startServer({ ...settings, ...door.settings });
    await door.register(server, email);
    await door.register(server, 'eve@example.com');
    const victim = await door.logIn(server, email);
    const eve = await door.logIn(server, 'eve@example.com');
    const others = createCsrfTokens(deriveKeys(['another secret of another server 0123456789']).ring('csrf'));
    const operations = await operationsOf(server);
    const routes = operations.filter(
      (one) => isUnsafe(one) && (door.onCookies.includes(nameOf(one)) || one.credentials.includes('access_cookie')),
    );
    const entrances = operations.filter((one) => door.setCookies.includes(nameOf(one)));
    expect(routes.map(nameOf)).toEqual(expect.arrayContaining(door.onCookies));
    expect(entrances).toHaveLength(2);

    const wrong: string[] = [];
    let tried = 0;
    let people = 0;
    for (const one of cases()) {
      const isSafe = ['GET', 'HEAD', 'OPTIONS'].includes(one.method);
      const expected = (one.expect.split('(')[0] as Expected).startsWith('block') ? 'block' : 'allow';
      const isAboutTokens = one.cookie !== undefined;
      // Where there is no such token the cookie goes to two calls alone, with SameSite=Strict, and the origin decides.
      if (isAboutTokens && (victim.csrf === undefined || isSafe)) continue;
      const origins: Record<string, string> = { TARGET_ORIGIN: publicUrl, TRUSTED_ORIGIN: partner };
      const headers = Object.fromEntries(
        Object.entries(one.headers ?? {}).map(([name, value]) => [name.toLowerCase(), origins[value] ?? value]),
      );
      const reading: Operation[] = [
        { method: one.method, path: door.me, contract: 'cookie', credentials: [], bodyType: undefined, fields: [] },
      ];
      // Nobody's cookies are needed where cookies are set: there the origin alone is asked.
      const places = isSafe ? reading : isAboutTokens ? routes : [...routes, ...entrances];
      const before = expected === 'block' ? stateOf(server) : '';
      for (const route of places) {
        const isBlocked = expected === 'block';
        people += 1;
        const own = `honest${people}@example.com`;
        if (!isBlocked && !isSafe && !entrances.includes(route)) await door.register(server, own);
        const held = isBlocked || isSafe || entrances.includes(route) ? victim : await door.logIn(server, own);
        const [random = '', mac = ''] = (held.csrf ?? '').split('.');
        const tokens: Record<string, string | undefined> = {
          ...{ valid: held.csrf, none: undefined, other: eve.csrf, 'other-session': eve.csrf, undecodable: '%E0%A4%A' },
          ...{ 'empty-hmac': `${random}.`, 'empty-random': `.${mac}`, 'old-secret': others.issue(sessionOf(held)) },
        };
        const cookieToken = one.cookie ? tokens[one.cookie] : held.csrf;
        const headerToken = !one.header ? held.csrf : one.header === 'same' ? cookieToken : tokens[one.header];
        const body = bodyOf(route, isBlocked || isSafe ? email : own, `new${people}@example.com`);
        const answer = await server.call(
          isSafe ? one.method : route.method,
          one.path?.(route.path, held.csrf ?? '') ?? route.path,
          {
            cookie: [held.access, held.refresh, cookieToken && `csrf_token=${cookieToken}`].filter(Boolean).join('; '),
            headers: { ...headers, ...(headerToken ? { 'x-csrf-token': headerToken } : {}) },
            ...(body && !isSafe ? { body } : {}),
          },
        );
        tried += 1;
        const isRefused = answer.status === 403 || (headers['content-type'] !== undefined && answer.status === 415);
        if (isRefused !== isBlocked || answer.status >= 500) wrong.push(`${one.id} ${nameOf(route)} → ${answer.status}`);
        if (isBlocked && answer.cookies.length > 0) wrong.push(`${one.id} ${nameOf(route)} set a cookie`);
        // Said of the session, so no cache may keep it: that is more than `Vary: Cookie`, which the table asks for.
        if (one.id === 'csrf-034' && answer.headers.get('cache-control') !== 'no-store') wrong.push(`${nameOf(route)} is stored`);
      }
      if (before !== '' && stateOf(server) !== before) wrong.push(`${one.id} changed something`);
    }
    figure({
      row: 'cross-site',
      part: `public table, ${contract}`,
      tried,
      failed: wrong.length,
      detail: `${routes.length} calls that act on a cookie and ${entrances.length} that set one; decisions and, where refused, the stored state`,
      reached: wrong.length === 0,
    });
    expect(wrong).toEqual([]);
  });

  test('a body that is no JSON is refused everywhere, whatever it calls itself, and no method is what a header says', async () => {
    const server = await startServer({ ...settings, ...door.settings });
    await door.register(server, email);
    const held = await door.logIn(server, email);
    const session: CallOptions = {
      cookie: [held.access, held.refresh, held.csrf && `csrf_token=${held.csrf}`].filter(Boolean).join('; '),
    };
    const csrf = held.csrf === undefined ? {} : { 'x-csrf-token': held.csrf };
    const before = stateOf(server);
    const wrong: string[] = [];
    let tried = 0;
    const operations = (await operationsOf(server)).filter(isUnsafe);
    for (const route of operations) {
      const body = bodyOf(route, email, 'new@example.com');
      if (body !== undefined && route.bodyType === 'application/json') {
        for (const type of notJson) {
          const answer = await server.call(route.method, route.path, {
            ...session,
            headers: { ...csrf, 'content-type': type },
            body: JSON.stringify(body),
          });
          tried += 1;
          // A page's form may share a path with a call: it is read as a form, in which this body says nothing.
          const isForm = type.startsWith('application/x-www-form') && !answer.headers.get('content-type')?.includes('json');
          if (![415, 401].includes(answer.status) && !isForm) wrong.push(`${nameOf(route)} as ${type} → ${answer.status}`);
        }
      }
      for (const method of ['GET', 'HEAD', 'OPTIONS']) {
        for (const header of ['x-http-method-override', 'x-http-method', 'x-method-override']) {
          const answer = await server.call(method, `${route.path}?_method=${route.method}`, {
            ...session,
            headers: { ...csrf, [header]: route.method },
          });
          tried += 1;
          if (answer.status >= 500) wrong.push(`${method} ${route.path} → ${answer.status}`);
        }
      }
      if (stateOf(server) !== before) wrong.push(`${nameOf(route)} changed something`);
    }
    figure({
      row: 'cross-site',
      part: `content types and methods, ${contract}`,
      tried,
      failed: wrong.length,
      detail: `${operations.length} changing calls`,
      reached: wrong.length === 0,
    });
    expect(wrong).toEqual([]);
    expect((await server.call('GET', door.me, session)).status).toBe(held.access === undefined ? 401 : 200);
  });

  test('a cookie tossed in by a neighbor, in any order and spelling, never wins and is never mixed with ours', async () => {
    const server = await startServer({ ...settings, ...door.settings });
    await door.register(server, email);
    await door.register(server, 'eve@example.com');
    const wrong: string[] = [];
    let tried = 0;
    for (const name of ['access_token', 'refresh_token', 'csrf_token', 'tegata_device']) {
      for (const [order, arrange] of Object.entries(orders)) {
        const ada = await door.logIn(server, email);
        const eve = await door.logIn(server, 'eve@example.com');
        const pairs = (held: Held) =>
          [held.access, held.refresh, held.csrf && `csrf_token=${held.csrf}`].filter((pair) => pair !== undefined) as string[];
        const pairOf = (held: Held) => pairs(held).find((pair) => pair.startsWith(`${name}=`)) ?? `${name}=tossed`;
        const rest = pairs(ada).filter((pair) => !pair.startsWith(`${name}=`));
        const cookies = [...rest, arrange(pairOf(ada), pairOf(eve))].join('; ');
        const headers = ada.csrf === undefined ? {} : { 'x-csrf-token': ada.csrf };
        const answers = [
          await server.call('GET', door.me, { cookie: cookies, headers }),
          await server.call('POST', door.onCookies[0]?.split(' ')[1] ?? '', { cookie: cookies, headers }),
        ];
        for (const answer of answers) {
          tried += 1;
          if (!isOwnOrRefused(answer, ada, eve))
            wrong.push(`${name}, ${order} → ${answer.status} ${JSON.stringify(answer.body)}`);
        }
      }
    }
    for (const header of malformed) {
      const [reading, refreshing] = [
        await server.call('GET', door.me, { cookie: header }),
        await server.call('POST', door.onCookies[0]?.split(' ')[1] ?? '', { cookie: header }),
      ];
      tried += 2;
      for (const { status } of [reading, refreshing]) if (![401, 431].includes(status)) wrong.push(`${header} → ${status}`);
    }
    expect(await server.call('GET', '/health/live')).toMatchObject({ status: 200 });
    figure({
      row: 'cross-site',
      part: `cookie tossing, ${contract}`,
      tried,
      failed: wrong.length,
      detail: `4 cookies in ${Object.keys(orders).length} orders and spellings, ${malformed.length} malformed headers`,
      reached: wrong.length === 0,
    });
    expect(wrong).toEqual([]);
  });
});

const notJson = [
  'text/plain',
  'text/plain; charset=application/json',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=x',
  'application/jsonp',
  'application/json5',
  'application/jsonx',
  'application/json, text/plain',
  'text/plain, application/json',
  'text/json',
  'application/vnd.api+json',
  'json',
  'constructor',
  '__proto__',
  'application/x-json',
  '*/*',
];

/** Of two spellings of one cookie: ours, and one that a neighbor has set. */
const orders: Record<string, (own: string, tossed: string) => string> = {
  'ours first': (own, tossed) => `${own}; ${tossed}`,
  'ours last': (own, tossed) => `${tossed}; ${own}`,
  'ours between': (own, tossed) => `${tossed}; ${own}; ${tossed}`,
  'twice ours': (own) => `${own}; ${own}`,
  'tossed alone in capitals': (_, tossed) => tossed.replace(/^[a-z]/, (letter) => letter.toUpperCase()),
  'beside one in capitals': (own, tossed) => `${tossed.toUpperCase()}; ${own}`,
  'with a prefix': (own, tossed) => `__Host-${tossed}; __Secure-${tossed}; ${own}`,
  'padded with blanks': (own, tossed) => `  ${tossed.replace('=', ' =')} ; ${own}`,
  'padded with a tab': (own, tossed) => `\t${tossed}; ${own}`,
  'without a value': (own, tossed) => `${tossed.split('=')[0]}; ${own}`,
  'with an empty value': (own, tossed) => `${tossed.split('=')[0]}=; ${own}`,
  quoted: (own, tossed) => `${tossed.replace('=', '="')}"; ${own}`,
  'behind a quoted semicolon': (own, tossed) => `a="; ${tossed}; b="; ${own}`,
  'with a name in percent signs': (own, tossed) => `${tossed.replace('_', '%5f')}; ${own}`,
};

const malformed = [
  '',
  ';',
  ';;;',
  '=',
  '==',
  '=;=;=',
  'access_token',
  'access_token=',
  'access_token="',
  'access_token=""',
  'access_token=%',
  'access_token=%00',
  'access_token=%E0%A4%A',
  'access_token=\u00e9\u00ff',
  'access_token={"a":1}',
  'access_token=a b c',
  'access_token=null; refresh_token=undefined',
  'access_token=true; refresh_token=[object Object]',
  '__proto__=1; constructor=2; access_token=__proto__',
  `access_token=${'a'.repeat(9000)}`,
  Array.from({ length: 100 }, (_, index) => `bomb${index}=${'b'.repeat(4000)}`).join('; '),
  Array.from({ length: 1000 }, () => 'access_token=x').join('; '),
];

const sessionOf = ({ access, refresh }: Held): string => decodeToken(tokenIn(access ?? refresh)).claims.sid;

/** Either nobody, or the person whose own cookies these are. */
const isOwnOrRefused = ({ status, cookies, body }: Answer, ada: Held, eve: Held): boolean => {
  const text = JSON.stringify(body) + cookies.join('');
  if (text.includes('eve@example.com') || text.includes(eve.userId)) return false;
  const issued = cookies.filter((set) => /^(access|refresh)_token=[^;]/.test(set)).map((set) => set.split(';')[0] as string);
  if (!issued.every((pair) => decodeToken(tokenIn(pair)).claims.sid === sessionOf(ada))) return false;
  return [200, 401, 403].includes(status);
};

test('a trusted origin is an exact origin, or the server does not start with it', () => {
  const text = readCorpus('csrf-origin/cases.json', 'a list of our own stands for the public settings');
  const given: { origin: string; expect: string }[] = text === undefined ? [] : JSON.parse(text).trusted_origin_config;
  const own = [
    ...['https://example.com', 'https://example.com:8080', 'http://localhost:5173'].map((origin) => ({
      origin,
      expect: 'accept',
    })),
    ...[
      'example.com',
      'https://',
      'https://example.com/path',
      'https://example.com?query=value',
      'https://example.com#fragment',
    ].map((origin) => ({ origin, expect: 'refuse' })),
    ...['https://ex ample.com', 'null', '*', 'https://*.example.com', 'https://user@example.com', 'ftp://example.com'].map(
      (origin) => ({ origin, expect: 'refuse' }),
    ),
  ];
  const isTaken = (origin: string): boolean => {
    try {
      const { allowedOrigins } = parseConfig({ TEGATA_ALLOWED_ORIGINS: origin });
      return allowedOrigins.includes(origin);
    } catch {
      return false;
    }
  };
  const wrong = [...given, ...own]
    // A slash at the end is the same origin to whoever writes it, and is taken off.
    .filter(({ origin }) => origin !== 'https://example.com/')
    .filter(({ origin, expect: expected }) => isTaken(origin) !== (expected === 'accept'))
    .map(({ origin }) => origin);
  expect(parseConfig({ TEGATA_ALLOWED_ORIGINS: 'https://example.com/' }).allowedOrigins).toContain('https://example.com');
  figure({
    row: 'cross-site',
    part: 'trusted origins',
    tried: given.length + own.length,
    failed: wrong.length,
    detail: 'a slash at the end is taken off, which the table refuses',
    reached: wrong.length === 0,
  });
  expect(wrong).toEqual([]);
});
