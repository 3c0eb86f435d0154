import { describe, expect, test } from 'vitest';
import { type Answer, startServer, type TestServer } from '../server.ts';
import {
  addedEmail,
  forgot,
  goodPassword,
  inJapanese,
  loggedIn,
  logIn,
  makePrimary,
  me,
  register,
  registered,
  undoEmailChange,
  verifyEmail,
} from './people.ts';

const ada = 'ada@example.com';
const work = 'ada@work.example';
const newPassword = 'another good password';
/** Then a mailed link leads to a page that needs no script; with hosted pages it is what their documents hold for such browsers. */
const withoutHostedPages = { TEGATA_PAGES: 'off' };

/** A page as a browser without script sees it. */
type Page = { answer: Answer; status: number; title: string; words: string; html: string };

const page = (answer: Answer): Page => {
  const html = String(answer.body);
  const inner = (pattern: RegExp) => pattern.exec(html)?.[1] ?? '';
  const words = inner(/<main[^>]*>([\s\S]*)<\/main>/)
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim();
  return { answer, status: answer.status, title: inner(/<h1[^>]*>([\s\S]*?)<\/h1>/), words, html };
};

const open = async (server: TestServer, path: string, headers: Record<string, string> = {}): Promise<Page> =>
  page(await server.call('GET', path, { headers }));

/** Presses the only button of the page: sends the form's own fields, and what was typed, to where the form says. */
const press = async (
  server: TestServer,
  { html }: Page,
  typed: Record<string, string> = {},
  headers: Record<string, string> = {},
): Promise<Page> => {
  const form = /<form method="post" action="([^"]*)"[^>]*>([\s\S]*?)<\/form>/.exec(html);
  if (!form) throw new Error(`no form in:\n${html}`);
  const [, action = '', inside = ''] = form;
  const plain = (text: string) => text.replaceAll('&quot;', '"').replaceAll('&lt;', '<').replaceAll('&amp;', '&');
  const fields = new URLSearchParams();
  for (const [, name = '', value = ''] of inside.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)">/g)) {
    fields.append(name, plain(value));
  }
  for (const [name, value] of Object.entries(typed)) fields.append(name, value);
  return page(
    await server.call('POST', plain(action), {
      body: fields.toString(),
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    }),
  );
};

/** Where the newest mail with such a link leads, without the host. */
const mailedPath = async (server: TestServer, email: string, path: string): Promise<string> => {
  const links = (await server.mails(email)).flatMap((mail) => mail.links).map((link) => new URL(link));
  const link = links.find(({ pathname }) => pathname === path);
  if (!link) throw new Error(`no mail to ${email} leads to ${path}`);
  return link.pathname + link.search;
};

const tokenIn = (path: string): string => new URLSearchParams(path.split('?')[1]).get('token') as string;

/** For each page: how a person comes to its link, what they type, and whether it has been used. */
const pages = {
  '/auth/verify-email': {
    arrange: async (server: TestServer) => {
      await register(server, ada);
      return mailedPath(server, ada, '/auth/verify-email');
    },
    typed: {},
    isUsed: async (server: TestServer) => (await logIn(server, ada)).status === 200,
    english: ['Confirm your address', 'Your address is confirmed'],
    japanese: ['メールアドレスの確認', '確認が完了しました'],
  },
  '/auth/reset-password': {
    arrange: async (server: TestServer) => {
      await registered(server, ada);
      await forgot(server, ada);
      return mailedPath(server, ada, '/auth/reset-password');
    },
    typed: { password: newPassword },
    isUsed: async (server: TestServer) => (await logIn(server, ada)).status !== 200,
    english: ['Set a new password', 'Your password was changed'],
    japanese: ['新しいパスワードの設定', 'パスワードを変更しました'],
  },
  '/auth/undo-email': {
    arrange: async (server: TestServer) => {
      await registered(server, ada);
      const { accessToken } = await loggedIn(server, ada);
      const { emailId } = await addedEmail(server, accessToken, work);
      await makePrimary(server, accessToken, emailId);
      return mailedPath(server, ada, '/auth/undo-email');
    },
    typed: {},
    isUsed: async (server: TestServer) => (await logIn(server, work)).status !== 200,
    english: ['Undo the change of your address?', 'The change was undone'],
    japanese: ['メールアドレスの変更を取り消しますか？', '変更を取り消しました'],
  },
} as const;

const everyPage = Object.entries(pages);

