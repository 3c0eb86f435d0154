import { describe, expect, test } from 'vitest';
import { execute } from '../database.ts';
import { sessionsInRedis } from '../redis-sessions.ts';
import { cookiePair, type TestServer } from '../server.ts';
import { count, rows } from '../standard/stored.ts';
import { decodeToken } from '../standard/tokens.ts';
import {
  asBrowser,
  failure,
  goodPassword,
  inEnglish,
  invalidInput,
  logIn,
  me,
  path,
  refreshWith,
  register,
  registered,
  registration,
  startOrganization,
} from './people.ts';

const uuid = '[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}';
const jwt = '[\\w-]+\\.[\\w-]+\\.[\\w-]+';
const ada = 'ada@example.com';
const start = Date.UTC(2030, 0, 15, 9);

const duplicate = failure('DUPLICATE_EMAIL', 'このメールアドレスは既に使用されています');

const tables = ['users', 'active_users', 'user_emails', 'password_credentials', 'organizations', 'memberships', 'sessions'];
const counts = (server: TestServer) => Object.fromEntries(tables.map((table) => [table, count(server, table)]));
const eachTable = (n: number) => Object.fromEntries(tables.map((table) => [table, n]));

test('S2.24 S2.33 S2.34 S2.35 S2.36 S2.37 S2.38 S2.39 S2.40 S2.153 S2.162 registering answers with the user and both tokens', async () => {
  const server = await startOrganization();
  const answer = await register(server, ada);
  expect(answer.status).toBe(201);
  expect(answer.body).toEqual({
    success: true,
    data: {
      user: {
        id: expect.stringMatching(new RegExp(`^user_${uuid}$`)),
        email: ada,
        name: '山田太郎',
        role: 'user',
        organizationId: expect.stringMatching(new RegExp(`^org_${uuid}$`)),
        createdAt: '2030-01-15T09:00:00.000Z',
      },
      token: {
        token: expect.stringMatching(new RegExp(`^${jwt}$`)),
        refreshToken: expect.stringMatching(new RegExp(`^${jwt}$`)),
        expiresAt: '2030-01-15T09:15:00.000Z',
      },
    },
  });
  expect(answer.headers.get('cache-control')).toBe('no-store');
  expect(answer.headers.get('x-request-id')).toMatch(/^[\w.-]{8,64}$/);
});

test('S2.11 S2.13 S2.15 S2.112 S2.113 S2.114 S2.119 the same tokens come as cookies, with the CSRF token beside them, byte by byte', async () => {
  const server = await startOrganization();
  const { cookies, body } = await register(server, ada);
  const { token, refreshToken } = body.data.token;
  expect(cookies).toEqual([
    `access_token=${token}; Path=/; HttpOnly; Secure; SameSite=Strict; Max-Age=900`,
    `refresh_token=${refreshToken}; Path=/api/auth; HttpOnly; Secure; SameSite=Strict; Max-Age=604800`,
    expect.stringMatching(/^csrf_token=[\w-]{22}\.[\w-]{43}; Path=\/; Secure; SameSite=Strict; Max-Age=604800$/),
    expect.stringMatching(
      /^tegata_device=v1\.[\w-]{22}\.[\w-]{22}; Path=\/api\/auth; HttpOnly; Secure; SameSite=Strict; Max-Age=34560000$/,
    ),
  ]);
});

test('S2.4 S2.10 S2.116 S2.163 the access token says who, in which role and organization', async () => {
  const server = await startOrganization();
  const { user, token } = (await register(server, ada)).body.data;
  const { header, claims } = decodeToken(token.token);
  expect(header).toEqual({ alg: 'HS256', typ: 'at+jwt', kid: expect.any(String) });
  expect(claims).toEqual({
    iss: 'tegata',
    aud: 'tegata-api',
    sub: user.id,
    uid: user.id.slice('user_'.length),
    role: 'user',
    organizationId: user.organizationId,
    iat: start / 1000,
    exp: start / 1000 + 900,
    jti: expect.any(String),
    sid: expect.any(String),
    gen: 0,
  });
});

test('S2.13 S2.165 the refresh token carries the same, is of its own kind, and says so', async () => {
  const server = await startOrganization();
  const { user, token } = (await register(server, ada)).body.data;
  const { header, claims } = decodeToken(token.refreshToken);
  expect(header).toEqual({ alg: 'HS256', typ: 'rt+jwt', kid: expect.any(String) });
  expect(header.kid).not.toBe(decodeToken(token.token).header.kid);
  expect(claims).toEqual({
    iss: 'tegata',
    aud: 'tegata/refresh',
    sub: user.id,
    uid: user.id.slice('user_'.length),
    role: 'user',
    organizationId: user.organizationId,
    type: 'refresh',
    iat: start / 1000,
    exp: start / 1000 + 604_800,
    jti: expect.any(String),
    sid: decodeToken(token.token).claims.sid,
    gen: 0,
  });
});

