import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { domainToASCII } from 'node:url';
import type { EmailAddress } from '@tegata/core';
import { address, anId, aResetMail, startOfTest as now } from '@tegata/core/testing';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { MailNotDelivered } from './mail-not-delivered.ts';
import { renderMail } from './render-mail.ts';
import { createSmtpDelivery, type SmtpDelivery } from './smtp.ts';
import { isOneAddress, parseMailFrom, parseSmtpUrl } from './smtp-settings.ts';
import { type MailSinkOptions, openMailSink } from './testing/mail-sink.ts';

const publicUrl = 'https://auth.example.com';
const rendered = renderMail(aResetMail('ada@example.com'), { publicUrl, now });

const opened: { close: () => unknown }[] = [];
afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await one.close();
});

const deliveryTo = (port: number, query = '', options: { deadlineMilliseconds?: number } = {}): SmtpDelivery => {
  const delivery = createSmtpDelivery({
    server: parseSmtpUrl(`smtp://127.0.0.1:${port}${query}`, { production: false }),
    from: { name: 'Tegata', address: 'no-reply@example.com' },
    publicUrl,
    ...options,
  });
  opened.push(delivery);
  return delivery;
};

const given = async (options: MailSinkOptions = {}, query = '') => {
  const sink = await openMailSink(options);
  opened.push(sink);
  return { sink, delivery: deliveryTo(sink.port, query) };
};

/** The receiving library decodes international domains; both spellings are one address. */
const encoded = (to: string): string => {
  const at = to.lastIndexOf('@') + 1;
  return to.slice(0, at) + domainToASCII(to.slice(at));
};

const failureOf = async (sending: Promise<void>): Promise<MailNotDelivered> => {
  const error = await sending.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(MailNotDelivered);
  return error as MailNotDelivered;
};

describe('a delivered mail', () => {
  it('has one recipient, a recognizable id, both bodies, and asks for no automatic answer', async () => {
    const { sink, delivery } = await given();
    const id = anId();
    await delivery.deliver(id, rendered, address('ada@example.com'));
    const [mail] = sink.received;
    expect(mail).toMatchObject({ from: 'no-reply@example.com', recipients: ['ada@example.com'] });
    expect(mail!.header('Message-ID')).toBe(`<${id}@auth.example.com>`);
    expect(mail!.header('To')).toBe('ada@example.com');
    expect(mail!.header('From')).toBe('Tegata <no-reply@example.com>');
    expect(mail!.header('Subject')).toBe('Reset your password');
    expect(mail!.header('Auto-Submitted')).toBe('auto-generated');
    expect(mail!.header('Content-Type')).toMatch(/^multipart\/alternative/);
    expect(mail!.raw).toMatch(/Content-Type: text\/plain; charset=utf-8.*Content-Type: text\/html; charset=utf-8/s);
  });

  it('keeps its id when it is sent again', async () => {
    const { sink, delivery } = await given();
    const id = anId();
    await delivery.deliver(id, rendered, address('ada@example.com'));
    await delivery.deliver(id, rendered, address('ada@example.com'));
    expect(new Set(sink.received.map((mail) => mail.header('Message-ID'))).size).toBe(1);
  });

  it('arrives in Japanese, subject and all', async () => {
    const { sink, delivery } = await given();
    const mail = renderMail({ ...aResetMail('ada@example.com'), locale: 'ja' }, { publicUrl, now });
    await delivery.deliver(anId(), mail, address('ada@example.com'));
    const words = [...sink.received[0]!.header('Subject')!.matchAll(/=\?UTF-8\?B\?([^?]*)\?=/gi)].map(([, word]) => word!);
    expect(words.map((word) => Buffer.from(word, 'base64').toString()).join('')).toBe('パスワードの再設定');
  });

  it('gains no header from a subject that was tampered with', async () => {
    const { sink, delivery } = await given();
    const mail = { ...rendered, subject: 'Hello\r\nBcc: mallory@example.com\r\n\r\nbody' };
    await delivery.deliver(anId(), mail, address('ada@example.com'));
    expect(sink.recipients()).toEqual(['ada@example.com']);
    expect(sink.received[0]!.header('Bcc')).toBeUndefined();
  });

  it('uses the encryption that a relay on this machine offers, whoever signed its certificate', async () => {
    const { sink, delivery } = await given({ startTls: true });
    await delivery.deliver(anId(), rendered, address('ada@example.com'));
    expect(sink.recipients()).toEqual(['ada@example.com']);
  });
});