describe.each(everyPage)('%s', (path, { arrange, typed, isUsed, english, japanese }) => {
  test('V36 opened twenty times by link scanners it changes nothing; then the person presses the button, once', async () => {
    const server = await startServer(withoutHostedPages);
    const link = await arrange(server);
    for (let turn = 0; turn < 10; turn += 1) {
      expect((await open(server, link)).status).toBe(200);
      expect((await fetch(server.url + link, { method: 'HEAD' })).status).toBe(200);
    }
    expect(await isUsed(server)).toBe(false);
    const form = await open(server, link);
    expect(form.title).toBe(english[0]);
    const end = await press(server, form, typed);
    expect(end.status).toBe(200);
    expect(end.title).toBe(english[1]);
    expect(end.html).not.toContain('<form');
    expect(await isUsed(server)).toBe(true);
  });

  test('its headers let nothing run, frame, cache or leak it, and the token is in no address but the mailed one', async () => {
    const server = await startServer(withoutHostedPages);
    const link = await arrange(server);
    const token = tokenIn(link);
    const form = await open(server, link);
    const end = await press(server, form, typed);
    const nothing = await open(server, path);
    for (const { answer, html } of [form, end, nothing]) {
      expect(Object.fromEntries(answer.headers)).toMatchObject({
        'content-type': 'text/html; charset=UTF-8',
        'content-security-policy':
          "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
        'referrer-policy': 'no-referrer',
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'content-language': 'en',
      });
      expect(answer.headers.get('vary')).toContain('Accept-Language');
      expect(answer.cookies).toEqual([]);
      expect(html).not.toMatch(/<script|\son\w+=|javascript:|style="/i);
      // Nothing is fetched from elsewhere.
      for (const [, address] of html.matchAll(/(?:href|src|action)="([^"]*)"/g)) expect(address).toMatch(/^(\/|data:|#)/);
    }
    expect(/action="([^"]*)"/.exec(form.html)?.[1]).toBe(`${path}?lang=en`);
    expect(end.html).not.toContain(token);
    const head = await fetch(server.url + link, { method: 'HEAD' });
    expect(await head.text()).toBe('');
    expect(head.headers.get('content-security-policy')).toBe(form.answer.headers.get('content-security-policy'));
  });

  test('speaks the browser’s language, or the one chosen on the page, to the end', async () => {
    const server = await startServer(withoutHostedPages);
    const link = await arrange(server);
    const form = await open(server, link, inJapanese);
    expect(form.title).toBe(japanese[0]);
    expect(form.html).toContain('<html lang="ja">');
    expect(form.answer.headers.get('content-language')).toBe('ja');
    const toEnglish = /<a class="language" href="([^"]*)"/.exec(form.html)?.[1]?.replaceAll('&amp;', '&') as string;
    const switched = await open(server, toEnglish, inJapanese);
    expect(switched.title).toBe(english[0]);
    const back = /<a class="language" href="([^"]*)"/.exec(switched.html)?.[1]?.replaceAll('&amp;', '&') as string;
    const end = await press(server, await open(server, back), typed);
    expect(end.title).toBe(japanese[1]);
    expect(end.answer.headers.get('content-language')).toBe('ja');
  });

  test('says what is wrong with a link that is unknown, incomplete or too long, and 400', async () => {
    const server = await startServer(withoutHostedPages);
    for (const link of [path, `${path}?token=`, `${path}?token=${'x'.repeat(513)}`, `${path}?other=1`]) {
      const shown = await open(server, link);
      expect(shown.status, link).toBe(400);
      expect(shown.title, link).toBe('This link is incomplete');
      expect((await open(server, link, inJapanese)).title).toBe('リンクの一部が欠けています');
    }
    const unknown = await press(server, await open(server, `${path}?token=unknown`), typed);
    expect(unknown.status).toBe(400);
    expect(unknown.title).toBe('This link does not work');
    const inside = await press(server, await open(server, `${path}?token=unknown&lang=ja`), typed);
    expect(inside.title).toBe('このリンクは使えません');
  });

  test('shows a hostile token as text and takes it as what it is', async () => {
    const server = await startServer(withoutHostedPages);
    const hostile = '"><script>alert(1)</script><input name="x" value="\'&amp;';
    const form = await open(server, `${path}?token=${encodeURIComponent(hostile)}&lang=${encodeURIComponent('"><b>')}`);
    expect(form.status).toBe(200);
    expect(form.html).not.toMatch(/<script|<b>/);
    expect((await press(server, form, typed)).status).toBe(400);
  });

  test('refuses anything but a small form, in words or in the shape of the API, and uses nothing up', async () => {
    const server = await startServer(withoutHostedPages);
    const link = await arrange(server);
    const send = (body: string, type: string, address: string = path) =>
      server.call('POST', address, { body, headers: { 'content-type': type } });
    const token = tokenIn(link);
    const json = await send(JSON.stringify({ token, password: newPassword }), 'application/json');
    const multipart = await send(
      `--x\r\nContent-Disposition: form-data; name="token"\r\n\r\n${token}\r\n--x--`,
      'multipart/form-data; boundary=x',
    );
    for (const answer of [json, multipart]) {
      expect(answer.status).toBe(415);
      expect(answer.body.error.code).toBe('INVALID_REQUEST');
    }
    const put = await server.call('PUT', link);
    expect(put.status).toBe(405);
    expect(put.headers.get('allow')).toBe('GET, HEAD, POST');
    expect(put.body.error.code).toBe('INVALID_REQUEST');
    const form = 'application/x-www-form-urlencoded';
    const large = page(await send(`token=${token}&password=${'x'.repeat(20_000)}`, form));
    expect(large.status).toBe(413);
    expect(large.title).toBe('That was too much');
    const inQuery = page(await send(`password=${newPassword}`, form, link));
    expect(inQuery.status).toBe(400);
    expect(inQuery.title).toBe('This link is incomplete');
    expect(await isUsed(server)).toBe(false);
    expect((await press(server, await open(server, link), typed)).status).toBe(200);
  });

  test('of eight who press at once one did it, and nobody sees a failure of the server', async () => {
    const server = await startServer(withoutHostedPages);
    const form = await open(server, await arrange(server));
    const ends = await server.atOnce(8, () => press(server, form, typed));
    expect(ends.filter(({ title }) => title === english[1])).toHaveLength(1);
    for (const { status } of ends) expect([200, 400]).toContain(status);
  });
});