test('S2.5 S2.6 S2.48 registering logs in at once: all of header, cookies and refresh token work', async () => {
  const server = await startOrganization();
  const person = await registered(server, ada);
  expect((await me(server, { token: person.accessToken })).status).toBe(200);
  expect((await me(server, asBrowser(person))).status).toBe(200);
  expect((await refreshWith(server, person.refreshToken)).status).toBe(200);
});

test('S2.46 S2.125 S2.158 S2.159 S2.161 S2.167 user, organization, membership and session are stored, and no password or token is', async () => {
  const server = await startOrganization();
  const { data } = (await register(server, ada)).body;
  expect(counts(server)).toEqual(eachTable(1));
  const organizationId = data.user.organizationId.slice('org_'.length);
  const userId = data.user.id.slice('user_'.length);
  expect(rows(server, 'select * from organizations')).toEqual([
    { id: organizationId, name: '株式会社サンプル', subscription: 'free', created_at: start, updated_at: start },
  ]);
  expect(rows(server, 'select * from memberships')).toEqual([
    { user_id: userId, organization_id: organizationId, role: 'user', created_at: start },
  ]);
  const [stored] = rows(server, 'select password_hash from password_credentials');
  expect(stored?.password_hash).toMatch(/^\$argon2id\$/);
  const everything = JSON.stringify(tables.flatMap((table) => rows(server, `select * from ${table}`)));
  for (const secret of [goodPassword, data.token.token, data.token.refreshToken]) expect(everything).not.toContain(secret);
});

test('S2.47 S2.123 S2.157 with the bcrypt preset the password is stored and verified as bcrypt', async () => {
  const server = await startOrganization({ TEGATA_PASSWORD_HASH: 'bcrypt' });
  await register(server, ada);
  expect(rows(server, 'select password_hash from password_credentials')[0]?.password_hash).toMatch(/^\$2b\$/);
  expect((await logIn(server, ada)).status).toBe(200);
});

test('S2.28 S2.41 S2.154 S2.156 a taken address is 409, in whatever spelling, and costs no hash', async () => {
  const server = await startOrganization();
  await register(server, ada);
  const hashes = server.engine.hashingCounts().completed;
  for (const email of [ada, 'ADA@Example.com', ' ada@example.com ']) {
    const answer = await register(server, email, { organizationName: 'Another' });
    expect([answer.status, answer.body]).toEqual([409, duplicate]);
    expect(answer.cookies).toEqual([]);
  }
  expect(server.engine.hashingCounts().completed).toBe(hashes);
  expect(counts(server)).toEqual(eachTable(1));
  const english = await register(server, ada, {}, { headers: inEnglish });
  expect(english.body).toEqual(failure('DUPLICATE_EMAIL', 'This email address is already in use'));
});

test('hints off cannot hide a taken address here: the new session would tell', async () => {
  const server = await startOrganization({ TEGATA_ACCOUNT_HINTS: 'off' });
  await register(server, ada);
  const answer = await register(server, ada);
  expect([answer.status, answer.body]).toEqual([409, duplicate]);
});

test('V26 twenty registrations of one address at once leave one user, one organization and one session; the others are 409', async () => {
  const server = await startOrganization();
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, index) =>
      register(server, index % 2 ? ada : 'Ada@Example.COM', { organizationName: `Organization ${index}` }),
    ),
  );
  const winners = answers.filter(({ status }) => status === 201);
  expect(winners).toHaveLength(1);
  for (const loser of answers.filter((answer) => answer !== winners[0])) {
    expect([loser.status, loser.body]).toEqual([409, duplicate]);
  }
  expect(counts(server)).toEqual(eachTable(1));
  const organizationName = (await me(server, { token: winners[0]?.body.data.token.token })).body.data.user.organization.name;
  expect(rows(server, 'select name from organizations')).toEqual([{ name: organizationName }]);
});

