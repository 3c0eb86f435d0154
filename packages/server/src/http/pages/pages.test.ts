import { fail, ok, Unavailable } from '@tegata/core';
import { Hono } from 'hono';
import { describe, expect, it } from 'vitest';
import { createPages, type PagesOptions } from './pages.ts';
import { stylesheetVersion } from './stylesheet.ts';
import { createWelcomePage } from './welcome.ts';

type Calls = { verify: unknown[]; reset: unknown[]; undo: unknown[]; limit: string[] };

/** The pages over use cases whose outcome the test decides. */
const given = (change: Partial<PagesOptions> = {}) => {
  const calls: Calls = { verify: [], reset: [], undo: [], limit: [] };
  const outcome: PagesOptions = {
    verifyEmail: async () => ok({ alreadyVerified: false }),
    resetPassword: async () => ok(undefined),
    undoPrimaryEmail: async () => ok({ restored: 'ada@example.com' }),
    limit: async () => ({ allowed: true, retryAfterSeconds: 0 }),
    ...change,
  };
  const app = createPages({
    verifyEmail: (input) => {
      calls.verify.push(input);
      return outcome.verifyEmail(input);
    },
    resetPassword: (input) => {
      calls.reset.push(input);
      return outcome.resetPassword(input);
    },
    undoPrimaryEmail: (input) => {
      calls.undo.push(input);
      return outcome.undoPrimaryEmail(input);
    },
    limit: (c, route) => {
      calls.limit.push(route);
      return outcome.limit(c, route);
    },
  });
  const get = async (path: string, init: RequestInit = {}) => {
    const answer = await app.request(path, init);
    return { answer, status: answer.status, html: await answer.text() };
  };
  const press = (path: string, fields: Record<string, string>, headers: Record<string, string> = {}) =>
    get(path, { method: 'POST', body: new URLSearchParams(fields), headers });
  return { app, calls, get, press };
};

const paths = ['/auth/verify-email', '/auth/reset-password', '/auth/undo-email'] as const;
const token = 'Zm9ydHktdHdvLWJ5dGVz';

