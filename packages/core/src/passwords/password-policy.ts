/**
 * What a password must be, and nothing more: long enough, and not one of the first guesses. The server's only other say
 * is the maximum, which it states and refuses to cut at.
 *
 * - Length in code points, so that one emoji counts as one (NIST SP 800-63B-4 3.1.1.2; OWASP ASVS 5.0, 6.2.1, 6.2.9).
 * - No composition rules (ASVS 6.2.5), a list of common passwords instead (ASVS 6.2.4), and not the person's own address
 *   (ASVS 6.2.11). Whole values are compared: a long passphrase may well contain a common word.
 * - Exactly as typed, every byte of it: no trimming, no case folding, no normalization (ASVS 6.2.8).
 */
import { type EmailAddress, localPart, parseEmailAddress } from '../emails/email-address.ts';

/** In code points. */
export const minPasswordLength = 8;

/** In bytes of UTF-8. A configured hash may take fewer (`PasswordHasher.maxBytes`), never more. */
export const maxPasswordBytes = 256;

export type PasswordProblem =
  | 'too_short'
  | 'too_long'
  | 'too_common'
  | 'same_as_email'
  /** Half of a surrogate pair. UTF-8 has one replacement for all of them, so different passwords would have equal bytes. */
  | 'not_text';

const utf8 = new TextEncoder();

/** @returns The first problem, or undefined when the password may be used. */
export const checkPassword = (
  password: string,
  context: { emails: readonly EmailAddress[]; maxBytes: number; isCommon: (password: string) => boolean },
): PasswordProblem | undefined => {
  if (!password.isWellFormed()) return 'not_text';
  if (utf8.encode(password).length > Math.min(context.maxBytes, maxPasswordBytes)) return 'too_long';
  if ([...password].length < minPasswordLength) return 'too_short';
  if (isOneOf(context.emails, password)) return 'same_as_email';
  return context.isCommon(password) ? 'too_common' : undefined;
};

/** An address may be typed in a form other than the stored one, so what reads as an address is compared as one. */
const isOneOf = (emails: readonly EmailAddress[], password: string): boolean => {
  const typed = parseEmailAddress(password);
  const folded = password.normalize('NFC').toLowerCase();
  return emails.some((email) => email === typed || localPart(email) === folded);
};
