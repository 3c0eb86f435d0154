/** An address in its one canonical form: trimmed, NFC, lower case, at most 254 octets. Only `parseEmailAddress` makes one. */
export type EmailAddress = string & { readonly __brand: 'EmailAddress' };

/** Placeholder until the full grammar lands beside it. */
export const parseEmailAddress = (text: string): EmailAddress | undefined => {
  const canonical = text.trim().normalize('NFC').toLowerCase();
  return /^[^\s@]+@[^\s@]+\.[^\s@]+$/u.test(canonical) ? (canonical as EmailAddress) : undefined;
};
