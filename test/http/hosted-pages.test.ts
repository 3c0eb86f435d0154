import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { readBuiltPages } from '../../packages/server/src/http/pages/built-pages.ts';
import { rawRequest, sendRaw } from '../raw-http.ts';
import { startServer } from '../server.ts';
import { temporaryFolder } from '../server-process.ts';
import { inJapanese } from '../standard/people.ts';

// The documents and files of the hosted pages, as the server answers them. What the pages do in a browser is shown in
// test/browser. They are built at install; `npm run build:pages` builds them anew.

const paths = [
  '/auth/log-in',
  '/auth/register',
  '/auth/check-your-mail',
  '/auth/verify-email?token=x',
  '/auth/forgot-password',
  '/auth/reset-password?token=x',
  '/auth/undo-email?token=x',
  '/auth/signed-out?reason=session_revoked',
  '/auth/callback/google?code=x&state=y',
  '/auth/account',
  '/auth/account/addresses',
  '/auth/account/password',
  '/auth/account/sessions',
  '/auth/account/connections',
  '/auth/account/delete',
];

const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "form-action 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

/** Addresses that the document loads: scripts, style sheets, preloads, icon. */
const loadedBy = (html: string): string[] =>
  [...html.matchAll(/<(?:link|script|img)\b[^>]*?\s(?:href|src)="([^"]*)"/g)].map(([, address = '']) =>
    address.replaceAll('&amp;', '&'),
  );

test('every page is a document of its own title and language under a policy that allows nothing inline', async () => {
  const server = await startServer();
  const titles = new Set<string>();
  for (const path of paths) {
    const answer = await server.call('GET', path);
    const html = answer.body as string;
    expect(answer.status, path).toBe(200);
    expect(answer.headers.get('content-security-policy'), path).toBe(policy);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'content-type': 'text/html; charset=UTF-8',
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-store',
      'x-frame-options': 'DENY',
      'content-language': 'en',
    });
    expect(answer.headers.get('vary')).toMatch(/Accept-Language, Cookie/);
    expect(answer.cookies).toEqual([]);
    expect(html).toMatch(/^<!doctype html>\n<html lang="en">/);
    expect(html).not.toMatch(/<style|\sstyle=|\son\w+=|javascript:/i);
    for (const [, attributes = '', inside] of html.matchAll(/<script\b([^>]*)>([\s\S]*?)<\/script>/g)) {
      expect(attributes).toMatch(/src="\/auth\/assets\//);
      expect(inside).toBe('');
    }
    for (const address of loadedBy(html)) expect(address, path).toMatch(/^(\/auth\/|data:image\/svg\+xml)/);
    titles.add(/<title>([^<]*)<\/title>/.exec(html)?.[1] as string);
    expect((await server.call('HEAD', path)).status, path).toBe(200);
  }
  expect(titles.size).toBe(paths.length);
  expect(titles).toContain('Log in · Tegata');
});

test('language and theme come from what was chosen, then from the browser', async () => {
  const server = await startServer();
  const opening = async (headers: Record<string, string>, query = '') => {
    const { body } = await server.call('GET', `/auth/log-in${query}`, { headers });
    return /<html[^>]*>/.exec(body as string)?.[0];
  };
  expect(await opening(inJapanese)).toBe('<html lang="ja">');
  expect(await opening({ ...inJapanese, cookie: 'tegata_language=en' })).toBe('<html lang="en">');
  expect(await opening({ cookie: 'tegata_language=en; tegata_theme=dark' }, '?lang=ja')).toBe(
    '<html lang="ja" data-theme="dark">',
  );
  // What is none of ours is nobody's wish, and no markup.
  expect(await opening({ cookie: 'tegata_language="><script>; tegata_theme="><script>' })).toBe('<html lang="en">');
  const { body } = await server.call('GET', '/auth/log-in', { headers: inJapanese });
  expect(body).toContain('<title>ログイン · Tegata</title>');
});