test.each(['organizations', 'memberships', ...(sessionsInRedis ? [] : ['sessions'])])(
  'S2.155 a fault while %s is written leaves nothing behind and is 500 in the contract’s shape',
  async (table) => {
    const server = await startOrganization();
    execute(server, `create trigger fault before insert on ${table} begin select raise(abort, 'broken on purpose'); end`);
    const answer = await register(server, ada);
    expect([answer.status, answer.body]).toEqual([500, failure('INTERNAL_SERVER_ERROR', '内部サーバーエラーが発生しました')]);
    expect(answer.cookies).toEqual([]);
    expect(counts(server)).toEqual(eachTable(0));
    expect(count(server, 'mail_outbox')).toBe(0);
    execute(server, 'drop trigger fault');
    expect((await register(server, ada)).status).toBe(201);
  },
);

describe('S2.183 validation', () => {
  const emailMissing = 'メールアドレスを入力してください';
  const emailMalformed = 'メールアドレスの形式が正しくありません';
  const passwordShort = 'パスワードは8文字以上である必要があります';
  const nameLength = '名前は1文字以上50文字以下で入力してください';
  const organizationLength = '組織名は1文字以上100文字以下で入力してください';

  test.each<[string, Record<string, unknown>, Record<string, string>]>([
    ['S2.26 no address', { email: undefined }, { email: emailMissing }],
    ['S2.26 an empty address', { email: '' }, { email: emailMissing }],
    ['S2.26 an address that is no text', { email: 7 }, { email: emailMissing }],
    ['S2.27 an address without a domain', { email: 'ada' }, { email: emailMalformed }],
    ['S2.27 two addresses', { email: 'a@example.com,b@example.com' }, { email: emailMalformed }],
    ['S2.29 no password', { password: undefined }, { password: 'パスワードを入力してください' }],
    ['S2.29 a password that is no text', { password: ['correct horse battery'] }, { password: 'パスワードを入力してください' }],
    ['S2.30 S2.45 a short password', { password: '7 chars' }, { password: passwordShort }],
    ['S2.30 seven characters of four bytes each', { password: '🐘🐎🦔🦆🐑🐄🐖' }, { password: passwordShort }],
    ['S2.124 a common password', { password: 'password1' }, { password: 'よく使われているパスワードは使用できません' }],
    ['S2.124 the address as password', { password: ada }, { password: 'メールアドレスと同じパスワードは使用できません' }],
    ['a password of 257 bytes', { password: 'a'.repeat(257) }, { password: 'パスワードが長すぎます' }],
    ['a password of 5000 characters', { password: 'a'.repeat(5000) }, { password: 'パスワードが長すぎます' }],
    ['half a surrogate pair', { password: 'correct \ud83d horse' }, { password: 'パスワードに使用できない文字が含まれています' }],
    ['S2.31 no name', { name: undefined }, { name: '名前を入力してください' }],
    ['S2.31 an empty name', { name: '' }, { name: nameLength }],
    ['S2.31 a name of blanks', { name: ' \t ' }, { name: nameLength }],
    ['S2.31 a name of 51 characters', { name: '田'.repeat(51) }, { name: nameLength }],
    ['a name with a control character', { name: 'Ada\u0000' }, { name: '名前に制御文字は使用できません' }],
    ['S2.32 no organization name', { organizationName: undefined }, { organizationName: '組織名を入力してください' }],
    ['S2.32 an empty organization name', { organizationName: '' }, { organizationName: organizationLength }],
    [
      'S2.32 an organization name of 101 characters',
      { organizationName: 'a'.repeat(101) },
      { organizationName: organizationLength },
    ],
    [
      'a line break in an organization name',
      { organizationName: 'A\nB' },
      { organizationName: '組織名に制御文字は使用できません' },
    ],
    [
      'S2.151 everything at once',
      { email: 'ada', password: 'short', name: '', organizationName: 7 },
      { email: emailMalformed, password: passwordShort, name: nameLength, organizationName: '組織名を入力してください' },
    ],
  ])('S2.42 S2.43 S2.44 %s is 422 with the field’s own message', async (_, change, details) => {
    const server = await startOrganization();
    const answer = await register(server, ada, change);
    expect([answer.status, answer.body]).toEqual([422, invalidInput(details)]);
    expect(answer.cookies).toEqual([]);
    expect(counts(server)).toEqual(eachTable(0));
  });

  test('in English, by Accept-Language', async () => {
    const server = await startOrganization();
    const answer = await register(server, 'ada', { password: 'short', name: '', organizationName: '' }, { headers: inEnglish });
    expect(answer.body).toEqual(
      failure('VALIDATION_ERROR', 'The input is not valid', {
        email: 'Email address is not valid',
        password: 'Password must be at least 8 characters',
        name: 'Name must be 1 to 50 characters',
        organizationName: 'Organization name must be 1 to 100 characters',
      }),
    );
  });

  test('S2.31 S2.32 lengths count characters as people see them in Japanese and emoji, after trimming', async () => {
    const server = await startOrganization();
    const longest = { name: '𠮷'.repeat(50), organizationName: `  ${'🏢'.repeat(100)}  ` };
    const { data } = (await register(server, ada, longest)).body;
    expect(data.user.name).toBe('𠮷'.repeat(50));
    const shown = (await me(server, { token: data.token.token })).body.data.user;
    expect(shown.organization.name).toBe('🏢'.repeat(100));
    const shortest = await register(server, 'bob@example.com', { name: 'B', organizationName: 'B' });
    expect(shortest.status).toBe(201);
  });

  test('S2.30 eight characters are enough, and 256 bytes are not too many', async () => {
    const server = await startOrganization();
    for (const [index, password] of ['zq8-vk3w', '鳥居馬象牛羊豚犬', 'p'.repeat(256)].entries()) {
      const email = `person-${index}@example.com`;
      expect((await register(server, email, { password })).status).toBe(201);
      expect((await logIn(server, email, { password })).status).toBe(200);
    }
  });

  test('S2.25 nobody names their own role, id or organization: unknown fields are ignored', async () => {
    const server = await startOrganization();
    const wished = {
      role: 'admin',
      id: 'user_1',
      organizationId: 'org_1',
      subscription: 'gold',
      createdAt: '1990-01-01',
      status: 'x',
    };
    const { user } = (await register(server, ada, wished)).body.data;
    expect(user).toMatchObject({ role: 'user', createdAt: '2030-01-15T09:00:00.000Z' });
    expect(user.id).not.toBe('user_1');
    expect(rows(server, 'select role from memberships')).toEqual([{ role: 'user' }]);
    expect(rows(server, 'select subscription from organizations')).toEqual([{ subscription: 'free' }]);
  });
});

