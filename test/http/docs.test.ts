import { endpoints } from '@tegata/contract';
import { expect, test } from 'vitest';
import { startServer } from '../server.ts';

const docs = async (settings: Record<string, string> = {}) => {
  const server = await startServer(settings);
  const answer = await server.call('GET', '/docs');
  expect(answer.status).toBe(200);
  return { server, answer, html: answer.body as string };
};

test('the reference is a page in HTML under a policy that runs no script', async () => {
  const { answer, html } = await docs();
  expect(answer.headers.get('content-type')).toMatch(/^text\/html; charset=utf-8$/i);
  const policy = answer.headers.get('content-security-policy') ?? '';
  expect(policy.split('; ')).toContain("default-src 'none'");
  expect(policy).not.toMatch(/unsafe|https?:|\*|script-src/);
  expect(html).toMatch(/^<!doctype html>/);
  expect(html).not.toMatch(/<script|<iframe|<object|<embed|<base|javascript:|@import|\son\w+\s*=/i);
});

test('it loads nothing from another host', async () => {
  const { server, html } = await docs();
  const loaded = [...html.matchAll(/<(?:link|img|script|source|video|audio|use)\b[^>]*?\s(?:href|src|srcset)="([^"]*)"/gi)];
  expect(loaded.length).toBeGreaterThan(0);
  for (const [, target = ''] of loaded) expect(target).toMatch(/^(\/(?!\/)|data:image\/svg\+xml,)/);
  expect(html).not.toMatch(/url\(/);
  const stylesheet = /<link rel="stylesheet" href="([^"]+)"/.exec(html)?.[1] as string;
  const { status, body } = await server.call('GET', stylesheet);
  expect(status).toBe(200);
  expect(body).not.toMatch(/@import|https?:/);
});

test('every call is in it: name, method, path, and each of its failures', async () => {
  const { html } = await docs();
  const text = html
    .replaceAll(/<[^>]+>/g, ' ')
    .replaceAll('&#39;', "'")
    .replaceAll('&quot;', '"')
    .replaceAll('&amp;', '&');
  for (const [name, { summary, method, path, failures }] of Object.entries(endpoints)) {
    expect(html, name).toContain(`id="${name}"`);
    expect(html, name).toContain(`href="#${name}"`);
    expect(text, name).toContain(summary);
    expect(html, name).toContain(`<code class="method">${method}</code> <code>${path}</code>`);
    for (const [code, message] of failures) expect(text, name).toContain(`${code} ${message}`);
  }
});

test('shapes are written out: no field is left as "any"', async () => {
  const { html } = await docs();
  expect(html).toContain('email_verified: boolean');
  expect(html).not.toMatch(/: any\b|\$ref/);
});

test('the public address is shown as text, whatever it is', async () => {
  const { html } = await docs({ TEGATA_URL: 'https://auth.example.com' });
  expect(html).toContain('<code>https://auth.example.com</code>');
});
