import type { Texts } from '../texts/texts.ts';

// What can be seen to be wrong before the server is asked. It knows more, and has the last word.

const minPasswordLength = 8;
const maxPasswordBytes = 256;
/** From here on a server that hashes with bcrypt refuses. */
const bcryptBytes = 72;

const bytesOf = (text: string): number => new TextEncoder().encode(text).length;

export const checkEmail = (value: string, { problems }: Texts): string | undefined => {
  const email = value.trim();
  if (email === '') return problems.emailMissing;
  return /^[^\s@]+@[^\s@.]+(\.[^\s@.]+)+$/.test(email) ? undefined : problems.emailMalformed;
};

export const checkNewPassword = (value: string, { problems }: Texts): string | undefined => {
  if (value === '') return problems.newPasswordMissing;
  if ([...value].length < minPasswordLength) return problems.passwordShort;
  return bytesOf(value) > maxPasswordBytes ? problems.passwordLong : undefined;
};

export const checkCurrentPassword = (value: string, { problems }: Texts): string | undefined =>
  value === '' ? problems.passwordMissing : undefined;

export const checkName = (value: string, { problems }: Texts): string | undefined => {
  const name = value.trim();
  if (name === '') return problems.nameMissing;
  return [...name].length > 100 || /\p{Cc}/u.test(name) ? problems.nameLong : undefined;
};

export const checkCode = (value: string, { problems }: Texts): string | undefined =>
  value.length === 6 ? undefined : problems.codeIncomplete;

/** Why the server refused a password that looked all right here. */
export const refusedPassword = (value: string, { problems }: Texts): string =>
  bytesOf(value) > bcryptBytes ? problems.passwordLong : problems.passwordGuessable;
