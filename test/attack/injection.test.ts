import { domainToASCII } from 'node:url';
import { expect, test } from 'vitest';
import { openMailSink, type ReceivedMail } from '../../packages/server/src/mail/testing/mail-sink.ts';
import { rows } from '../database.ts';
import { octocat, publicUrl, startHouse, visit } from '../oauth/people.ts';
import { figure } from '../scorecard/figure.ts';
import { size } from '../scorecard/size.ts';
import type { TestServer } from '../server.ts';
import { openClient, password, type Reply } from './hostile-doors.ts';
import { naughtyStrings, oddTexts } from './hostile-texts.ts';
import { readHeader, readMail } from './read-mail.ts';

// What strangers choose and the server writes down: where a link leads, whom a mail goes to, what a header says. Each mail
// goes through a real SMTP server, which is asked what it was given.

/** Where the request says it was sent. Whatever is believed here would stand in somebody's mail. */
type Variant = { headers: Record<string, string>; target?: (path: string) => string };

const evil = 'evil.example';
const variants: Record<string, Variant> = {
  plain: { headers: {} },
  Host: { headers: { host: evil } },
  'Host with port': { headers: { host: `${evil}:443` } },
  'Host as suffix': { headers: { host: `auth.example.com.${evil}` } },
  'Host as user': { headers: { host: `auth.example.com@${evil}` } },
  'Host with path': { headers: { host: `${evil}/auth.example.com` } },
  'Host empty': { headers: { host: '' } },
  'Host as address': { headers: { host: '[::ffff:203.0.113.9]:81' } },
  'X-Forwarded-Host': { headers: { 'x-forwarded-host': evil } },
  'X-Forwarded-Host, two': { headers: { 'x-forwarded-host': `auth.example.com, ${evil}` } },
  'X-Forwarded-Host, broken': { headers: { 'x-forwarded-host': `${evil}%0d%0aX-Injected: 1` } },
  'X-Forwarded-Proto': { headers: { 'x-forwarded-proto': 'http', 'x-forwarded-scheme': 'http', 'x-forwarded-ssl': 'off' } },
  'X-Forwarded-Port': { headers: { 'x-forwarded-port': '8443' } },
  'X-Forwarded-Prefix': { headers: { 'x-forwarded-prefix': `//${evil}`, 'x-script-name': `//${evil}` } },
  'X-Forwarded-Server': {
    headers: { 'x-forwarded-server': evil, 'x-host': evil, 'x-original-host': evil, 'x-http-host-override': evil },
  },
  Forwarded: { headers: { forwarded: `for=127.0.0.1;host=${evil};proto=http` } },
  'Forwarded, quoted': { headers: { forwarded: `for="[::1]";host="${evil}", host=auth.example.com` } },
  'X-Original-URL': { headers: { 'x-original-url': `https://${evil}/x`, 'x-rewrite-url': `https://${evil}/x` } },
  // With an origin that may call: a foreign page that only the Referer names is refused.
  Referer: {
    headers: { origin: 'https://app.example.com', referer: `https://${evil}/`, 'x-wap-profile': `https://${evil}/` },
  },
  'allowed Origin': { headers: { origin: 'https://app.example.com' } },
  'absolute form': { headers: { host: 'auth.example.com' }, target: (path) => `http://${evil}${path}` },
  'absolute form, TLS': { headers: { host: evil }, target: (path) => `https://${evil}:444${path}` },
  'X-Real-IP': { headers: { 'x-real-ip': evil, 'x-client-ip': evil, via: `1.1 ${evil}`, 'cf-connecting-ip': evil } },
};

const json = { 'content-type': 'application/json' };
const github = 'github';

type Sink = Awaited<ReturnType<typeof openMailSink>>;

/** What went out since it was asked last. */
const newMails = async (server: TestServer, sink: Sink): Promise<ReceivedMail[]> => {
  await server.engine.mailWorker.drain();
  return sink.received.splice(0);
};

const tokenOf = (mails: readonly ReceivedMail[], page: string): string => {
  for (const { raw } of mails) {
    const token = new RegExp(`${page}\\?token=([\\w-]+)`).exec(readMail(raw).bodies)?.[1];
    if (token) return token;
  }
  throw new Error(`no mail leads to ${page}`);
};