describe('/auth/verify-email', () => {
  test('S3.34 S3.145 the second press says that it was done before', async () => {
    const server = await startServer(withoutHostedPages);
    await register(server, ada);
    const form = await open(server, await mailedPath(server, ada, '/auth/verify-email'));
    await press(server, form);
    const again = await press(server, form);
    expect(again.status).toBe(200);
    expect(again.title).toBe('Already confirmed');
  });

  test('after 24 hours it says that the link has expired', async () => {
    const server = await startServer(withoutHostedPages);
    await register(server, ada);
    const link = await mailedPath(server, ada, '/auth/verify-email');
    server.advance({ hours: 24 });
    const end = await press(server, await open(server, link));
    expect(end.status).toBe(400);
    expect(end.title).toBe('This link has expired');
    expect((await press(server, await open(server, `${link}&lang=ja`))).title).toBe('リンクの有効期限が切れています');
    expect((await logIn(server, ada)).status).toBe(401);
  });

  test('says that the address went to somebody else in the meantime, with 409', async () => {
    const server = await startServer(withoutHostedPages);
    await registered(server, ada);
    const { accessToken } = await loggedIn(server, ada);
    await server.call('POST', '/api/v1/me/emails', { token: accessToken, body: { email: work } });
    const link = await mailedPath(server, work, '/auth/verify-email');
    server.advance({ minutes: 1 });
    await registered(server, work);
    const end = await press(server, await open(server, link));
    expect(end.status).toBe(409);
    expect(end.title).toBe('This address is in use');
  });

  test('a suspended user confirms the address and stays suspended', async () => {
    const server = await startServer(withoutHostedPages);
    const { body } = await register(server, ada);
    await server.engine.auth.setUserStatus({ userId: body.data.user_id, status: 'suspended' });
    const end = await press(server, await open(server, await mailedPath(server, ada, '/auth/verify-email')));
    expect(end.status).toBe(200);
    expect((await logIn(server, ada)).body.error.message).toBe('account suspended');
  });
});

