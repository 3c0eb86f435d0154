/**
 * The one grammar of e-mail addresses, for every door. It is narrower than RFC 5321 and 5322, because whatever a mail
 * server may read differently from us is a way to send one person's mail to another.
 *
 *   address  trimmed, NFC, lower case; at most 254 octets of UTF-8 (RFC 5321 4.5.3.1.3 less the angle brackets)
 *   local    a dot-atom of at most 64 octets: letters, digits and the other atext of RFC 5322 3.2.3. No comments and no
 *            quoted strings, be it by quotation marks or by a pair of apostrophes in one atom (o'brien has one)
 *   domain   at least two labels of letters, digits and inner hyphens, at most 63 octets each; the top one ends in a
 *            letter, as every A-label does. No address literals. Kept in its ASCII form (RFC 5890), so that bücher.example
 *            and xn--bcher-kva.example are one address, and SMTP carries the very text that is stored
 *
 * International text (RFC 6531) is letters, their marks and digits, as in PRECIS's IdentifierClass (RFC 8264 4.2): no
 * controls, invisible or bidirectional formatting, symbols, separators or unassigned code points.
 *
 * Two addresses that are equal after NFKC and case folding cannot both exist (CVE-2019-19844): text that NFKC changes
 * (fullwidth, ligatures, long s) or that upper case does not bring back (ß, dotless i, a sigma out of place) is refused.
 * The Kelvin sign is canonically a K, so NFC has already made it one. And an international local part needs an
 * international domain: at an ASCII domain it imitates somebody's mailbox far more often than it is one.
 */
import { domainToASCII, domainToUnicode } from 'node:url';

/** An address in its one canonical form. Only `parseEmailAddress` makes one. */
export type EmailAddress = string & { readonly __brand: 'EmailAddress' };

const maxAddressOctets = 254;
const maxLocalOctets = 64;
const maxLabelOctets = 63;

/** Room for white space and decomposed letters. What is longer is refused before any work is done on it. */
const maxInputLength = 1024;

const atom = /^(?!\p{M})[[\p{L}\p{M}\p{Nd}!#$%\&'*+\-\/=?^_`\{\|\}~]--\p{Default_Ignorable_Code_Point}]+$/v;
/** Hyphens in third and fourth place are reserved (RFC 5891 4.2.3.1); an A-label that could not be decoded has them too. */
const label = /^(?!\p{M}|-|..--)[[\p{L}\p{M}\p{Nd}\-]--\p{Default_Ignorable_Code_Point}]+(?<!-)$/v;
const encodedLabel = /^xn--[a-z0-9-]+$/;
const internationalDomain = /(?:^|\.)xn--/;
const ascii = /^\p{ASCII}*$/v;

const utf8 = new TextEncoder();
const octets = (text: string): number => utf8.encode(text).length;

/** NFC again: lower-casing can bring a letter and its mark together. */
const lower = (text: string): string => text.toLowerCase().normalize('NFC');
/** Part by part, because the lower case of a final sigma depends on what follows it. */
const lowerParts = (text: string): string[] => text.split('.').map(lower);
const isFolded = (text: string): boolean => text.normalize('NFKC') === text && lower(text.toUpperCase()) === text;

const canonicalLocal = (text: string): string | undefined => {
  const atoms = lowerParts(text);
  if (!atoms.every((part) => atom.test(part) && isFolded(part) && part.split("'").length <= 2)) return undefined;
  const local = atoms.join('.');
  return octets(local) <= maxLocalOctets ? local : undefined;
};

const canonicalDomain = (text: string): string | undefined => {
  const given = lowerParts(text);
  const decoded = domainToUnicode(given.join('.')).split('.');
  // `domainToUnicode` also unescapes and maps, as browsers do; nothing but the decoding of A-labels is wanted of it.
  if (!given.every((part, index) => part === decoded[index] || encodedLabel.test(part))) return undefined;
  if (!decoded.every((part) => label.test(part) && isFolded(part))) return undefined;
  const domain = domainToASCII(decoded.join('.'));
  const labels = domain.split('.');
  const fits = labels.length >= 2 && labels.every((part) => part.length <= maxLabelOctets);
  return fits && /[a-z]$/.test(domain) ? domain : undefined;
};

/** @returns The canonical form, or undefined for anything that is not an address: any JSON value may be given. */
export const parseEmailAddress = (input: unknown): EmailAddress | undefined => {
  if (typeof input !== 'string' || input.length > maxInputLength) return undefined;
  const parts = input.trim().normalize('NFC').split('@');
  if (parts.length !== 2) return undefined;
  const local = canonicalLocal(parts[0]!);
  const domain = canonicalDomain(parts[1]!);
  if (local === undefined || domain === undefined) return undefined;
  if (!ascii.test(local) && !internationalDomain.test(domain)) return undefined;
  const address = `${local}@${domain}`;
  return octets(address) <= maxAddressOctets ? (address as EmailAddress) : undefined;
};

/** What stands before the `@`. */
export const localPart = (email: EmailAddress): string => email.slice(0, email.indexOf('@'));
