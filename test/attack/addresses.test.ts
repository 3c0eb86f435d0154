import { domainToASCII } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { openMailSink } from '../../packages/server/src/mail/testing/mail-sink.ts';
import { readCorpus } from '../corpora.ts';
import { figure } from '../scorecard/figure.ts';
import { size } from '../scorecard/size.ts';
import { type Answer, startServer, type TestServer } from '../server.ts';
import { rows } from '../standard/stored.ts';

// Addresses at every call that takes one and may mail to it: what is judged how, that nothing breaks, and above all that a
// mail server is told exactly one recipient, which is the address that is stored.

type Verdict = 'must-accept' | 'should-accept' | 'must-reject' | 'may-reject' | 'either';
type Line = { address: string; expect: Verdict; flags: string[] };

/** What is always so, with the public corpus at hand or not: ordinary ones, and the ways to have a mail go elsewhere. */
const ours: Line[] = [
  ...['ada@example.com', "siobhan.o'brien+news@mail.example.co.uk", 'a!#$%&*/=?^_`{|}~-@example.com', 'ADA@EXAMPLE.COM'].map(
    (address): Line => ({ address, expect: 'must-accept', flags: ['ours'] }),
  ),
  ...[
    '',
    ' ',
    'ada',
    '@example.com',
    'ada@',
    'ada@localhost',
    'ada@example..com',
    '.ada@example.com',
    'ada.@example.com',
    'ada@-example.com',
    'ada@example.com-',
    'ada@[127.0.0.1]',
    `${'a'.repeat(65)}@example.com`,
    `ada@${'a'.repeat(250)}.com`,
    'ada@example.com\r\nRCPT TO:<eve@example.com>',
    'ada@example.com\nBcc: eve@example.com',
    'ada@example.com\0',
    'ada\0@example.com',
    'ada@example.com,eve@example.com',
    'ada@example.com;eve@example.com',
    'ada@example.com eve@example.com',
    'ada@eve.example@example.com',
    '<ada@example.com>',
    'Ada <ada@example.com>',
    '"eve@evil.example x"@example.com',
    '"eve@evil.example"@example.com',
    '"ada"@example.com(x)evil.example',
    'ada@example.com(x)evil.example',
    'ada(comment)@example.com',
    'group: ada@example.com, eve@example.com;',
    '@evil.example:ada@example.com',
    'ada%evil.example@example.com>',
    'ada@example\u3002com.evil\u200b.example',
    'ada@exa\u00admple.com',
    'ada\u202e@example.com',
    'ada@\uff45xample.com',
    'ma\u0131l@example.com',
    'ada@stra\u00dfe.example',
    'a\ud800@example.com',
    'ada@xn--a.example',
  ].map((address): Line => ({ address, expect: 'must-reject', flags: ['ours'] })),
];

const corpus = (): Line[] => {
  const text = readCorpus('email-validity/addresses.jsonl', 'a list of our own stands for the 446 public addresses');
  const lines: Line[] =
    text === undefined
      ? []
      : text
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line));
  const known = new Set(lines.map(({ address }) => address));
  return [...lines, ...ours.filter(({ address }) => !known.has(address))];
};

const password = 'correct horse battery';
const doors = {
  standard: ['standard', '/api/v1/auth/register', { name: 'Ada' }],
  cookie: ['cookie', '/auth/signup', {}],
  bearer: ['bearer', '/api/auth/register', { name: 'Ada' }],
  organization: ['organization', '/api/auth/register', { name: '山田太郎', organizationName: '株式会社サンプル' }],
} as const;

const startWithSink = async (settings: Record<string, string>) => {
  const sink = await openMailSink();
  const server = await startServer({
    SMTP_URL: `smtp://127.0.0.1:${sink.port}`,
    MAIL_FROM: 'Tegata <no-reply@example.com>',
    TEGATA_MAX_SESSIONS: '100',
    ...settings,
  });
  return { server, sink };
};

/** The receiving library decodes international domains; both spellings are one address. */
const encoded = (to: string): string => {
  const at = to.lastIndexOf('@') + 1;
  return to.slice(0, at) + domainToASCII(to.slice(at));
};

/** What is wrong with the mails that went out: each must have one recipient, an address that is stored, and no header of others. */
const strayMails = (server: TestServer, received: Awaited<ReturnType<typeof openMailSink>>['received']): string[] => {
  // Another address is a claim, stored with its token alone, until its mail is used.
  const known = rows(server, 'select email from user_emails union select email from one_time_tokens');
  const stored = new Set(known.map(({ email }) => String(email)));
  return received.flatMap(({ recipients, raw }) => {
    const [head = ''] = String(raw).split('\r\n\r\n');
    const isOne = recipients.length === 1 && stored.has(encoded(recipients[0] ?? ''));
    return isOne && !/^(bcc|cc|x-evil):/im.test(head) ? [] : [`${JSON.stringify(recipients)}\n${head}`];
  });
};

