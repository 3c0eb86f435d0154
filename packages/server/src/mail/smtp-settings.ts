import { domainToASCII } from 'node:url';

// What the settings say about sending mail. Apart from the sending, so that a server without SMTP does not load the mailer.

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