describe.each(paths)('%s', (path) => {
  it('opened by a person or a link scanner shows a form and consumes nothing', async () => {
    const { calls, get } = given();
    const { status, html } = await get(`${path}?token=${token}`);
    expect(status).toBe(200);
    expect(html).toContain(`<input type="hidden" name="token" value="${token}">`);
    expect(html).toMatch(/<form method="post" action="\/auth\/[a-z-]+\?lang=en"/);
    expect(html.match(/<button/g)).toHaveLength(1);
    const head = await get(`${path}?token=${token}`, { method: 'HEAD' });
    expect(head).toMatchObject({ status: 200, html: '' });
    expect(calls).toEqual({ verify: [], reset: [], undo: [], limit: [] });
  });

  it('consumes once when the button is pressed', async () => {
    const { calls, press } = given();
    const { status, html } = await press(path, { token, password: 'correct horse' });
    expect(status).toBe(200);
    expect(calls.verify.length + calls.reset.length + calls.undo.length).toBe(1);
    expect(html).not.toContain(token);
    expect(html).not.toContain('correct horse');
  });

  it('is for one person and one moment: not cached, not framed, no script, no referrer', async () => {
    const { get, press } = given();
    for (const { answer, html } of [await get(`${path}?token=${token}`), await press(path, { token }), await get(path)]) {
      expect(answer.headers.get('cache-control')).toBe('no-store');
      expect(answer.headers.get('referrer-policy')).toBe('no-referrer');
      expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
      expect(answer.headers.get('content-type')).toBe('text/html; charset=UTF-8');
      expect(answer.headers.get('content-security-policy')).toBe(
        "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
      );
      expect(html).not.toMatch(/<script|<style|\sstyle=|\son\w+=/i);
    }
  });

  it.each([
    ['ja', 'ja'],
    ['ja-JP,en;q=0.5', 'ja'],
    ['de, en;q=0.8, ja;q=0.7', 'en'],
    ['', 'en'],
  ])('speaks the language that the browser asks for with "%s"', async (header, language) => {
    const { get } = given();
    const { html } = await get(`${path}?token=${token}`, { headers: { 'Accept-Language': header } });
    expect(html).toContain(`<html lang="${language}">`);
    expect(/[ぁ-ん]/.test(html)).toBe(language === 'ja');
  });

  it('keeps token and language through the language switch and the form', async () => {
    const { get, press } = given();
    const { html } = await get(`${path}?token=${token}`);
    expect(html).toContain(`href="${path}?token=${token}&amp;lang=ja" lang="ja"`);
    const switched = await get(`${path}?token=${token}&lang=ja`);
    expect(switched.html).toContain(`action="${path}?lang=ja"`);
    expect((await press(`${path}?lang=ja`, { token })).html).toContain('<html lang="ja">');
  });

  it.each([[''], ['?token='], [`?token=${'x'.repeat(513)}`]])('with the incomplete link "%s" explains it', async (query) => {
    const { calls, get } = given();
    const { status, html } = await get(`${path}${query}`);
    expect(status).toBe(400);
    expect(html).toContain('This link is incomplete');
    expect(calls.limit).toEqual([]);
  });

  it('shows a hostile token as text', async () => {
    const { get } = given();
    const { html } = await get(`${path}?token=${encodeURIComponent('"><script>alert(1)</script>')}`);
    expect(html).not.toContain('<script');
  });

  it('counts attempts before it looks at the token, and says when to come back', async () => {
    const { calls, press } = given({ limit: async () => ({ allowed: false, retryAfterSeconds: 830 }) });
    const { status, html, answer } = await press(path, { token });
    expect(status).toBe(429);
    expect(answer.headers.get('retry-after')).toBe('830');
    expect(html).toContain('Too many attempts. You can try again in 14 minutes.');
    expect(html).toContain(`value="${token}"`);
    expect(calls.verify.length + calls.reset.length + calls.undo.length).toBe(0);
  });

  it('says so when the server cannot do it now, and loses nothing', async () => {
    const down = async () => {
      throw new Unavailable('the database is not available', { retryAfterSeconds: 5 });
    };
    const { press } = given({ verifyEmail: down, resetPassword: down, undoPrimaryEmail: down });
    const { status, html, answer } = await press(path, { token }, { 'Accept-Language': 'ja' });
    expect(status).toBe(503);
    expect(answer.headers.get('retry-after')).toBe('5');
    expect(html).toContain('5秒後にもう一度お試しください');
    expect(html).toContain(`value="${token}"`);
  });

  it('leaves anything but a submitted form to whoever else owns the path', async () => {
    const { app, calls } = given();
    const house = new Hono().route('/', app).post(path, (c) => c.json({ from: 'a contract' }));
    const init = { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ token }) };
    expect(await (await house.request(path, init)).json()).toEqual({ from: 'a contract' });
    expect(calls.limit).toEqual([]);
  });

  it('reads at most 16 KiB, whatever the length says', async () => {
    const { calls, get, press } = given();
    expect((await press(path, { token, password: 'x'.repeat(20_000) })).status).toBe(413);
    const piece = new TextEncoder().encode(`token=${token}&password=${'x'.repeat(6000)}&`);
    let pulls = 0;
    const long = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        pulls += 1;
        controller.enqueue(piece);
        if (pulls === 100) controller.close();
      },
    });
    const headers = { 'Content-Type': 'application/x-www-form-urlencoded' };
    const init = { method: 'POST', body: long, headers, duplex: 'half' } as RequestInit;
    expect((await get(path, init)).status).toBe(413);
    expect(pulls).toBeLessThan(10);
    expect(calls.limit).toEqual([]);
  });
});

describe('confirming an address', () => {
  it('says that it is done, or that it was done before', async () => {
    expect((await given().press('/auth/verify-email', { token })).html).toContain('Your address is confirmed');
    const again = given({ verifyEmail: async () => ok({ alreadyVerified: true }) });
    expect(await again.press('/auth/verify-email', { token })).toMatchObject({
      status: 200,
      html: expect.stringContaining('Already confirmed'),
    });
  });

  it.each([
    ['token_invalid', 400, 'This link does not work'],
    ['token_expired', 400, 'This link has expired'],
    ['email_taken', 409, 'This address is in use'],
  ] as const)('explains %s', async (code, status, title) => {
    const { press } = given({ verifyEmail: async () => fail(code) });
    expect(await press('/auth/verify-email', { token })).toMatchObject({ status, html: expect.stringContaining(title) });
  });
});