describe.each(Object.entries(doors))('registering at %s', (_, [contracts, path, more]) => {
  let lines: Line[];
  beforeAll(() => {
    lines = corpus();
  });

  test('each address is judged as it must be, and mailed to itself alone', async () => {
    const { server, sink } = await startWithSink({ TEGATA_CONTRACTS: contracts });
    const answers = new Map<Line, Answer>();
    let slowest = 0;
    for (const line of lines) {
      const from = performance.now();
      answers.set(line, await server.call('POST', path, { body: { email: line.address, password, ...more } }));
      slowest = Math.max(slowest, performance.now() - from);
    }
    await server.engine.mailWorker.drain();
    // 409: another spelling of it was registered before.
    const wrong = [...answers].flatMap(([{ address, expect: verdict }, { status }]) => {
      const isRight =
        verdict === 'must-accept' || verdict === 'should-accept'
          ? status === 201 || status === 409
          : verdict === 'must-reject'
            ? [400, 422].includes(status)
            : [201, 400, 409, 422].includes(status);
      return isRight ? [] : [`${JSON.stringify(address)} (${verdict}) → ${status}`];
    });
    const stray = strayMails(server, sink.received);
    await sink.close();
    const publicOnes = [...answers].filter(([{ flags }]) => !flags.includes('ours'));
    const count = (verdict: Verdict, ...statuses: number[]) => {
      const those = publicOnes.filter(([line]) => line.expect === verdict);
      return `${those.filter(([, { status }]) => statuses.includes(status)).length} of ${those.length}`;
    };
    figure({
      row: 'emails',
      part: `register, ${contracts}`,
      tried: lines.length,
      failed: wrong.length + stray.length,
      detail: `of ${publicOnes.length} public ones ${count('must-accept', 201, 409)} taken that must be and ${count('must-reject', 400, 422)} refused that must be; ${sink.received.length} mails with one recipient each, the stored one; slowest ${Math.round(slowest)} ms`,
      reached: wrong.length + stray.length === 0,
    });
    expect(wrong).toEqual([]);
    expect(stray).toEqual([]);
    expect(sink.received.length).toBeGreaterThan(0);
  });
});

test('forgot, resend, another address and log-in: what is no address mails nobody, and nothing breaks', async () => {
  const share = size('ADDRESS_SHARE', { long: 1, short: 6 });
  const lines = corpus().filter(({ flags }, index) => flags.includes('ours') || index % share === 0);
  const { server, sink } = await startWithSink({ TEGATA_CONTRACTS: 'standard,cookie,bearer' });
  const register = (email: string) => server.call('POST', '/api/v1/auth/register', { body: { email, password, name: 'Ada' } });
  for (const { address } of lines) await register(address);
  const owner = await server.call('POST', '/auth/signup', { body: { email: 'owner@example.net', password } });
  await server.engine.mailWorker.drain();
  const token = owner.cookies[0]?.split(';')[0]?.slice('access_token='.length);
  const calls: Record<string, (email: string) => Promise<Answer>> = {
    forgot: (email) => server.call('POST', '/api/v1/auth/password/forgot', { body: { email } }),
    'forgot, cookie': (email) => server.call('POST', '/auth/forgot-password', { body: { email } }),
    resend: (email) => server.call('POST', '/api/v1/auth/email/resend', { body: { email } }),
    'another address': (email) => server.call('POST', '/api/v1/me/emails', { token, body: { email: `new.${email}` } }),
    'log-in': (email) => server.call('POST', '/api/v1/auth/login', { body: { email, password: 'not the password' } }),
  };
  const wrong: string[] = [];
  const stray: string[] = [];
  for (const [name, call] of Object.entries(calls)) {
    for (const { address, expect: verdict } of lines) {
      const before = sink.received.length;
      const { status } = await call(address);
      await server.engine.mailWorker.drain();
      // At once: an address that was only claimed makes room for the next one.
      stray.push(...strayMails(server, sink.received.slice(before)));
      if (status >= 500) wrong.push(`${name} ${JSON.stringify(address)} → ${status}`);
      // Prefixed, an address that must be refused may have become one.
      const isStray = verdict === 'must-reject' && name !== 'another address' && sink.received.length > before;
      if (isStray) wrong.push(`${name} ${JSON.stringify(address)} was mailed to`);
    }
  }
  await sink.close();
  figure({
    row: 'emails',
    part: 'forgot, resend, another address, log-in',
    tried: lines.length * Object.keys(calls).length,
    failed: wrong.length + stray.length,
    detail: `${sink.received.length} mails with one recipient each, the stored one`,
    reached: wrong.length + stray.length === 0,
  });
  expect(wrong).toEqual([]);
  expect(stray).toEqual([]);
});