describe('who gets it', () => {
  const hostile = [
    'ada@example.com, mallory@evil.example',
    'ada@example.com\r\nRCPT TO:<mallory@evil.example>',
    '"mallory@evil.example x"@example.com',
    'Ada <mallory@evil.example>',
    'mallory@evil.example>',
    '<mallory@evil.example',
    'group:mallory@evil.example,ada@example.com;',
    'ada@[127.0.0.1]',
    'ada@example.com(mallory@evil.example)',
    'ada@evil.example@example.com',
    'ada@0x7f.1',
    'ada@example%2ecom',
    'ada..b@example.com',
    'ada@example.com\u0000',
    'ada@exam\u200bple.com',
    'ada',
    '@example.com',
    '',
  ];

  it.each(hostile)('%j is refused before anything is sent', async (to) => {
    const { sink, delivery } = await given();
    const failure = await failureOf(delivery.deliver(anId(), rendered, to as EmailAddress));
    expect(failure.permanent).toBe(true);
    expect(sink.received).toEqual([]);
  });

  it('whatever is handed over, the server hears of one recipient, the one that was meant, or of none', async () => {
    const { sink, delivery } = await given();
    const piece = fc.constantFrom(
      'ada',
      '@',
      'example.com',
      ',',
      ';',
      '<',
      '>',
      '"',
      ' ',
      '\r\n',
      ':',
      '(',
      ')',
      '\\',
      '\t',
      '.',
      'é',
      '[',
      ']',
      '+',
    );
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { minLength: 1, maxLength: 8 }), async (pieces) => {
        const to = pieces.join('');
        const before = sink.received.length;
        const sent = await delivery.deliver(anId(), rendered, to as EmailAddress).then(
          () => true,
          () => false,
        );
        expect(sink.received.slice(before).flatMap((mail) => mail.recipients)).toEqual(sent ? [to] : []);
      }),
      { numRuns: 200, examples: hostile.map((to) => [[to]]) },
    );
  });

  it('addresses of the public corpus reach exactly their owner or nobody', async () => {
    // biome-ignore lint/style/noProcessEnv: names a folder that only tests read
    const folder = process.env.CORPORA_DIR;
    // biome-ignore lint/suspicious/noConsole: whoever runs the tests should know that a part was left out
    if (!folder) console.warn('CORPORA_DIR is not set: the public address corpus was not tried, only our own list');
    const addresses = folder
      ? readFileSync(`${folder}/email-validity/addresses.jsonl`, 'utf8')
          .trim()
          .split('\n')
          .map((line) => (JSON.parse(line) as { address: string }).address)
      : hostile;
    const { sink, delivery } = await given();
    for (const to of addresses) {
      const before = sink.received.length;
      await delivery.deliver(anId(), rendered, to as EmailAddress).catch(() => {});
      const heard = sink.received.slice(before).flatMap((mail) => mail.recipients);
      expect(heard.length).toBeLessThanOrEqual(1);
      for (const recipient of heard) expect(encoded(recipient)).toBe(encoded(to));
    }
  });

  it.each([
    'ada@example.com',
    "siobhan.o'brien+news@mail.example.co.uk",
    'a!#$%&*/=?^_`{|}~-@example.com',
    '用户@xn--r8jz45g.xn--zckzah',
  ])('%s is an address', (to) => {
    expect(isOneAddress(to)).toBe(true);
  });
});

