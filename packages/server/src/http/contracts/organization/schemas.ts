import { minPasswordLength, parseEmailAddress } from '@tegata/core';
import { z } from 'zod';
import type { FieldText } from './texts.ts';

// What travels over the wire. Messages are keys of `texts.ts`, so that each reader gets their own language.

const says = (key: FieldText): { error: FieldText } => ({ error: key });

const email = z
  .string(says('emailRequired'))
  .min(1, { ...says('emailRequired'), abort: true })
  .refine((text) => parseEmailAddress(text) !== undefined, says('emailMalformed'));

const password = z.string(says('passwordRequired')).min(1, says('passwordRequired')).max(4096, says('passwordTooLong'));
/** The length is checked here too, so that one answer names everything that is wrong with the form. The policy has the last word. */
const newPassword = z
  .string(says('passwordRequired'))
  .max(4096, says('passwordTooLong'))
  .refine((text) => [...text].length >= minPasswordLength, says('passwordTooShort'))
  .describe('At least 8 characters, at most 256 bytes of UTF-8; no composition rules');

/** Control characters have no place in a name and would travel into mails and logs. */
const nameOf = (max: number, texts: { required: FieldText; length: FieldText; control: FieldText }) =>
  z
    .string(says(texts.required))
    .trim()
    .refine((text) => text.length > 0 && [...text].length <= max, says(texts.length))
    .refine((text) => text.isWellFormed() && !/\p{Cc}/u.test(text), says(texts.control))
    .describe(`1 to ${max} characters`);

const name = nameOf(50, { required: 'nameRequired', length: 'nameLength', control: 'nameControl' });
const organizationName = nameOf(100, {
  required: 'organizationNameRequired',
  length: 'organizationNameLength',
  control: 'organizationNameControl',
});

export const registerBody = z.object({ email, password: newPassword, name, organizationName });
export const logInBody = z.object({ email, password, rememberMe: z.boolean(says('rememberMeNotBoolean')).optional() });
/** Whatever the text is, it either is a token or is refused as one: no format to validate. */
export const refreshBody = z.object({
  refreshToken: z.string(says('refreshTokenNotText')).optional().describe('Instead of the cookie'),
});
export const resetRequestBody = z.object({ email });
export const resetConfirmBody = z.object({
  token: z.string(says('tokenRequired')).min(1, says('tokenRequired')),
  password: newPassword,
});

export const beginConnectionQuery = z.object({
  redirectTo: z
    .string(says('redirectNotAllowed'))
    .max(1024, says('redirectNotAllowed'))
    .optional()
    .describe('The page of yours that takes the answer: of an allowed origin, and registered at the provider'),
});
export const finishConnectionBody = z.object({
  code: z.string(says('codeRequired')).max(4096, says('codeTooLong')).optional(),
  state: z.string(says('notValid')).max(512, says('stateTooLong')).optional(),
  iss: z.string(says('notValid')).max(2048, says('notValid')).optional().describe('RFC 9207'),
  error: z.string(says('notValid')).max(256, says('notValid')).optional().describe('Instead of `code`, such as `access_denied`'),
});

const time = z.iso.datetime().describe('ISO 8601, UTC');

export const userSchema = z.object({
  id: z.string().describe('user_<uuid>'),
  email: z.string(),
  name: z.string(),
  role: z.enum(['user', 'admin', 'owner']),
  organizationId: z
    .string()
    .nullable()
    .describe('org_<uuid>; null for whoever registered through a contract without organizations'),
});
export const registeredUserSchema = userSchema.extend({ createdAt: time });
export const meSchema = userSchema.extend({
  organization: z.object({ id: z.string().describe('org_<uuid>'), name: z.string(), subscription: z.literal('free') }).nullable(),
});
export const tokenSchema = z.object({
  token: z.string().describe('Access token: JWT for `Authorization: Bearer`'),
  refreshToken: z.string(),
  expiresAt: time.describe('End of the access token'),
});
export const providersSchema = z.object({ providers: z.array(z.object({ name: z.string(), label: z.string() })) });
export const providerUrlSchema = z.object({ url: z.string() });
export const messageSchema = z.object({ message: z.string() });
export const errorSchema = z.object({
  success: z.literal(false),
  error: z.object({
    code: z.string().describe('A stable word for the cause'),
    message: z.string().describe('For people, in the language of `Accept-Language`'),
    details: z
      .record(z.string(), z.unknown())
      .optional()
      .describe('Field → message; `lockedUntil` of a locked account; `retryAfter` in seconds of an exceeded limit'),
  }),
});

export type UserField = keyof z.infer<typeof meSchema>;

const namesIn = (list: string) => list.split(',').map((name) => name.trim());
const isUserField = (name: string): name is UserField => Object.hasOwn(meSchema.shape, name);

/** `?fields=id,email`: the names of the user's fields that the answer keeps; without it, all of them. */
export const meQuery = z.object({
  fields: z
    .string()
    .refine((list) => namesIn(list).every(isUserField), says('fieldUnknown'))
    .transform((list) => namesIn(list).filter(isUserField))
    .optional()
    .describe(`Comma list of ${Object.keys(meSchema.shape).join(', ')}`),
});