test('two people may give their organizations one name: these are two organizations', async () => {
  const server = await startOrganization();
  const first = (await register(server, ada)).body.data.user.organizationId;
  const second = (await register(server, 'bob@example.com')).body.data.user.organizationId;
  expect(second).not.toBe(first);
  expect(count(server, 'organizations')).toBe(2);
});

test('the mail to verify the address is in Japanese, or in the language that was asked for', async () => {
  const server = await startOrganization();
  await register(server, ada);
  expect((await server.newestMail(ada)).subject).toMatch(/[ぁ-ん]/);
  await register(server, 'bob@example.com', {}, { headers: inEnglish });
  const english = await server.newestMail('bob@example.com');
  expect(english.subject).toMatch(/^[\x20-\x7e]+$/);
  expect(new URL(english.links[0] as string).pathname).toBe('/auth/verify-email');
  expect(rows(server, 'select locale from users order by id')).toEqual([{ locale: 'ja' }, { locale: 'en' }]);
});

test('the browser that registered is a known one: a stranger’s failures do not lock it out', async () => {
  const server = await startOrganization();
  const { answer } = await registered(server, ada);
  const cookie = cookiePair(answer, 'tegata_device');
  for (let attempt = 0; attempt < 6; attempt += 1) await logIn(server, ada, { password: 'a guess' });
  expect((await logIn(server, ada)).status).toBe(403);
  expect((await logIn(server, ada, { cookie })).status).toBe(200);
});

test('S2.17 a stale token or cookie of somebody else does not matter to registering', async () => {
  const server = await startOrganization();
  const options = { token: 'stale', cookie: 'access_token=stale; refresh_token=stale; csrf_token=stale' };
  expect((await register(server, ada, {}, options)).status).toBe(201);
});

test('registering from another site’s page is 403, and nobody is registered', async () => {
  const server = await startOrganization({ TEGATA_URL: 'https://auth.example.com' });
  for (const headers of [{ origin: 'https://evil.example' }, { origin: 'null' }, { 'sec-fetch-site': 'cross-site' }]) {
    const answer = await server.call('POST', path('register'), {
      body: registration(ada),
      headers: headers as Record<string, string>,
    });
    expect([answer.status, answer.body]).toEqual([
      403,
      failure('PERMISSION_DENIED', 'このリソースにアクセスする権限がありません'),
    ]);
    expect(answer.cookies).toEqual([]);
  }
  expect(counts(server)).toEqual(eachTable(0));
  expect((await register(server, ada, {}, { headers: { origin: 'https://auth.example.com' } })).status).toBe(201);
});
