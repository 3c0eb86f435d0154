import { request } from 'node:http';
import { describe, expect, test } from 'vitest';
import { type Answer, startServer, type TestServer } from '../server.ts';
import { goodPassword, inJapanese, logIn, register, registered } from './people.ts';
import { count, rows } from './stored.ts';

const path = '/api/v1/auth/register';
const person = { email: 'ada@example.com', password: goodPassword, name: 'Ada Lovelace' };

const send = (server: TestServer, change: object, headers: Record<string, string> = {}): Promise<Answer> =>
  server.call('POST', path, { body: { ...person, ...change }, headers });

const refusedFor = (field: string, message: string) => ({
  error: { code: 'VALIDATION_ERROR', message: 'validation failed', details: [{ field, message }] },
  meta: null,
});

const uuid = /^[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/;

describe('somebody registers', () => {
  test('S3.19 S3.24 S3.28 S3.129 and is told to look into the mailbox; the user is pending and not logged in', async () => {
    const server = await startServer();
    const answer = await send(server, {});
    expect(answer.status).toBe(201);
    expect(answer.body).toEqual({
      data: {
        user_id: expect.stringMatching(uuid),
        message: 'Registration successful. Please check your email to verify your account.',
      },
      meta: null,
    });
    expect(answer.cookies).toEqual([]);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.headers.get('content-type')).toBe('application/json');
    expect(await server.engine.stores.users.find(answer.body.data.user_id)).toEqual({
      id: answer.body.data.user_id,
      email: 'ada@example.com',
      emailVerified: false,
      name: 'Ada Lovelace',
      avatarUrl: null,
      locale: 'en',
      status: 'pending',
      createdAt: server.now(),
      updatedAt: server.now(),
    });
  });

  test('S3.29 S3.34 S3.36 the mail has the link with 256 random bits, a six-digit code, and says 24 hours', async () => {
    const server = await startServer({ TEGATA_URL: 'https://auth.example.com' });
    await send(server, {});
    const mails = await server.mails('ada@example.com');
    expect(mails).toHaveLength(1);
    const [mail] = mails;
    expect(mail).toMatchObject({ to: 'ada@example.com', subject: 'Confirm your e-mail address' });
    expect(mail?.links).toEqual([expect.stringMatching(/^https:\/\/auth\.example\.com\/auth\/verify-email\?token=[\w-]{43}$/)]);
    expect(mail?.code).toMatch(/^\d{6}$/);
    for (const part of ['Hello Ada Lovelace,', mail?.links[0] as string, mail?.code as string, 'It works for 24 hours.']) {
      expect(mail?.text).toContain(part);
    }
    expect(mail?.html).toContain(mail?.code);
  });

  test('TEGATA_VERIFY_TTL shortens the life of the link, and the mail says so', async () => {
    const server = await startServer({ TEGATA_VERIFY_TTL: '30m' });
    await send(server, {});
    expect((await server.newestMail('ada@example.com')).text).toContain('It works for 30 minutes.');
  });

  test('no header of the request can point the mailed link elsewhere', async () => {
    const server = await startServer({ TEGATA_URL: 'https://auth.example.com' });
    const forged = {
      'x-forwarded-host': 'evil.example',
      'x-forwarded-proto': 'http',
      'x-forwarded-prefix': '/evil',
      forwarded: 'host=evil.example;proto=http',
      'x-original-url': 'https://evil.example/',
    };
    expect((await send(server, {}, forged)).status).toBe(201);
    // `fetch` writes Host itself.
    const status = await new Promise((resolve, reject) => {
      const body = JSON.stringify({ ...person, email: 'eve@example.com' });
      const headers = { host: 'evil.example', 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
      request(server.url + path, { method: 'POST', headers }, (response) => resolve(response.resume().statusCode))
        .on('error', reject)
        .end(body);
    });
    expect(status).toBe(201);
    for (const email of ['ada@example.com', 'eve@example.com']) {
      const mail = await server.newestMail(email);
      expect(mail.links).toEqual([expect.stringMatching(/^https:\/\/auth\.example\.com\/auth\/verify-email\?token=/)]);
      expect(mail.text + mail.html).not.toContain('evil.example');
    }
  });

  test('in Japanese: the answer now, and every mail from then on, whatever language a later call has', async () => {
    const server = await startServer();
    const answer = await send(server, {}, { 'accept-language': 'ja-JP,ja;q=0.9,en;q=0.5' });
    expect(answer.status).toBe(201);
    expect(answer.body.data.message).toBe('登録が完了しました。確認メールをご覧になり、メールアドレスを確認してください。');
    const first = await server.newestMail('ada@example.com');
    expect(first.subject).toBe('メールアドレスの確認をお願いします');
    expect(first.text).toContain('24時間有効です。');
    server.advance({ minutes: 5 });
    await server.call('POST', '/api/v1/auth/email/resend', {
      body: { email: 'ada@example.com' },
      headers: { 'accept-language': 'en' },
    });
    const again = await server.newestMail('ada@example.com');
    expect(again.id).not.toBe(first.id);
    expect(again.subject).toBe('メールアドレスの確認をお願いします');
  });

  test.each([
    ['none', undefined],
    ['French', 'fr'],
    ['English before Japanese', 'en;q=0.9, ja;q=0.8'],
    ['Japanese refused', 'ja;q=0'],
    ['nonsense', ';;;,q=,'],
  ])('in English where the browser wishes for %s', async (_, language) => {
    const server = await startServer();
    const answer = await send(server, {}, language === undefined ? {} : { 'accept-language': language });
    expect(answer.body.data.message).toMatch(/^Registration successful/);
    expect((await server.newestMail('ada@example.com')).subject).toBe('Confirm your e-mail address');
  });

  test('fields that nobody asked for are ignored: nobody makes themselves active, verified, or somebody else', async () => {
    const server = await startServer();
    const wished = {
      id: '01900000-0000-7000-8000-000000000001',
      user_id: '01900000-0000-7000-8000-000000000001',
      status: 'active',
      email_verified: true,
      emailVerified: true,
      verified_at: '2030-01-01T00:00:00Z',
      role: 'admin',
      is_admin: true,
      locale: 'ja',
      created_at: '2000-01-01T00:00:00Z',
      password_hash: '$argon2id$v=19$m=64,t=1,p=1$AAAA$AAAA',
      avatar_url: 'https://evil.example/a.png',
      organization_id: 'x',
      __proto__: { status: 'active' },
      constructor: { prototype: { status: 'active' } },
    };
    const answer = await send(server, wished);
    expect(answer.status).toBe(201);
    expect(answer.body.data.user_id).not.toBe(wished.id);
    const user = await server.engine.stores.users.find(answer.body.data.user_id);
    expect(user).toMatchObject({
      status: 'pending',
      emailVerified: false,
      locale: 'en',
      avatarUrl: null,
      createdAt: server.now(),
    });
    expect((await logIn(server, 'ada@example.com')).body.error.message).toBe('please verify your email first');
  });

  test('a literal __proto__ member of the JSON changes nothing', async () => {
    const server = await startServer();
    const body = `{"__proto__":{"status":"active","email":"eve@example.com"},"email":"ada@example.com","password":"${goodPassword}","name":"Ada"}`;
    const answer = await server.call('POST', path, { body });
    expect(answer.status).toBe(201);
    expect(await server.engine.stores.users.find(answer.body.data.user_id)).toMatchObject({
      email: 'ada@example.com',
      status: 'pending',
    });
  });

  test('stale cookies and credentials of somebody else do not get in the way', async () => {
    const server = await startServer();
    const answer = await server.call('POST', path, {
      body: person,
      token: 'not.a.token',
      cookie: 'refresh_token=stale; tegata_device=stale',
    });
    expect(answer.status).toBe(201);
  });
});

describe('the name', () => {
  test.each([
    ['one character', 'A', 'A'],
    ['100 characters', 'a'.repeat(100), 'a'.repeat(100)],
    ['100 characters outside the basic plane', '𠮷'.repeat(100), '𠮷'.repeat(100)],
    ['white space around it goes', ' \t\r\n Ada  Lovelace \u3000', 'Ada  Lovelace'],
    ['100 characters and white space around them', ` ${'a'.repeat(100)} `, 'a'.repeat(100)],
    ['Japanese', '山田 花子', '山田 花子'],
    ['markup, which the mail escapes', '<b>Ada</b>', '<b>Ada</b>'],
  ])('is taken: %s', async (_, name, stored) => {
    const server = await startServer();
    const answer = await send(server, { name });
    expect(answer.status).toBe(201);
    expect((await server.engine.stores.users.find(answer.body.data.user_id))?.name).toBe(stored);
    expect((await server.newestMail('ada@example.com')).html).not.toContain('<b>Ada');
  });

  test('is refused when empty, blank, too long, missing or no text', async () => {
    const server = await startServer();
    const length = 'name must be 1 to 100 characters';
    const control = 'name must not contain control characters';
    const refused: [unknown, string][] = [
      ['', length],
      [' \u3000\n', length],
      ['a'.repeat(101), length],
      ['𠮷'.repeat(101), length],
      ['Ada\0Lovelace', control],
      ['Ada\nLovelace', control],
      ['Ada\r\nBcc: eve@example.com', control],
      ['Ada\x1b[31m', control],
      ['Ada\x7f', control],
      ['Ada\x85Lovelace', control],
      ['Ada\ud800', control],
      [undefined, 'name is required'],
      [null, 'name is required'],
      [1, 'name is required'],
      [['Ada'], 'name is required'],
    ];
    for (const [name, message] of refused) {
      const answer = await send(server, { name });
      expect(answer.status, JSON.stringify(name)).toBe(400);
      expect(answer.body, JSON.stringify(name)).toEqual(refusedFor('name', message));
    }
    expect(count(server, 'users')).toBe(0);
  });
});

describe('the address', () => {
  test.each([
    ['capitals and white space', '  Ada.LOVELACE@Example.COM\r\n', 'ada.lovelace@example.com'],
    ['an international domain', 'ada@BÜCHER.example', 'ada@xn--bcher-kva.example'],
    ['decomposed letters', 'ada@bu\u0308cher.example', 'ada@xn--bcher-kva.example'],
    ['254 octets', `${'a'.repeat(64)}@${'d'.repeat(63)}.${'e'.repeat(63)}.${'f'.repeat(57)}.com`, undefined],
  ])('is kept, and written to, in its one form: %s', async (_, typed, canonical = typed) => {
    const server = await startServer();
    const answer = await send(server, { email: typed });
    expect(answer.status).toBe(201);
    expect(rows(server, 'select email from user_emails')).toEqual([{ email: canonical }]);
    expect((await server.newestMail(canonical)).to).toBe(canonical);
  });

  test('S3.25 is refused when it is none, before any password is hashed', async () => {
    const server = await startServer();
    const refused = [
      '',
      'ada',
      'ada@localhost',
      'ada@example.com, eve@example.com',
      'Ada <ada@example.com>',
      'ada@example.com\nBcc: eve@example.com',
      'ada\0@example.com',
      '"ada"@example.com',
      'ada@192.0.2.1',
      `${'a'.repeat(5000)}@example.com`,
      `${'a'.repeat(64)}@${'d'.repeat(63)}.${'e'.repeat(63)}.${'f'.repeat(58)}.com`,
    ];
    const before = server.engine.hashingCounts();
    for (const email of refused) {
      const answer = await send(server, { email });
      expect(answer.status, email).toBe(400);
      expect(answer.body, email).toEqual(refusedFor('email', 'email is not a valid address'));
    }
    for (const email of [undefined, null, 1, true, ['ada@example.com'], { email: 'ada@example.com' }]) {
      const answer = await send(server, { email });
      expect(answer.status, JSON.stringify(email)).toBe(400);
      expect(answer.body, JSON.stringify(email)).toEqual(refusedFor('email', 'email is required'));
    }
    expect(server.engine.hashingCounts()).toEqual(before);
    expect(count(server, 'users')).toBe(0);
  });

  test('S3.20 S3.27 is refused when it has an account, in whatever form it is typed, and leaves nothing behind', async () => {
    const server = await startServer();
    await registered(server, 'ada@bücher.example');
    const before = server.engine.hashingCounts();
    for (const email of [
      'ada@bücher.example',
      'ADA@BÜCHER.EXAMPLE',
      ' ada@bu\u0308cher.example ',
      'ada@xn--bcher-kva.example',
      'Ada@XN--BCHER-KVA.example',
    ]) {
      const answer = await send(server, { email });
      expect(answer.status, email).toBe(409);
      expect(answer.body, email).toEqual({ error: { code: 'CONFLICT', message: 'email already exists' }, meta: null });
    }
    const japanese = await send(server, { email: 'ada@bücher.example' }, inJapanese);
    expect(japanese.status).toBe(409);
    expect(japanese.body.error).toEqual({ code: 'CONFLICT', message: 'このメールアドレスは既に使用されています' });
    for (const table of ['users', 'user_emails', 'password_credentials', 'one_time_tokens']) {
      expect(count(server, table), table).toBe(1);
    }
    expect(server.engine.hashingCounts()).toEqual(before);
    expect(await server.mails('ada@xn--bcher-kva.example')).toHaveLength(1);
  });

  test('CVE-2019-19844: two addresses that only compatibility forms tell apart cannot both exist', async () => {
    const server = await startServer();
    await registered(server, 'kira@example.com');
    const kelvin = await send(server, { email: '\u212Aira@example.com' });
    expect(kelvin.status).toBe(409);
    for (const email of ['ｋira@example.com', 'kıra@example.com', 'kira@ｅxample.com', 'kira@example。com']) {
      expect((await send(server, { email })).body, email).toEqual(refusedFor('email', 'email is not a valid address'));
    }
    expect(count(server, 'users')).toBe(1);
  });

  test('is free again once its account was deleted', async () => {
    const server = await startServer();
    const { userId } = await registered(server, 'ada@example.com');
    const token = (await logIn(server, 'ada@example.com')).body.data.access_token;
    await server.call('DELETE', '/api/v1/me', { token, body: { password: goodPassword } });
    const again = await register(server, 'ada@example.com');
    expect(again.status).toBe(201);
    expect(again.body.data.user_id).not.toBe(userId);
  });
});

describe('the password', () => {
  test.each([
    ['8 characters, spaces at both ends', ' 1a3b5c '],
    ['8 emoji', '🦊🐢🦉🐙🦔🐝🦩🐺'],
    ['256 bytes', 'é'.repeat(128)],
    ['all digits', '8041739265108'],
    ['a NUL within', 'correct\0horse'],
    ['what the source documents use', 'Password123!'],
    ['what the source documents change to', 'NewPassword123!'],
    ['a sentence with the address in it', 'my ada@example.com passphrase'],
  ])('is taken, every byte of it: %s', async (_, password) => {
    const server = await startServer();
    await registered(server, 'ada@example.com', password);
    expect((await logIn(server, 'ada@example.com', { password })).status).toBe(200);
    for (const other of [password.slice(0, -1), `${password} `, password.trim()]) {
      if (other === password) continue;
      expect((await logIn(server, 'ada@example.com', { password: other })).status, JSON.stringify(other)).toBe(401);
    }
  });

  const refused: [string, string, string, string][] = [
    ['7 characters', 'a1b2c3d', 'password must be at least 8 characters', 'パスワードは8文字以上にしてください'],
    ['7 emoji, 28 bytes', '🦊🐢🦉🐙🦔🐝🦩', 'password must be at least 8 characters', 'パスワードは8文字以上にしてください'],
    ['nothing', '', 'password must be at least 8 characters', 'パスワードは8文字以上にしてください'],
    ['257 bytes', `${'é'.repeat(128)}a`, 'password is too long', 'パスワードが長すぎます'],
    ['a common one', 'password', 'password is too common', 'よく使われているパスワードは使用できません'],
    ['a common one in capitals', 'QWERTYUIOP', 'password is too common', 'よく使われているパスワードは使用できません'],
    [
      'the address',
      'ada.lovelace@example.com',
      'password must not be your email address',
      'メールアドレスと同じパスワードは使用できません',
    ],
    [
      'the address in capitals',
      'ADA.LOVELACE@EXAMPLE.COM',
      'password must not be your email address',
      'メールアドレスと同じパスワードは使用できません',
    ],
    [
      'the local part',
      'Ada.Lovelace',
      'password must not be your email address',
      'メールアドレスと同じパスワードは使用できません',
    ],
    [
      'half a surrogate pair',
      'correct horse \ud83d',
      'password contains characters that are not valid text',
      'パスワードに使用できない文字が含まれています',
    ],
  ];

  test.each(refused)('S3.26 is refused, in details, before it is hashed: %s', async (_, password, english, japanese) => {
    const server = await startServer();
    const answer = await send(server, { email: 'ada.lovelace@example.com', password });
    expect(answer.status).toBe(400);
    expect(answer.body).toEqual(refusedFor('password', english));
    const inTheOther = await send(server, { email: 'ada.lovelace@example.com', password }, inJapanese);
    expect(inTheOther.body.error).toEqual({
      code: 'VALIDATION_ERROR',
      message: '入力内容に誤りがあります',
      details: [{ field: 'password', message: japanese }],
    });
    expect(server.engine.hashingCounts().completed).toBe(0);
    expect(count(server, 'users')).toBe(0);
    expect(await server.mails('ada.lovelace@example.com')).toEqual([]);
  });

  test('is refused when it is missing or no string', async () => {
    const server = await startServer();
    for (const password of [undefined, null, 12345678, true, ['correct horse'], { length: 8 }]) {
      const answer = await send(server, { password });
      expect(answer.status, JSON.stringify(password)).toBe(400);
      expect(answer.body, JSON.stringify(password)).toEqual(refusedFor('password', 'password is required'));
    }
    expect((await send(server, { password: 'x'.repeat(4097) })).body).toEqual(refusedFor('password', 'password is too long'));
  });

  test('with bcrypt 72 bytes are taken and 73 are clearly refused', async () => {
    const server = await startServer({ TEGATA_PASSWORD_HASH: 'bcrypt' });
    const longest = 'é'.repeat(36);
    await registered(server, 'ada@example.com', longest);
    expect((await logIn(server, 'ada@example.com', { password: longest })).status).toBe(200);
    const answer = await send(server, { email: 'eve@example.com', password: `${longest}a` });
    expect(answer.status).toBe(400);
    expect(answer.body).toEqual(refusedFor('password', 'password is too long'));
  });
});

describe('a request that is none', () => {
  test('S3.128 a body that is not a JSON object is an invalid request', async () => {
    const server = await startServer();
    for (const body of ['', '{', 'null', '[]', '"ada@example.com"', '1', `{"email":"ada@example.com",}`, '\ufeff{}x']) {
      const answer = await server.call('POST', path, { body });
      expect(answer.status, body).toBe(400);
      expect(answer.body, body).toEqual({ error: { code: 'INVALID_REQUEST', message: 'invalid request body' }, meta: null });
    }
    const japanese = await server.call('POST', path, { body: '{', headers: inJapanese });
    expect(japanese.body.error).toEqual({ code: 'INVALID_REQUEST', message: 'リクエスト本文の形式が正しくありません' });
  });

  test('every missing field is named, in the language of the reader', async () => {
    const server = await startServer();
    const english = await server.call('POST', path, { body: {} });
    expect(english.status).toBe(400);
    expect(english.body.error.details).toEqual([
      { field: 'email', message: 'email is required' },
      { field: 'password', message: 'password is required' },
      { field: 'name', message: 'name is required' },
    ]);
    const japanese = await server.call('POST', path, { body: {}, headers: inJapanese });
    expect(japanese.body.error).toEqual({
      code: 'VALIDATION_ERROR',
      message: '入力内容に誤りがあります',
      details: [
        { field: 'email', message: 'メールアドレスを入力してください' },
        { field: 'password', message: 'パスワードを入力してください' },
        { field: 'name', message: '名前を入力してください' },
      ],
    });
    const badEmail = await send(server, { email: 'ada' }, inJapanese);
    expect(badEmail.body.error.details).toEqual([{ field: 'email', message: 'メールアドレスの形式が正しくありません' }]);
    const badName = await send(server, { name: 'a'.repeat(101) }, inJapanese);
    expect(badName.body.error.details).toEqual([{ field: 'name', message: '名前は1〜100文字で入力してください' }]);
    const control = await send(server, { name: 'A\0' }, inJapanese);
    expect(control.body.error.details).toEqual([{ field: 'name', message: '名前に制御文字は使用できません' }]);
  });

  test('another content type is 415, more than 64 KiB is 413, another method is 405, each in the contract’s shape', async () => {
    const server = await startServer();
    const form = await server.call('POST', path, {
      body: 'email=ada%40example.com',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
    expect(form.status).toBe(415);
    expect(form.body.error).toEqual({ code: 'INVALID_REQUEST', message: 'content type must be application/json' });
    const large = await send(server, { padding: 'x'.repeat(64 * 1024) });
    expect(large.status).toBe(413);
    expect(large.body.error).toEqual({ code: 'INVALID_REQUEST', message: 'request body too large' });
    const got = await server.call('GET', path);
    expect(got.status).toBe(405);
    expect(got.headers.get('allow')).toBe('POST');
    expect(got.body.error).toEqual({ code: 'INVALID_REQUEST', message: 'method not allowed' });
    expect(count(server, 'users')).toBe(0);
  });

  test('a page of another site cannot register anybody', async () => {
    const server = await startServer();
    for (const headers of [{ origin: 'https://evil.example' }, { origin: 'null' }, { 'sec-fetch-site': 'cross-site' }]) {
      const answer = await send(server, {}, headers as Record<string, string>);
      expect(answer.status, JSON.stringify(headers)).toBe(403);
      expect(answer.body.error).toMatchObject({ code: 'FORBIDDEN', reason: 'foreign_origin' });
    }
    expect(count(server, 'users')).toBe(0);
    expect((await send(server, {}, { 'sec-fetch-site': 'same-origin' })).status).toBe(201);
  });
});

describe('many at once', () => {
  test('V26 S3.30 of 100 parallel registrations of one address, in several spellings, exactly one succeeds', async () => {
    // A machine with one core would queue fewer hashes than a hundred, and rightly refuse the rest.
    const server = await startServer({ TEGATA_HASH_CONCURRENCY: '2' });
    const spellings = ['ada@example.com', 'ADA@example.com', ' Ada@Example.COM ', 'aDa@EXAMPLE.com'];
    const answers = await server.atOnce(100, (index) => send(server, { email: spellings[index % spellings.length] }));
    const statuses = Map.groupBy(answers, (answer) => answer.status);
    expect([...statuses].map(([status, { length }]) => [status, length]).sort()).toEqual([
      [201, 1],
      [409, 99],
    ]);
    for (const { body } of statuses.get(409) ?? []) expect(body.error.message).toBe('email already exists');
    for (const table of ['users', 'user_emails', 'password_credentials', 'one_time_tokens', 'mail_outbox']) {
      expect(count(server, table), table).toBe(1);
    }
    expect(count(server, "audit_events where type = 'user.registered'")).toBe(1);
    expect(await server.mails('ada@example.com')).toHaveLength(1);
    expect(rows(server, 'select id from users')).toEqual([{ id: statuses.get(201)?.[0]?.body.data.user_id }]);
  });

  test('S3.160 the eleventh within a minute from one address is refused, and says when to come back', async () => {
    const server = await startServer({ TEGATA_RATE_LIMITS: 'on', TEGATA_TRUSTED_PROXIES: '127.0.0.1' });
    const from = (address: string, headers = {}) =>
      server.call('POST', path, { body: {}, headers: { 'x-forwarded-for': address, ...headers } });
    for (let turn = 0; turn < 10; turn += 1) expect((await from('192.0.2.1')).status).toBe(400);
    const refused = await from('192.0.2.1');
    expect(refused.status).toBe(429);
    expect(refused.body).toEqual({
      error: { code: 'RATE_LIMIT_EXCEEDED', message: 'too many requests, please try again later' },
      meta: null,
    });
    const seconds = Number(refused.headers.get('retry-after'));
    expect(seconds).toBeGreaterThan(50);
    expect(seconds).toBeLessThanOrEqual(60);
    expect(refused.headers.get('ratelimit-policy')).toBe('"standard:register";q=10;w=60');
    expect(refused.headers.get('ratelimit')).toBe(`"standard:register";r=0;t=${seconds}`);
    expect(refused.headers.get('ratelimit-limit')).toBe('10');
    expect(refused.headers.get('ratelimit-remaining')).toBe('0');
    expect(refused.headers.get('ratelimit-reset')).toBe(String(seconds));
    expect((await from('192.0.2.1', inJapanese)).body.error.message).toBe(
      'リクエストが多すぎます。しばらく待ってから再試行してください',
    );
    expect((await from('192.0.2.2')).status).toBe(400);
  });

  test('the limit counts a forged X-Forwarded-For not at all, and IPv6 by /64', async () => {
    const direct = await startServer({ TEGATA_RATE_LIMITS: 'on' });
    const proxied = await startServer({ TEGATA_RATE_LIMITS: 'on', TEGATA_TRUSTED_PROXIES: '127.0.0.1' });
    const statuses = async (server: TestServer, address: (turn: number) => string) => {
      const seen: number[] = [];
      for (let turn = 0; turn < 11; turn += 1) {
        seen.push((await server.call('POST', path, { body: {}, headers: { 'x-forwarded-for': address(turn) } })).status);
      }
      return seen;
    };
    expect(await statuses(direct, (turn) => `192.0.2.${turn}`)).toEqual([...Array(10).fill(400), 429]);
    expect(await statuses(proxied, (turn) => `2001:db8:0:1::${turn + 1}`)).toEqual([...Array(10).fill(400), 429]);
    expect(await statuses(proxied, (turn) => `2001:db8:1:${turn}::1`)).toEqual(Array(11).fill(400));
  });
});
