import { domainToASCII } from 'node:url';
import type { EmailAddress } from '@tegata/core';
import { createTransport } from 'nodemailer';
import { MailNotDelivered } from './mail-not-delivered.ts';
import type { RenderedMail } from './render-mail.ts';

// Hands one rendered mail to an SMTP server. Whatever this returns from has been accepted by that server; whatever it
// throws is a `MailNotDelivered` that says whether trying again makes sense.

export type SmtpServer = {
  host: string;
  port: number;
  /** TLS from the first byte (`smtps://`). */
  secure: boolean;
  /** Refuse to go on when the server does not offer STARTTLS: somebody between could have removed the offer. */
  requireTls: boolean;
  auth?: { user: string; pass: string };
};

/**
 * Reads `SMTP_URL`: `smtp://[user:password@]host[:587]`, or `smtps://…[:465]`. With `smtp://`, encryption (STARTTLS) is
 * used where offered; it is demanded with `?tls=required`, and by default in production unless the host is this
 * machine. `?tls=optional` allows a relay in a private network that has no certificate.
 * @throws Error with a message for the operator, without the password.
 */
export const parseSmtpUrl = (text: string, options: { production: boolean }): SmtpServer => {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if ((url?.protocol !== 'smtp:' && url?.protocol !== 'smtps:') || url.hostname === '') {
    throw new Error('SMTP_URL must look like smtp://user:password@mail.example.com:587 or smtps://…:465');
  }
  const tls = url.searchParams.get('tls');
  const unknown = [...url.searchParams.keys()].filter((name) => name !== 'tls');
  if (unknown.length > 0 || (tls !== null && tls !== 'required' && tls !== 'optional')) {
    throw new Error('SMTP_URL may end in ?tls=required or ?tls=optional, and in nothing else');
  }
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const secure = url.protocol === 'smtps:';
  const isThisMachine = host === 'localhost' || host === '::1' || host.startsWith('127.');
  return {
    host,
    port: url.port === '' ? (secure ? 465 : 587) : Number(url.port),
    secure,
    requireTls: !secure && (tls === null ? options.production && !isThisMachine : tls === 'required'),
    ...(url.username !== '' && { auth: { user: unescaped(url.username), pass: unescaped(url.password) } }),
  };
};

const unescaped = (part: string): string => {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new Error('User and password in SMTP_URL must be percent-encoded: write %25 for a percent sign, %40 for an @');
  }
};

export type Sender = { name: string; address: string };

/** Reads `MAIL_FROM`: `no-reply@example.com`, or `Example <no-reply@example.com>`. @throws Error for the operator. */
export const parseMailFrom = (text: string): Sender => {
  const [, name = '', bracketed, bare] = /^(?:([^<>]*?)\s*<([^<>]+)>|([^<>]+))$/u.exec(text.trim()) ?? [];
  const address = bracketed ?? bare ?? '';
  if (!isOneAddress(address)) throw new Error('MAIL_FROM must look like no-reply@example.com or Example <no-reply@example.com>');
  return { name: name.replace(/^"(.*)"$/u, '$1'), address };
};

const atom = String.raw`[^\s@<>()[\]\\,;:".\p{Cc}\p{Cf}\p{Z}\p{Cs}]+`;
const oneAddress = new RegExp(String.raw`^${atom}(?:\.${atom})*@(${atom}(?:\.${atom})*)$`, 'u');

/**
 * Exactly one plain address that every program reads alike. Stricter than the grammar of mail on purpose: quoted parts,
 * comments, lists and routes are where mail programs disagree about who the recipient is (CVE-2025-13033).
 */
export const isOneAddress = (address: string): boolean => {
  const domain = oneAddress.exec(address)?.[1];
  if (domain === undefined || Buffer.byteLength(address) > 254) return false;
  // A URL parser reads "0x7f.1" as 127.0.0.1, and the mailer encodes domains with one.
  const ascii = domainToASCII(domain);
  return ascii !== '' && (/[^\0-\x7f]/u.test(domain) || ascii === domain.toLowerCase());
};

/** Longer than any healthy server needs, and well below the lease of a claimed mail: a stalled send must not outlive it. */
const defaultDeadlineMilliseconds = 45_000;

export type SmtpDelivery = {
  /** @throws MailNotDelivered */
  deliver: (id: string, mail: RenderedMail, to: EmailAddress) => Promise<void>;
  /** Closes idle connections now and busy ones after their mail. */
  close: () => void;
};

export const createSmtpDelivery = (options: {
  server: SmtpServer;
  from: Sender;
  /** Its host becomes the right half of every Message-ID. */
  publicUrl: string;
  connections?: number;
  deadlineMilliseconds?: number;
}): SmtpDelivery => {
  const { server, from } = options;
  const host = new URL(options.publicUrl).hostname;
  const settings = {
    pool: true as const,
    host: server.host,
    port: server.port,
    secure: server.secure,
    requireTLS: server.requireTls,
    // Where encryption is only taken when offered, whoever could forge a certificate could also remove the offer: a
    // strict check would add no safety and refuse every relay on this machine. (NODE_EXTRA_CA_CERTS adds an authority.)
    tls: { rejectUnauthorized: server.secure || server.requireTls },
    ...(server.auth && { auth: server.auth }),
    maxConnections: options.connections ?? 4,
    dnsTimeout: 10_000,
    connectionTimeout: 10_000,
    greetingTimeout: 10_000,
    socketTimeout: 20_000,
    // The outbox repeats with growing pauses; the mailer's own repetitions would only add to them.
    maxRequeues: 1,
    disableFileAccess: true,
    disableUrlAccess: true,
  };
  const transport = createTransport(settings);

  return {
    deliver: async (id, mail, to) => {
      if (!isOneAddress(to)) throw new MailNotDelivered('address refused before sending', { permanent: true });
      // A stable id lets a mailbox recognize the one mail that a crash may have sent twice.
      const message = {
        from,
        // An object is taken as it is; a string would be parsed as a list of recipients.
        to: { name: '', address: to },
        subject: mail.subject,
        text: mail.text,
        html: mail.html,
        messageId: `<${id}@${host}>`,
        // RFC 3834: no vacation notice shall answer this.
        headers: { 'Auto-Submitted': 'auto-generated' },
        signal: AbortSignal.timeout(options.deadlineMilliseconds ?? defaultDeadlineMilliseconds),
      };
      await transport.sendMail(message).catch((error: unknown) => {
        throw notDelivered(error);
      });
    },
    close: () => transport.close(),
  };
};

/**
 * Keeps of an SMTP error what an operator needs and nothing that may quote the mail or its recipient, as the text of
 * many replies does: the kind of failure, the command, the reply code and the enhanced one (RFC 3463).
 */
const notDelivered = (error: unknown): MailNotDelivered => {
  const { code, command, responseCode, response } = error as {
    code?: string;
    command?: string;
    responseCode?: number;
    response?: string;
  };
  const enhanced = /^\d{3}[ -]([245]\.\d{1,3}\.\d{1,3})\b/u.exec(response ?? '')?.[1];
  const refusedByServer = responseCode !== undefined && responseCode >= 500 && responseCode !== 503;
  const aboutThisMail = command === 'RCPT TO' || command === 'DATA';
  const summary = [code ?? 'EUNKNOWN', command, responseCode, enhanced].filter((part) => part !== undefined).join(' ');
  return new MailNotDelivered(summary, { permanent: refusedByServer && aboutThisMail });
};