/** Whatever a mail program would make a link of, and every attribute that is one. */
const linksIn = ({ raw }: ReceivedMail): string[] => {
  const { bodies } = readMail(raw);
  const html = bodies.slice(bodies.indexOf('<!doctype html>'));
  return [...(bodies.match(/https?:\/\/[^\s"'<>]+/gi) ?? []), ...(html.match(/(?<=(?:href|src|action)=")[^"]*/gi) ?? [])];
};
const subjectOf = (mail: ReceivedMail): string => readHeader(mail.header('Subject') ?? '');

const startMailingHouse = async () => {
  const sink = await openMailSink();
  const house = await startHouse({
    SMTP_URL: `smtp://127.0.0.1:${sink.port}`,
    MAIL_FROM: 'Tegata <no-reply@example.com>',
    TEGATA_CONTRACTS: 'standard,cookie,organization',
    TEGATA_ACCOUNT_HINTS: 'off',
    TEGATA_TRUSTED_PROXIES: '127.0.0.1',
  });
  return { house, sink };
};

test('whatever a request says about its host, links and redirects lead to the public URL', async () => {
  const { house, sink } = await startMailingHouse();
  const { server } = house;
  const { send, close } = openClient(server.url, 4);
  const wrong: string[] = [];
  const subjectsOf: Record<string, string> = {};
  const counts = { mails: 0, links: 0, answers: 0, refused: 0 };
  let people = 0;

  for (const [name, { headers: odd, target = (path: string) => path }] of Object.entries(variants)) {
    const all: ReceivedMail[] = [];
    const answers: Reply[] = [];
    const ask = async (method: string, path: string, body?: object, headers: Record<string, string> = {}): Promise<Reply> => {
      const reply = await send(method, target(path), { ...(body && json), ...headers, ...odd }, body && JSON.stringify(body));
      answers.push(reply);
      return reply;
    };
    const mails = async () => {
      const fresh = await newMails(server, sink);
      all.push(...fresh);
      return fresh;
    };
    if ((await ask('GET', '/health/live')).status === 400) {
      counts.refused += 1;
      continue;
    }
    people += 1;
    const email = `ada-${people}@example.com`;
    const second = `second-${people}@example.com`;
    const logIn = async (typed = password) => {
      const { text } = await ask('POST', '/api/v1/auth/login', { email, password: typed });
      return { authorization: `Bearer ${JSON.parse(text).data?.access_token}` };
    };
    // Registering, once more with the taken address, and asking for the mail again.
    await ask('POST', '/api/v1/auth/register', { email, password, name: 'Ada' });
    await ask('POST', '/api/v1/auth/email/resend', { email });
    await ask('POST', '/api/v1/auth/email/verify', { token: tokenOf(await mails(), 'verify-email') });
    await ask('POST', '/api/v1/auth/register', { email, password, name: 'Eve' });
    await ask('POST', '/auth/signup', { email: `cookie-${people}@example.com`, password });
    await ask('POST', '/api/auth/register', { email: `org-${people}@example.com`, password, name: 'Ada', organizationName: 'A' });
    await mails();
    // Each door's way back in.
    const other = 'another good password';
    await ask('POST', '/api/v1/auth/password/forgot', { email });
    await ask('POST', '/auth/forgot-password', { email: `cookie-${people}@example.com` });
    await ask('POST', '/api/auth/password-reset/request', { email: `org-${people}@example.com` });
    const resets = (await mails()).filter(({ recipients }) => recipients[0] === email);
    await ask('POST', '/api/v1/auth/password/reset', { token: tokenOf(resets, 'reset-password'), password: other });
    let session = await logIn(other);
    await ask('POST', '/api/v1/auth/password/change', { current_password: other, new_password: password }, session);
    // Providers, for somebody who is logged in and for somebody new.
    for (const [login, own] of [
      [`here-${people}`, session],
      [`new-${people}`, {}],
    ] as const) {
      house.github.people.set(login, {
        ...octocat(`${login}@example.org`),
        id: 1_000 + people * 2 + Number(login.startsWith('new')),
      });
      const begun = await ask('GET', `/api/v1/auth/oauth/${github}/authorize`, undefined, own);
      const { url } = JSON.parse(begun.text).data;
      const cookie = String(begun.headers['set-cookie']).split(';')[0] as string;
      const redirect = new URL(url).searchParams.get('redirect_uri') ?? '';
      if (redirect !== `${publicUrl}/auth/callback/${github}`) wrong.push(`${name}: the provider leads back to ${redirect}`);
      const back = await visit(house, github, login, url);
      const finished = await ask('POST', `/api/v1/auth/oauth/${github}`, back, { ...own, cookie });
      if (login.startsWith('here')) {
        await ask('DELETE', `/api/v1/me/connections/${github}`, undefined, session);
      } else {
        const theirs = { authorization: `Bearer ${JSON.parse(finished.text).data.access_token}` };
        await ask('POST', '/api/v1/auth/password/forgot', { email: `${login}@example.org` });
        await mails();
        await ask('POST', '/api/v1/auth/password/set', { password }, theirs);
      }
    }
    // Addresses, and the way back from a change of them.
    const added = await ask('POST', '/api/v1/me/emails', { email: second }, session);
    await ask('POST', '/api/v1/auth/email/verify', { token: tokenOf(await mails(), 'verify-email') });
    await ask('POST', `/api/v1/me/emails/${JSON.parse(added.text).data?.id}/primary`, undefined, session);
    await ask('POST', '/api/v1/auth/email/undo', { token: tokenOf(await mails(), 'undo-email') });
    await mails();
    await ask('POST', '/api/v1/auth/password/forgot', { email });
    await ask('POST', '/api/v1/auth/password/reset', { token: tokenOf(await mails(), 'reset-password'), password: other });
    session = await logIn(other);
    expect((await ask('DELETE', '/api/v1/me', { password: other }, session)).text, name).toContain('data');
    for (const path of [
      '/',
      '/auth',
      '/docs',
      '/openapi.json',
      '/auth/log-in',
      '/auth/verify-email?token=x',
      '/nowhere',
      '/topology',
    ]) {
      await ask('GET', path);
    }
    await mails();

    counts.mails += all.length;
    counts.answers += answers.length;
    for (const mail of all) {
      const links = linksIn(mail);
      counts.links += links.length;
      const foreign = links.filter((link) => !link.startsWith(`${publicUrl}/`));
      if (foreign.length > 0 || /evil\.example|:8443|:444\b/i.test(mail.raw + readMail(mail.raw).bodies)) {
        wrong.push(`${name}: ${subjectOf(mail)}: ${foreign}`);
      }
    }
    for (const { headers, text, status } of answers) {
      // A target that was sent may stand in no answer; the marker is ours, so a 404 has no reason to repeat it.
      const location = String(headers.location ?? '/');
      if (/evil\.example/.test(JSON.stringify(headers) + text) || !/^\/(?![/\\])/.test(location))
        wrong.push(`${name}: answer ${status} ${location}`);
    }
    subjectsOf[name] = [...new Set(all.map(subjectOf))].toSorted().join('\n');
  }
  // The same mails for everybody, and of every kind there is.
  const kinds = new Set((subjectsOf.plain ?? '').split('\n')).size;
  for (const [name, subjects] of Object.entries(subjectsOf)) expect(subjects, name).toBe(subjectsOf.plain);
  figure({
    row: 'injection',
    part: 'hosts',
    tried: counts.mails + counts.answers,
    failed: wrong.length,
    detail: `${Object.keys(variants).length - 1} ways to name another host, ${counts.refused} of them refused outright; ${counts.mails} mails of ${kinds} kinds with ${counts.links} links, ${counts.answers} answers`,
    reached: wrong.length === 0,
  });
  expect(wrong).toEqual([]);
  expect(kinds).toBeGreaterThanOrEqual(13);
  close();
  await sink.close();
});

/** What people and providers may be called, and more: every so many of them. */
const names = (many: number): string[] => {
  const all = [...new Set([...oddTexts, ...naughtyStrings()])].filter((text) => text.length < 1_000);
  const step = Math.max(1, all.length / many);
  return Array.from({ length: Math.min(many, all.length) }, (_, index) => all[Math.floor(index * step)] as string);
};

/** Exactly these, each once: whatever else stood there, somebody else would have written. */
const expectedHeaders = [...['Auto-Submitted', 'Content-Type', 'Date', 'From', 'MIME-Version', 'Message-ID', 'Subject', 'To']];

const invisible = /(?![\u200c\u200d])[\p{Cf}\p{Zl}\p{Zp}]|(?![\n\r\t])\p{Cc}|\ufffd/u;

/** What is wrong with a mail, whoever chose the words in it. */
const wrongWithMail = (mail: ReceivedMail, isStored: (address: string) => boolean): string[] => {
  const { headers, bodies } = readMail(mail.raw);
  const found = headers.map(([name]) => name).toSorted();
  const [recipient = '', ...more] = mail.recipients;
  const subject = subjectOf(mail);
  return [
    ...(JSON.stringify(found) === JSON.stringify(expectedHeaders) ? [] : [`headers ${found}`]),
    ...(more.length === 0 && isStored(recipient) ? [] : [`recipients ${mail.recipients}`]),
    ...(mail.header('From') === 'Tegata <no-reply@example.com>' && mail.from === 'no-reply@example.com' ? [] : ['From']),
    ...(/[\r\n]/.test(subject) || invisible.test(subject) ? [`subject ${JSON.stringify(subject)}`] : []),
    ...(invisible.test(bodies) ? [`body ${JSON.stringify(invisible.exec(bodies)?.[0])}`] : []),
    ...(/<script|<img|<svg/i.test(bodies.slice(bodies.indexOf('<!doctype'))) ? ['markup'] : []),
    ...linksIn(mail)
      .filter((link) => !link.startsWith(`${publicUrl}/`))
      .map((link) => `link ${link}`),
  ];
};

test('no name, address or header of a stranger adds a header, a recipient or a link to a mail or an answer', async () => {
  const { house, sink } = await startMailingHouse();
  const { server } = house;
  const { send, close } = openClient(server.url, 8);
  const wrong: string[] = [];
  const counts = { mails: 0, names: 0, taken: 0 };
  const known = /^(access_token|refresh_token|csrf_token|tegata_device|tegata_oauth)=/;
  const ask = async (method: string, path: string, body: object, headers: Record<string, string> = {}): Promise<Reply> => {
    const reply = await send(method, path, { ...json, ...headers }, JSON.stringify(body));
    counts.names += 1;
    if (reply.status < 300) counts.taken += 1;
    const cookies = [reply.headers['set-cookie'] ?? []].flat();
    if (
      reply.status >= 500 ||
      'x-injected' in reply.headers ||
      'bcc' in reply.headers ||
      !cookies.every((cookie) => known.test(cookie))
    ) {
      wrong.push(`${method} ${path} ${JSON.stringify(body).slice(0, 200)}: ${reply.status} ${JSON.stringify(reply.headers)}`);
    }
    return reply;
  };
  const check = async () => {
    const mails = await newMails(server, sink);
    const addresses = new Set(rows(server, 'select email from user_emails').map(({ email }) => email));
    // The receiving library decodes international domains; both spellings are one address.
    const stored = (address: string) => addresses.has(address.replace(/[^@]*$/, domainToASCII));
    for (const mail of mails) {
      counts.mails += 1;
      for (const problem of wrongWithMail(mail, stored)) wrong.push(`${mail.recipients[0]}: ${problem}`);
    }
  };

  // Names, at each door.
  for (const [index, name] of names(size('NAMES', { long: 260, short: 60 })).entries()) {
    const language = index % 3 === 0 ? { 'accept-language': 'ja' } : {};
    await Promise.all([
      ask('POST', '/api/v1/auth/register', { email: `s${index}@example.com`, password, name }, language),
      ask('POST', '/auth/signup', { email: `c${index}@example.com`, password, name }, language),
      ask('POST', '/api/auth/register', { email: `o${index}@example.com`, password, name, organizationName: name }, language),
    ]);
    if (index % 20 === 0) await check();
  }
  await check();
  const beforeProviders = counts.mails;

  // Names that a provider gives.
  for (const [index, name] of names(size('PROVIDER_NAMES', { long: 100, short: 30 })).entries()) {
    const login = `p${index}`;
    house.github.people.set(login, { ...octocat(`${login}@example.org`), id: 5_000 + index, login: name, name });
    const begun = await send('GET', `/api/v1/auth/oauth/${github}/authorize`);
    const { url } = JSON.parse(begun.text).data;
    const cookie = String(begun.headers['set-cookie']).split(';')[0] as string;
    await ask('POST', `/api/v1/auth/oauth/${github}`, await visit(house, github, login, url), { cookie });
    await ask('POST', '/api/v1/auth/password/forgot', { email: `${login}@example.org` });
  }
  await check();
  expect(counts.mails).toBeGreaterThan(beforeProviders + 20);

  // Addresses, at each place that takes one.
  for (const email of [...addressPayloads, ...names(60).map((text) => `${text.slice(0, 60)}@example.com`)]) {
    await Promise.all([
      ask('POST', '/api/v1/auth/register', { email, password, name: 'Ada' }),
      ask('POST', '/auth/signup', { email: `x${email}`, password, name: 'Ada' }),
      ask('POST', '/api/auth/register', { email: `y${email}`, password, name: 'Ada', organizationName: 'A' }),
    ]);
    await ask('POST', '/api/v1/auth/email/resend', { email });
    await ask('POST', '/auth/forgot-password', { email });
  }
  await check();
  figure({
    row: 'injection',
    part: 'names and addresses',
    tried: counts.names,
    failed: wrong.length,
    detail: `${counts.taken} taken, ${counts.mails} mails through a real SMTP server: each with one recipient, as stored, and the headers of every other mail`,
    reached: wrong.length === 0,
  });
  expect(wrong.slice(0, 10)).toEqual([]);
  expect(counts.mails).toBeGreaterThan(100);
  close();
  await sink.close();
});

const victim = 'ada@example.com';
const addressPayloads: readonly string[] = [
  ...[
    `${victim}, eve@${evil}`,
    `${victim};eve@${evil}`,
    `${victim} eve@${evil}`,
    `${victim}\neve@${evil}`,
    `eve@${evil},${victim}`,
  ],
  ...[
    `${victim}\r\nRCPT TO:<eve@${evil}>`,
    `${victim}>\r\nRCPT TO:<eve@${evil}`,
    `${victim}\nBcc: eve@${evil}`,
    `${victim}%0d%0aBcc:eve@${evil}`,
  ],
  ...[
    `"${victim}"@${evil}`,
    `"eve@${evil} "@example.com`,
    `"eve@${evil}>, "@example.com`,
    `<eve@${evil}>${victim}`,
    `Ada <${victim}>`,
  ],
  ...[
    `${victim} <eve@${evil}>`,
    `eve@${evil}(${victim})`,
    `ada(@${evil})@example.com`,
    `ada@example.com(@${evil})`,
    `@${evil}:${victim}`,
  ],
  ...[
    `ada%${evil}@example.com`,
    `${evil}!ada@example.com`,
    `ada@example.com@${evil}`,
    `ada\\@${evil}@example.com`,
    `ada@example.com\u0000@${evil}`,
  ],
  ...[
    `ada@example.com\u2028@${evil}`,
    `ada@example.com．${evil}`,
    `ada＠example.com`,
    `ada@example.com。${evil}`,
    `\u202eada@example.com`,
  ],
  ...[
    `ada\u200b@example.com`,
    `=?utf-8?q?eve=40${evil}?=@example.com`,
    `group: ${victim}, eve@${evil};`,
    `mailto:${victim}`,
    `${victim}?bcc=eve@${evil}`,
  ],
  ...[
    `ada@[127.0.0.1]`,
    `ada@[IPv6:::1]`,
    `ada@127.0.0.1`,
    `ada@0x7f.1`,
    `ada@localhost`,
    `ada@example`,
    `ada@xn--e1afmkfd.example`,
    `ada@пример.example`,
  ],
  ...[
    `ada'@example.com`,
    `'ada'@example.com`,
    `o'brien@example.com`,
    `ada+tag@example.com`,
    '!#$%&*+/=?^_`{|}~-@example.com',
    `-ada@example.com`,
  ],
  ...[
    `--ada@example.com`,
    `ada@-example.com`,
    `.ada@example.com`,
    `ada..b@example.com`,
    `ada@example..com`,
    `ada@exa_mple.com`,
    `ada@example.com/`,
  ],
];
