import { minPasswordLength, parseEmailAddress } from '@tegata/core';
import { z } from 'zod';
import type { FailureText } from './texts.ts';

// What travels over the wire. Messages are keys of `texts.ts`. Only the first finding is told, and findings come in the
// order of the fields here.

const says = (key: FailureText): { error: FailureText } => ({ error: key });

const maxNameLength = 100;

export const registerBody = z.object({
  email: z.string(says('emailInvalid')).refine((text) => parseEmailAddress(text) !== undefined, says('emailInvalid')),
  password: z
    .string(says('passwordTooShort'))
    // Here too, so that the form is judged before anybody looks for the address. The policy has the last word.
    .refine((text) => [...text].length >= minPasswordLength, says('passwordTooShort'))
    .describe('At least 8 characters, at most 256 bytes of UTF-8; no composition rules'),
  name: z
    .string(says('nameRequired'))
    .trim()
    .min(1, { ...says('nameRequired'), abort: true })
    .refine((text) => [...text].length <= maxNameLength, says('nameTooLong'))
    // Control characters have no place in a name and would travel into mails and logs.
    .refine((text) => text.isWellFormed() && !/\p{Cc}/u.test(text), says('nameControl'))
    .describe('1 to 100 characters after trimming'),
});

/** Whatever is given is tried: an old password may break today's policy, and what is no address has no account. */
export const logInBody = z.object({
  email: z.string(says('credentialsRequired')).trim().min(1, says('credentialsRequired')),
  password: z.string(says('credentialsRequired')).min(1, says('credentialsRequired')),
});

export const userSchema = z.object({
  id: z.uuid(),
  name: z.string(),
  email: z.string().describe('The primary address'),
  created_at: z.iso.datetime().describe('ISO 8601, UTC'),
});

export const grantedSchema = z.object({
  user: userSchema,
  token: z.string().describe('JWT for `Authorization: Bearer`, good for one hour'),
});

export const errorSchema = z.object({ error: z.string().describe('For people, in the language of `Accept-Language`') });