test('what a document loads is there, small, compressed, and kept for ever', async () => {
  const server = await startServer();
  const { body } = await server.call('GET', '/auth/log-in');
  const files = loadedBy(body as string).filter((address) => !address.startsWith('data:'));
  expect(files.some((address) => address.endsWith('.css'))).toBe(true);
  let bytes = 0;
  for (const address of files) {
    // By a socket of our own: `fetch` unpacks what comes compressed.
    const [answer] = await sendRaw(server, rawRequest(`GET ${address}`, ['Accept-Encoding: gzip']));
    const headers = new Headers(answer?.headers);
    expect(answer?.status, address).toBe(200);
    expect(headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    expect(headers.get('content-type')).toMatch(address.includes('.js') ? /^text\/javascript/ : /^text\/css/);
    if (address.startsWith('/auth/assets/')) {
      expect(headers.get('content-encoding'), address).toBe('gzip');
      expect(headers.get('vary')).toMatch(/Accept-Encoding/);
    }
    const plain = await server.call('GET', address, { headers: { 'accept-encoding': 'identity' } });
    expect(plain.headers.get('content-encoding')).toBeNull();
    bytes += gzipSync(plain.body as string, { level: 9 }).byteLength;
  }
  process.stdout.write(`The first log-in page loads ${(bytes / 1000).toFixed(1)} kB of script and style, compressed.\n`);
  expect(bytes).toBeLessThan(110_000);
});

test('compressed files hold what the plain ones do', () => {
  const built = readBuiltPages();
  expect(built, 'npm run build:pages').toBeDefined();
  for (const [name, { plain, gzip }] of built?.files ?? []) {
    expect(Buffer.compare(gunzipSync(gzip as Uint8Array), plain), name).toBe(0);
  }
});

test('the account area is not loaded by whoever only logs in, and comes at once to whoever goes there', async () => {
  const server = await startServer();
  const filesOf = async (path: string) =>
    loadedBy((await server.call('GET', path)).body as string).filter((address) => address.includes('account'));
  expect(await filesOf('/auth/log-in')).toEqual([]);
  expect((await filesOf('/auth/account')).length).toBeGreaterThanOrEqual(2);
});

test('no other file is reachable, and an unknown path is answered by the API', async () => {
  const server = await startServer();
  for (const path of [
    '/auth/assets/pages.json',
    '/auth/assets/..%2fpages.json',
    '/auth/assets/%2e%2e/pages.json',
    '/auth/assets/',
    '/auth/assets/main.js.gz',
    '/auth/log-in/x',
    '/auth/nowhere',
    '/auth/logo',
  ]) {
    const answer = await server.call('GET', path);
    expect(answer.status, path).toBe(404);
    expect(answer.body.error.code, path).toBe('NOT_FOUND');
  }
  expect((await server.call('GET', '/auth')).headers.get('location')).toBe('/auth/account');
});

describe('without script', () => {
  test('a mailed link has its form in the document, and the token nowhere else', async () => {
    const server = await startServer();
    const html = (await server.call('GET', '/auth/reset-password?token=Zm9ydHktdHdv')).body as string;
    const inside = /<noscript id="without-script">([\s\S]*)<\/noscript>/.exec(html)?.[1] ?? '';
    expect(inside).toContain('<form method="post" action="/auth/reset-password?lang=en"');
    expect(inside).toContain('value="Zm9ydHktdHdv"');
    expect(html.replace(inside, '')).not.toContain('Zm9ydHktdHdv');
  });

  test('a hostile token is text', async () => {
    const server = await startServer();
    const hostile = '</noscript><script>alert(1)</script>';
    const html = (await server.call('GET', `/auth/verify-email?token=${encodeURIComponent(hostile)}`)).body as string;
    expect(html.match(/<script/g)).toHaveLength(1);
    expect(html.match(/<\/noscript>/g)).toHaveLength(1);
  });
});

describe('a brand', () => {
  const page = async (settings: Record<string, string>) => {
    const server = await startServer(settings);
    const answer = await server.call('GET', '/auth/log-in');
    return { server, answer, html: answer.body as string };
  };

  test('gives the pages a name, colors and a logo from elsewhere, and the policy no more than that needs', async () => {
    const { server, answer, html } = await page({
      TEGATA_BRAND_NAME: 'Ünïcorn & "Sons" </title>',
      TEGATA_BRAND_LOGO: 'https://cdn.example.com/logo.svg',
      TEGATA_BRAND_PRIMARY: '#005f3a',
    });
    expect(html).toContain('<title>Log in · Ünïcorn &amp; &quot;Sons&quot; &lt;/title&gt;</title>');
    expect(answer.headers.get('content-security-policy')).toBe(
      policy.replace("img-src 'self' data:", "img-src 'self' data: https://cdn.example.com"),
    );
    const theme = loadedBy(html).find((address) => address.includes('theme.css')) as string;
    expect((await server.call('GET', theme)).body).toContain('--tegata-indigo: #005f3a');
    expect((await server.call('GET', '/')).body).toContain('src="https://cdn.example.com/logo.svg"');
  });

  test('may have its logo in a file, which cannot run anything even when it is opened by itself', async () => {
    const file = join(await temporaryFolder(), 'logo.svg');
    await writeFile(file, '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>');
    const { server, html, answer } = await page({ TEGATA_BRAND_LOGO: file });
    const address = /&quot;logo&quot;:&quot;(\/auth\/logo\?v=[\w-]{12})&quot;/.exec(html)?.[1] as string;
    const logo = await server.call('GET', address);
    expect(logo.headers.get('content-type')).toBe('image/svg+xml');
    expect(logo.headers.get('content-security-policy')).toMatch(/^default-src 'none'/);
    expect(logo.headers.get('cache-control')).toContain('immutable');
    expect(answer.headers.get('content-security-policy')).toBe(policy);
  });
});

describe('they are not served', () => {
  test.each([
    ['when they are turned off', { TEGATA_PAGES: 'off' }],
    ['without the contract they speak', { TEGATA_CONTRACTS: 'bearer' }],
  ])('%s; mailed links then lead to pages of the server', async (_name, settings: Record<string, string>) => {
    const server = await startServer(settings);
    expect((await server.call('GET', '/auth/log-in')).status).toBe(404);
    const html = (await server.call('GET', '/auth/verify-email?token=x')).body as string;
    expect(html).toContain('<form method="post"');
    expect(html).not.toContain('<script');
    expect((await server.call('GET', '/')).body).not.toContain('/auth/log-in');
  });
});

test('where several contracts are mounted, their calls keep the paths they share with pages', async () => {
  const server = await startServer({ TEGATA_CONTRACTS: 'standard,cookie' });
  expect((await server.call('GET', '/auth/account')).headers.get('content-type')).toMatch(/^text\/html/);
  expect((await server.call('DELETE', '/auth/account', { body: {} })).body.error_type).toBeDefined();
  const json = await server.call('POST', '/auth/forgot-password', { body: { email: 'ada@example.com' } });
  expect(json.status).toBe(200);
});