describe('/auth/reset-password', () => {
  const asked = async (server: TestServer) => {
    await registered(server, ada);
    const session = await loggedIn(server, ada);
    await forgot(server, ada);
    return { session, link: await mailedPath(server, ada, '/auth/reset-password') };
  };

  test.each([
    ['short', 'This password is too short. Use at least 8 characters.', 'パスワードが短すぎます。8文字以上で入力してください。'],
    ['', 'This password is too short. Use at least 8 characters.', 'パスワードが短すぎます。8文字以上で入力してください。'],
    [
      'é'.repeat(129),
      'This password is too long to be kept whole. Use a shorter one.',
      'パスワードが長すぎます。もう少し短くしてください。',
    ],
    [
      'password',
      'Many people use this password, so it is among the first to be guessed. Choose another one.',
      '多くの人が使っている、推測されやすいパスワードです。別のパスワードを入力してください。',
    ],
    [
      ada,
      'This password is part of your e-mail address. Choose another one.',
      'メールアドレスと同じ文字列は使えません。別のパスワードを入力してください。',
    ],
  ])('says what is wrong with %j, keeps the link usable, and takes a better one', async (password, english, japanese) => {
    const server = await startServer(withoutHostedPages);
    const { link } = await asked(server);
    const refused = await press(server, await open(server, link), { password });
    expect(refused.status).toBe(400);
    expect(refused.words).toContain(english);
    expect(refused.html).toContain('aria-invalid="true"');
    if (password.length > 5) expect(refused.html).not.toContain(`value="${password}"`);
    const inTheOther = await press(server, await open(server, `${link}&lang=ja`), { password });
    expect(inTheOther.words).toContain(japanese);
    expect((await press(server, refused, { password: newPassword })).status).toBe(200);
    expect((await logIn(server, ada, { password: newPassword })).status).toBe(200);
  });

  test('S3.107 S3.151 signs every device out, does not log in, tells the owner, and works once', async () => {
    const server = await startServer(withoutHostedPages);
    const { session, link } = await asked(server);
    server.advance({ minutes: 1 });
    const form = await open(server, link);
    const end = await press(server, form, { password: newPassword });
    expect(end.status).toBe(200);
    expect(end.answer.cookies).toEqual([]);
    expect((await me(server, session.accessToken)).body.error).toMatchObject({ reason: 'password_reset' });
    expect((await logIn(server, ada, { password: goodPassword })).status).toBe(401);
    expect((await server.newestMail(ada)).subject).toBe('Your password was changed');
    const again = await press(server, form, { password: 'yet another password' });
    expect(again.status).toBe(400);
    expect(again.title).toBe('This link has been used');
    expect((await logIn(server, ada, { password: newPassword })).status).toBe(200);
  });

  test('after an hour it says that the link has expired', async () => {
    const server = await startServer(withoutHostedPages);
    const { link } = await asked(server);
    server.advance({ hours: 1 });
    const end = await press(server, await open(server, link), { password: newPassword });
    expect(end.status).toBe(400);
    expect(end.title).toBe('This link has expired');
    expect((await logIn(server, ada)).status).toBe(200);
  });

  test('a password with anything in it arrives as it was typed', async () => {
    const server = await startServer(withoutHostedPages);
    const { link } = await asked(server);
    const password = ' +%41&=;"<é🦊 パスワード ';
    expect((await press(server, await open(server, link), { password })).status).toBe(200);
    expect((await logIn(server, ada, { password })).status).toBe(200);
    expect((await logIn(server, ada, { password: password.trim() })).status).toBe(401);
  });
});

describe('/auth/undo-email', () => {
  const { arrange } = pages['/auth/undo-email'];

  test('names the address that is back, ends every session, and mails a link to set a new password', async () => {
    const server = await startServer(withoutHostedPages);
    const link = await arrange(server);
    const session = await loggedIn(server, work);
    server.advance({ minutes: 1 });
    const end = await press(server, await open(server, link));
    expect(end.words).toContain(`The address of your account is ${ada} again`);
    expect((await me(server, session.accessToken)).body.error).toMatchObject({ reason: 'email_change_undone' });
    const reset = await open(server, await mailedPath(server, ada, '/auth/reset-password'));
    expect((await press(server, reset, { password: newPassword })).title).toBe('Your password was changed');
    expect((await logIn(server, ada, { password: newPassword })).status).toBe(200);
    expect((await logIn(server, work, { password: newPassword })).status).toBe(401);
  });

  test('works once, and until the 72nd hour', async () => {
    const server = await startServer(withoutHostedPages);
    const link = await arrange(server);
    server.advance({ hours: 72, seconds: -1 });
    const form = await open(server, link);
    expect((await press(server, form)).status).toBe(200);
    const again = await press(server, form);
    expect(again.status).toBe(400);
    expect(again.title).toBe('This link has been used');

    const late = await startServer(withoutHostedPages);
    const lateLink = await arrange(late);
    late.advance({ hours: 72 });
    const end = await press(late, await open(late, lateLink));
    expect(end.status).toBe(400);
    expect(end.title).toBe('This link has expired');
  });
});

