import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startServer } from '../server.ts';
import {
  type Application,
  type Example,
  goodPassword,
  type Person,
  personOf,
  publicUrl,
  type Received,
  type Sent,
  send,
  signIn,
  signUp,
  startExample,
  type Visitor,
  visitor,
} from './application.ts';

// What every embedding has to do, whatever the framework around it.

const ada = 'ada@example.com';
const inBrowser = ({ cookie, csrfToken }: Person): Sent => ({ cookie, headers: { 'x-csrf-token': csrfToken } });
const addNote = (app: Visitor, note: string, sent: Sent) =>
  app.call('POST', '/notes', { ...sent, body: note, headers: { ...sent.headers, 'content-type': 'text/plain' } });

const settings = { TEGATA_ALLOWED_ORIGINS: 'https://app.example', TEGATA_TRUSTED_PROXIES: '127.0.0.1' };

export const embeddingJourneys = (name: Example): void => {
  describe(`Tegata in ${name}`, () => {
    // One process for all but the last, because starting one is the slow part. Each test is a visitor from elsewhere, so
    // that the limits of one are no other's.
    let application: Application;
    let end: (() => Promise<void>) | undefined;
    beforeAll(async () => {
      application = await startExample(name, settings, (told) => {
        end = told;
      });
    }, 60_000);
    afterAll(() => end?.());

    test('somebody registers, logs in, and reaches a guarded route; nobody else does', async () => {
      const app = visitor(application, '198.51.100.1');
      const unknown = await app.call('GET', '/notes');
      expect(unknown.status).toBe(401);
      expect(unknown.body).toEqual({ error: 'Missing authentication token', error_type: 'unauthorized' });
      expect(unknown.headers['www-authenticate']).toBe('Bearer realm="tegata"');

      const signedUp = await signUp(app, 'guarded@example.com');
      expect(signedUp.status).toBe(201);
      expect((await app.call('GET', '/notes', { cookie: personOf(signedUp).cookie })).body).toEqual([]);

      const person = personOf(await signIn(app, 'guarded@example.com'));
      expect((await addNote(app, 'first', inBrowser(person))).body).toEqual(['first']);
      expect((await addNote(app, 'second', { headers: { authorization: `Bearer ${person.accessToken}` } })).status).toBe(200);
      expect((await app.call('GET', '/notes', { cookie: person.cookie })).body).toEqual(['first', 'second']);

      const other = personOf(await signUp(app, 'eve-guarded@example.com'));
      expect((await app.call('GET', '/notes', { cookie: other.cookie })).body).toEqual([]);
    });

    test('a guarded route that changes something needs the CSRF token of the session, and an origin of ours', async () => {
      const app = visitor(application, '198.51.100.2');
      const person = personOf(await signUp(app, 'forged@example.com'));
      const other = personOf(await signUp(app, 'eve-forged@example.com'));
      const { cookie } = person;
      const missing = await addNote(app, 'x', { cookie });
      expect(missing.status).toBe(403);
      expect(missing.body).toEqual({ error: 'CSRF token missing', error_type: 'forbidden' });
      const foreign = await addNote(app, 'x', { cookie, headers: { 'x-csrf-token': other.csrfToken } });
      expect(foreign.body).toEqual({ error: 'CSRF token mismatch', error_type: 'forbidden' });
      const { headers } = inBrowser(person);
      expect((await addNote(app, 'x', { cookie, headers: { ...headers, origin: 'https://evil.example' } })).status).toBe(403);
      expect((await addNote(app, 'x', { cookie, headers: { ...headers, origin: publicUrl } })).status).toBe(200);
    });

    test('a session that ended elsewhere ends here with the next request', async () => {
      const app = visitor(application, '198.51.100.3');
      const person = personOf(await signUp(app, 'ended@example.com'));
      expect((await app.call('POST', '/auth/signout', inBrowser(person))).status).toBe(200);
      const answer = await app.call('GET', '/notes', { cookie: person.cookie });
      expect(answer.status).toBe(401);
      expect(answer.body).toEqual({ error: 'Invalid access token', error_type: 'unauthorized' });
    });

    test('closing the account runs the hook: what the application held of the user is gone', async () => {
      const app = visitor(application, '198.51.100.4');
      const person = personOf(await signUp(app, 'closing@example.com'));
      await addNote(app, 'mine', inBrowser(person));
      const closed = await app.call('DELETE', '/auth/account', { ...inBrowser(person), body: { password: goodPassword } });
      expect(closed.status).toBe(200);
      const again = personOf(await signUp(app, 'closing@example.com'));
      expect((await app.call('GET', '/notes', { cookie: again.cookie })).body).toEqual([]);
    });

    test('every answer is the one that Tegata gives alone: status, each header, each cookie, body', async () => {
      const app = visitor(application, '198.51.100.5');
      const alone = await startServer({
        TEGATA_CONTRACTS: 'cookie',
        TEGATA_URL: publicUrl,
        TEGATA_ALLOWED_ORIGINS: 'https://app.example',
      });
      const bodies = { body: { email: 'alone@example.com', password: goodPassword, name: 'Ada', remember_me: true } };
      const requests: [string, string, Sent?][] = [
        ['POST', '/auth/signup', bodies],
        ['POST', '/auth/signup', bodies],
        ['POST', '/auth/signin', bodies],
        ['POST', '/auth/signin', { ...bodies, chunked: true }],
        ['POST', '/auth/signin', { body: { email: 'alone@example.com', password: 'wrong horse battery' } }],
        ['POST', '/auth/signin', { body: {} }],
        ['POST', '/auth/signin', { body: '{' }],
        ['POST', '/auth/signin'],
        ['POST', '/auth/signin', { body: 'email=a', headers: { 'content-type': 'application/x-www-form-urlencoded' } }],
        ['POST', '/auth/signin', { ...bodies, headers: { origin: 'null' } }],
        ['POST', '/auth/signin', { ...bodies, headers: { origin: 'https://app.example' } }],
        ['OPTIONS', '/auth/signin', { headers: { origin: 'https://app.example', 'access-control-request-method': 'POST' } }],
        ['POST', '/auth/forgot-password', { body: { email: 'alone@example.com' } }],
        ['GET', '/auth/me'],
        ['HEAD', '/auth/me'],
        ['GET', '/auth/me', { headers: { authorization: 'Bearer x', 'accept-language': 'ja' } }],
        ['DELETE', '/auth/signin'],
        ['GET', '/auth/nowhere?x=%2F&y=1'],
        ['GET', '/nowhere'],
        ['GET', '/auth/reset-password?token=x'],
        ['GET', '/auth/verify-email?token=x'],
        ['POST', '/auth/reset-password', { body: 'x=1', headers: { 'content-type': 'application/x-www-form-urlencoded' } }],
        ['GET', '/auth/pages.css'],
        ['GET', '/.well-known/jwks.json'],
        ['GET', '/openapi.json'],
        ['GET', '/health/live'],
        ['GET', '/health/ready'],
        ['GET', '/'],
      ];
      for (const [method, path, sent] of requests) {
        const ours = comparable(await app.call(method, path, sent));
        expect(ours, `${method} ${path}`).toEqual(comparable(await send(alone.url, method, path, sent)));
      }
    });

    test('the cookies arrive one by one, with their attributes', async () => {
      const app = visitor(application, '198.51.100.6');
      const { cookies } = await signUp(app, 'cookies@example.com');
      expect(cookies.map((cookie) => cookie.replace(/=[^;]+/, '=…'))).toEqual([
        'access_token=…; Path=/; HttpOnly; Secure; SameSite=Strict; Max-Age=900',
        'refresh_token=…; Path=/auth; HttpOnly; Secure; SameSite=Strict; Max-Age=604800',
        'csrf_token=…; Path=/; Secure; SameSite=Strict; Max-Age=604800',
        'tegata_device=…; Path=/auth; HttpOnly; Secure; SameSite=Strict; Max-Age=34560000',
      ]);
    });

    test('bodies are bounded by Tegata: 64 KiB are read, one byte more is 413, with and without a length', async () => {
      const app = visitor(application, '198.51.100.7');
      const bodyOf = (bytes: number) => {
        const frame = JSON.stringify({ email: 'bodies@example.com', password: goodPassword, padding: '' });
        return frame.replace('"padding":""', `"padding":"${'x'.repeat(bytes - frame.length)}"`);
      };
      for (const chunked of [false, true]) {
        const fits = await app.call('POST', '/auth/signin', { body: bodyOf(65_536), chunked });
        expect(fits.status).toBe(401);
        const tooLarge = await app.call('POST', '/auth/signin', { body: bodyOf(65_537), chunked });
        expect(tooLarge.status).toBe(413);
        expect(tooLarge.body).toEqual({ error: 'Request body is too large', error_type: 'bad_request' });
      }
      const person = personOf(await signUp(app, 'bodies@example.com'));
      const note = await addNote(app, 'x'.repeat(2_000_000), inBrowser(person)).catch((error) => error.code);
      // Whoever goes on sending may be cut off before it reads the answer.
      expect([413, 'ECONNRESET', 'EPIPE']).toContain(note.status ?? note);
    });

    test('limits count each caller, behind a trusted proxy too', async () => {
      const attempt = (address: string) => visitor(application, address).call('POST', '/auth/signin', { body: {} });
      for (let each = 0; each < 10; each += 1) expect((await attempt('198.51.100.8')).status).toBe(400);
      const limited = await attempt('198.51.100.8');
      expect(limited.status).toBe(429);
      expect(Number(limited.headers['retry-after'])).toBeGreaterThan(0);
      expect((await attempt('198.51.100.9')).status).toBe(400);
    });

    test('by itself it knows the address of the socket and believes no header; mail leaves; SIGTERM ends it cleanly', async () => {
      const app = await startExample(name);
      await signUp(visitor(app, '198.51.100.10'), ada);
      expect(stored(app, 'select ip_address from sessions')).toEqual([{ ip_address: '127.0.0.1' }]);
      const mails = () => app.call('GET', `/dev/mailbox/messages?to=${ada}`).then(({ body }) => body);
      while ((await mails()).length === 0) await wait(20);
      // Keeps its connection, as browsers do: that must not hold up the end.
      await (await fetch(`${app.url}/health/ready`)).text();
      const { code, signal, stderr } = await app.stop();
      expect({ code, signal, stderr }).toEqual({ code: 0, signal: null, stderr: '' });
      expect(stored(app, 'select email from user_emails')).toEqual([{ email: ada }]);
    });
  });
};

const stored = ({ dataDir }: Application, query: string) => {
  const database = new DatabaseSync(join(dataDir, 'tegata.db'), { readOnly: true });
  try {
    return database.prepare(query).all();
  } finally {
    database.close();
  }
};

/** An answer without what is different each time: tokens, ids, times. */
const comparable = ({ status, headers, body }: Received) => {
  const { date: _, 'x-request-id': requestId, ...rest } = headers;
  const steady = (value: unknown): unknown =>
    JSON.parse(
      JSON.stringify(value ?? null)
        .replaceAll(/[\w-]{20,}(\.[\w-]{20,}){1,2}/g, '<token>')
        .replaceAll(/[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}/g, '<id>')
        .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<time>')
        .replaceAll(/tegata_device=[^;"]+/g, 'tegata_device=<device>'),
    );
  expect(requestId).toMatch(/^[\w.-]{8,64}$/);
  return { status, headers: steady(rest), body: steady(body) };
};