describe('setting a new password', () => {
  it('hands over token and password as they were typed', async () => {
    const { calls, press } = given();
    const { html } = await press('/auth/reset-password', { token, password: '  pass wörd & + %' });
    expect(calls.reset).toEqual([{ token, password: '  pass wörd & + %' }]);
    expect(calls.limit).toEqual(['reset']);
    expect(html).toContain('Your password was changed');
  });

  it('has a field that password managers and screen readers understand', async () => {
    const { html } = await given().get(`/auth/reset-password?token=${token}`);
    expect(html).toContain('<label for="password">New password</label>');
    expect(html).toContain('autocomplete="new-password"');
    expect(html).toContain('aria-describedby="password-hint"');
    expect(html).toMatch(/<form [^>]*novalidate/);
    expect(html).not.toContain('aria-invalid');
  });

  it.each([
    ['too_short', 'at least 8 characters'],
    ['too_long', 'Use a shorter one'],
    ['too_common', 'Many people use this password'],
    ['same_as_email', 'part of your e-mail address'],
  ] as const)('says beside the field that the password is %s, and keeps the link usable', async (problem, text) => {
    const { press } = given({ resetPassword: async () => fail('password_rejected', { problem }) });
    const { status, html } = await press('/auth/reset-password', { token, password: 'the rejected one' });
    expect(status).toBe(400);
    expect(html).toMatch(/<p class="problem" id="password-problem" role="alert">/);
    expect(html).toContain(text);
    expect(html).toContain('aria-describedby="password-problem password-hint" aria-invalid="true" autofocus');
    expect(html).toContain(`value="${token}"`);
    expect(html).not.toContain('the rejected one');
  });

  it.each([
    ['token_invalid', 'This link does not work'],
    ['token_used', 'This link has been used'],
    ['token_expired', 'Your password is unchanged'],
  ] as const)('explains %s', async (code, text) => {
    const { press } = given({ resetPassword: async () => fail(code) });
    expect(await press('/auth/reset-password', { token })).toMatchObject({ status: 400, html: expect.stringContaining(text) });
  });
});

describe('undoing a change of address', () => {
  it('asks first, with a button that looks like what it does', async () => {
    const { html } = await given().get(`/auth/undo-email?token=${token}`);
    expect(html).toContain('If you made the change yourself');
    expect(html).toContain('<button class="destructive">');
  });

  it('names the address that is back, as text', async () => {
    const { press } = given({ undoPrimaryEmail: async () => ok({ restored: '<ada>@example.com' }) });
    const { html } = await press('/auth/undo-email', { token });
    expect(html).toContain('The change was undone');
    expect(html).toContain('&lt;ada&gt;@example.com');
  });

  it.each([
    ['token_invalid', 'This link does not work'],
    ['token_used', 'This link has been used'],
    ['token_expired', 'can no longer be undone'],
  ] as const)('explains %s', async (code, text) => {
    const { press } = given({ undoPrimaryEmail: async () => fail(code) });
    expect(await press('/auth/undo-email', { token })).toMatchObject({ status: 400, html: expect.stringContaining(text) });
  });
});

it('an unexpected error is not hidden behind a page', async () => {
  const { app } = given({
    verifyEmail: async () => {
      throw new Error('a bug');
    },
  });
  const house = new Hono().route('/', app).onError((error, c) => c.text(`caught: ${error.message}`, 500));
  const answer = await house.request('/auth/verify-email', { method: 'POST', body: new URLSearchParams({ token }) });
  expect(await answer.text()).toBe('caught: a bug');
});

describe('the style sheet', () => {
  it('is cached for ever under an address that changes with it', async () => {
    const { get } = given();
    const { html } = await get(`/auth/verify-email?token=${token}`);
    expect(html).toContain(`<link rel="stylesheet" href="/auth/pages.css?v=${stylesheetVersion}">`);
    const { answer, status, html: css } = await get(`/auth/pages.css?v=${stylesheetVersion}`);
    expect(status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('text/css; charset=utf-8');
    expect(answer.headers.get('cache-control')).toContain('immutable');
    expect(css).not.toMatch(/url\(|@import/);
    const theme = /href="(\/auth\/theme\.css\?v=[\w-]{12})"/.exec(html)?.[1] as string;
    const colors = await get(theme);
    expect(colors.answer.headers.get('cache-control')).toContain('immutable');
    expect(colors.html).toContain('--tegata-indigo: #274a78');
  });
});

describe('the welcome page', () => {
  it('leads on, to the mailbox and the hosted pages only where they are', async () => {
    const hrefs = async (mailbox: boolean, pages: boolean) => {
      const html = await (await createWelcomePage({ mailbox, pages }).request('/')).text();
      return [...html.matchAll(/<li><a href="([^"]*)"/g)].map(([, href]) => href);
    };
    const forPeople = ['/auth/register', '/auth/log-in', '/auth/account'];
    const forDevelopers = ['/docs', '/openapi.json', '/health/ready'];
    expect(await hrefs(true, true)).toEqual([...forPeople, '/dev/mailbox', ...forDevelopers]);
    expect(await hrefs(false, false)).toEqual(forDevelopers);
  });

  it('speaks Japanese to whoever prefers it', async () => {
    const answer = await createWelcomePage({ mailbox: true, pages: true }).request('/', { headers: { 'Accept-Language': 'ja' } });
    expect(await answer.text()).toContain('認証サーバーが動作しています');
  });
});