test('a token of one page is unknown to the others', async () => {
  const server = await startServer(withoutHostedPages);
  const undo = await pages['/auth/undo-email'].arrange(server);
  await forgot(server, ada);
  const reset = await mailedPath(server, ada, '/auth/reset-password');
  await register(server, 'new@example.com');
  const verify = await mailedPath(server, 'new@example.com', '/auth/verify-email');
  for (const link of [undo, reset, verify]) {
    for (const path of Object.keys(pages).filter((other) => !link.startsWith(other))) {
      const end = await press(server, await open(server, `${path}?token=${tokenIn(link)}`), { password: newPassword });
      expect(end.status, `${link} at ${path}`).toBe(400);
      expect(end.title, `${link} at ${path}`).toBe('This link does not work');
    }
  }
  for (const link of [verify, reset, undo]) {
    expect((await press(server, await open(server, link), { password: newPassword })).status, link).toBe(200);
  }
});

describe('limits', () => {
  const limited = { TEGATA_RATE_LIMITS: 'on', TEGATA_TRUSTED_PROXIES: '127.0.0.1' };
  const from = (address: string) => ({ 'x-forwarded-for': address });

  test('pressing is counted together with the call of the API that does the same; opening is not', async () => {
    const server = await startServer(limited);
    const password = newPassword;
    const calls = {
      '/auth/verify-email': (token: string) => verifyEmail(server, { token }),
      '/auth/reset-password': (token: string) =>
        server.call('POST', '/api/v1/auth/password/reset', { body: { token, password } }),
    };
    for (const [path, call] of Object.entries(calls)) {
      for (let turn = 0; turn < 5; turn += 1) {
        expect((await call('unknown')).status).toBe(400);
        expect((await press(server, await open(server, `${path}?token=unknown`), { password })).status).toBe(400);
      }
      for (let turn = 0; turn < 20; turn += 1) expect((await open(server, `${path}?token=unknown`)).status).toBe(200);
      expect((await call('unknown')).status).toBe(429);
      const refused = await press(server, await open(server, `${path}?token=unknown`), { password });
      expect(refused.status).toBe(429);
      const seconds = Number(refused.answer.headers.get('retry-after'));
      expect(seconds).toBeGreaterThan(3590);
      expect(refused.answer.headers.get('ratelimit')).toMatch(new RegExp(`;r=0;t=${seconds}$`));
      expect(refused.answer.headers.get('ratelimit-policy')).toMatch(/;q=10;w=3600$/);
      expect(refused.answer.headers.get('content-type')).toBe('text/html; charset=UTF-8');
      expect(refused.words).toContain('Too many attempts. You can try again in 60 minutes.');
      // The form is still there, with its token: nobody has to look for the mail again.
      expect(refused.html).toContain('value="unknown"');
      const japanese = await press(server, await open(server, `${path}?token=unknown&lang=ja`), { password });
      expect(japanese.words).toContain('試行回数が多すぎます。60分後にもう一度お試しください。');
      const elsewhere = await press(server, await open(server, `${path}?token=unknown`), { password }, from('192.0.2.9'));
      expect(elsewhere.status).toBe(400);
    }
  });

  test('undoing a change of address is counted together with its call as well', async () => {
    const server = await startServer(limited);
    for (let turn = 0; turn < 5; turn += 1) {
      expect((await undoEmailChange(server, 'unknown')).status).toBe(400);
      expect((await press(server, await open(server, '/auth/undo-email?token=unknown'))).status).toBe(400);
    }
    expect((await undoEmailChange(server, 'unknown')).status).toBe(429);
    expect((await press(server, await open(server, '/auth/undo-email?token=unknown'))).status).toBe(429);
  });

  test('a good link that was refused for now works later', async () => {
    const server = await startServer(limited);
    await register(server, ada);
    const link = await mailedPath(server, ada, '/auth/verify-email');
    for (let turn = 0; turn < 10; turn += 1) await verifyEmail(server, { token: 'unknown' });
    const refused = await press(server, await open(server, link));
    expect(refused.status).toBe(429);
    expect((await press(server, refused, {}, from('192.0.2.9'))).title).toBe('Your address is confirmed');
  });
});

test('the style sheet that the pages name is served, and may be kept', async () => {
  const server = await startServer(withoutHostedPages);
  const { html } = await open(server, '/auth/verify-email?token=x');
  const address = /<link rel="stylesheet" href="([^"]*)"/.exec(html)?.[1] as string;
  const answer = await server.call('GET', address);
  expect(answer.status).toBe(200);
  expect(answer.headers.get('content-type')).toBe('text/css; charset=utf-8');
  expect(answer.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
  expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
});
