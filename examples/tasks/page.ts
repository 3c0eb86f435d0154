import { existsSync, readFileSync } from 'node:fs';
import { Hono } from 'hono';

// Three files, and a policy under which the browser runs and loads nothing else.

const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  'img-src data:',
  "base-uri 'none'",
  // Forms are sent by the script. Without it, none may put a password into an address.
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** The script is built at installation, by build-page.ts. */
const files = {
  '/': { name: 'index.html', type: 'text/html' },
  '/page.css': { name: 'page.css', type: 'text/css' },
  '/page.js': { name: 'dist/page.js', type: 'text/javascript' },
};

export const createPage = (): Hono => {
  const app = new Hono();
  for (const [path, { name, type }] of Object.entries(files)) {
    const file = new URL(`./page/${name}`, import.meta.url);
    if (!existsSync(file)) throw new Error('The page is not built yet: run `npm run prepare`, then start again.');
    const content = readFileSync(file, 'utf8');
    app.get(path, (c) =>
      c.body(content, 200, {
        'Content-Type': `${type}; charset=utf-8`,
        'Content-Security-Policy': policy,
        'Cross-Origin-Opener-Policy': 'same-origin',
        'Referrer-Policy': 'no-referrer',
        'X-Content-Type-Options': 'nosniff',
        'Cache-Control': 'no-cache',
      }),
    );
  }
  return app;
};