describe('a mail that was not delivered', () => {
  it('is not tried again when the server knows no such mailbox', async () => {
    const { delivery } = await given({ refuse: () => ({ code: 550, text: '5.1.1 <ada@example.com> no such user' }) });
    const failure = await failureOf(delivery.deliver(anId(), rendered, address('ada@example.com')));
    expect(failure.permanent).toBe(true);
    expect(failure.message).toBe('EENVELOPE RCPT TO 550 5.1.1');
  });

  it('is tried again when the server says "later"', async () => {
    const { delivery } = await given({ refuse: () => ({ code: 451, text: '4.7.1 greylisted, ada@example.com' }) });
    const failure = await failureOf(delivery.deliver(anId(), rendered, address('ada@example.com')));
    expect(failure.permanent).toBe(false);
    expect(failure.message).toBe('EENVELOPE RCPT TO 451 4.7.1');
  });

  it.each([
    [554, true],
    [452, false],
    [421, false],
  ])('an answer of %d to its content is permanent: %s', async (code, permanent) => {
    const { delivery } = await given({ refuseData: () => ({ code, text: 'because of its token in the text' }) });
    const failure = await failureOf(delivery.deliver(anId(), rendered, address('ada@example.com')));
    expect(failure.permanent).toBe(permanent);
    expect(failure.message).not.toContain('token');
  });

  it('one refused recipient does not stop the next mail on the same connection', async () => {
    const { sink, delivery } = await given({
      refuse: (to) => (to === 'gone@example.com' ? { code: 550, text: 'gone' } : undefined),
    });
    await Promise.allSettled(
      ['gone@example.com', 'ada@example.com', 'gone@example.com', 'ben@example.com'].map((to) =>
        delivery.deliver(anId(), rendered, address(to)),
      ),
    );
    expect(sink.recipients().sort()).toEqual(['ada@example.com', 'ben@example.com']);
  });

  it('a connection that the server closed in the meantime is replaced by a new one', async () => {
    const first = await openMailSink();
    const delivery = deliveryTo(first.port);
    await delivery.deliver(anId(), rendered, address('ada@example.com'));
    await first.close();
    const second = await openMailSink({ port: first.port });
    opened.push(second);
    await delivery.deliver(anId(), rendered, address('ben@example.com'));
    expect(second.recipients()).toEqual(['ben@example.com']);
  });

  it('is tried again when nobody listens', async () => {
    const sink = await openMailSink();
    await sink.close();
    const failure = await failureOf(deliveryTo(sink.port).deliver(anId(), rendered, address('ada@example.com')));
    expect(failure.permanent).toBe(false);
    expect(failure.message).toBe('ESOCKET CONN');
  });

  it('is tried again when the server hangs up', async () => {
    const server = await listening((socket) => socket.end());
    const failure = await failureOf(deliveryTo(server.port).deliver(anId(), rendered, address('ada@example.com')));
    expect(failure.permanent).toBe(false);
  });

  it('is tried again when the server answers so slowly that no timeout of silence ever ends it', async () => {
    const trickling = await listening((socket) => {
      socket.on('error', () => {});
      const timer = setInterval(() => socket.write('2'), 20);
      socket.on('close', () => clearInterval(timer));
    });
    const delivery = deliveryTo(trickling.port, '', { deadlineMilliseconds: 200 });
    const failure = await failureOf(delivery.deliver(anId(), rendered, address('ada@example.com')));
    expect(failure.permanent).toBe(false);
    expect(failure.message).toBe('EABORT');
  });

  it('is not sent in the clear where encryption is demanded', async () => {
    const { sink, delivery } = await given({}, '?tls=required');
    const failure = await failureOf(delivery.deliver(anId(), rendered, address('ada@example.com')));
    expect(failure.permanent).toBe(false);
    expect(failure.message).toMatch(/^ETLS STARTTLS/);
    expect(sink.received).toEqual([]);
  });
});

const listening = async (onConnection: (socket: Socket) => void): Promise<{ server: Server; port: number }> => {
  const server = createServer(onConnection).listen(0, '127.0.0.1');
  opened.push({ close: () => new Promise((resolve) => server.close(resolve)) });
  await once(server, 'listening');
  return { server, port: (server.address() as { port: number }).port };
};

describe('SMTP_URL', () => {
  const parse = (url: string, production = false) => parseSmtpUrl(url, { production });

  it('names the server, with the usual ports where none is given', () => {
    expect(parse('smtp://mail.example.com')).toEqual({ host: 'mail.example.com', port: 587, secure: false, requireTls: false });
    expect(parse('smtps://ada%40x:p%3Aw@mail.example.com')).toEqual({
      ...{ host: 'mail.example.com', port: 465, secure: true, requireTls: false },
      auth: { user: 'ada@x', pass: 'p:w' },
    });
    expect(parse('smtp://[::1]:2525')).toMatchObject({ host: '::1', port: 2525 });
  });

  it('demands encryption in production, but not from this machine or where it is said to be optional', () => {
    expect(parse('smtp://mail.example.com', true).requireTls).toBe(true);
    expect(parse('smtp://mail.example.com?tls=optional', true).requireTls).toBe(false);
    expect(parse('smtp://localhost:25', true).requireTls).toBe(false);
    expect(parse('smtp://127.0.0.1:25', true).requireTls).toBe(false);
    expect(parse('smtp://mail.example.com?tls=required').requireTls).toBe(true);
  });

  it.each([
    'mail.example.com',
    'http://mail.example.com',
    'smtp://',
    'smtp://ada:secret@mail.example.com?tls=no',
    'smtp://ada:secret@mail.example.com?tls.rejectUnauthorized=false',
    'smtp://ada:100%secret@mail.example.com',
  ])('%s is a mistake that is explained without the password', (url) => {
    expect(() => parse(url)).toThrow(/SMTP_URL/);
    expect(() => parse(url)).not.toThrow(/secret/);
  });
});

describe('MAIL_FROM', () => {
  it('is an address, with or without a name', () => {
    expect(parseMailFrom('no-reply@example.com')).toEqual({ name: '', address: 'no-reply@example.com' });
    expect(parseMailFrom(' Example, Inc. <no-reply@example.com>')).toEqual({
      name: 'Example, Inc.',
      address: 'no-reply@example.com',
    });
    expect(parseMailFrom('"認証" <no-reply@localhost>')).toEqual({ name: '認証', address: 'no-reply@localhost' });
  });

  it.each(['', 'Example', 'a@example.com, b@example.com', 'Example <a@example.com', 'x <a@example.com> y'])(
    '%j is a mistake',
    (text) => {
      expect(() => parseMailFrom(text)).toThrow(/MAIL_FROM/);
    },
  );
});
