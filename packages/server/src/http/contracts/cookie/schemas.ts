import { minPasswordLength, parseEmailAddress } from '@tegata/core';
import { z } from 'zod';
import { type ErrorType, failureStatus } from './failures.ts';
import type { FieldText } from './texts.ts';

// What travels over the wire. Messages are keys of `texts.ts`, so that each reader gets their own language.

const says = (key: FieldText): { error: FieldText } => ({ error: key });

/** Any text: signing in and asking for a reset answer for what is no address as for one that nobody has. */
const email = z.string(says('emailRequired')).min(1, says('emailRequired'));
const emailAddress = email.transform((text, context) => {
  const address = parseEmailAddress(text);
  if (!address) context.addIssue({ code: 'custom', message: 'emailMalformed' satisfies FieldText });
  return address ?? z.NEVER;
});
const password = z.string(says('passwordRequired')).max(4096, says('passwordTooLong'));
/** The length is checked here too, so that one answer names everything that is wrong with the form. The policy has the last word. */
const newPassword = password
  .refine((text) => [...text].length >= minPasswordLength, says('passwordTooShort'))
  .describe('At least 8 characters, at most 256 bytes of UTF-8; no composition rules');
/** Control characters have no place in a name and would travel into mails and logs. */
const name = z
  .string(says('nameNotText'))
  .trim()
  .refine((text) => text.length > 0 && [...text].length <= 100, says('nameLength'))
  .refine((text) => text.isWellFormed() && !/\p{Cc}/u.test(text), says('nameControl'))
  .describe('1 to 100 characters; without one, the part of the address before the @');

export const signUpBody = z.object({ email: emailAddress, password: newPassword, name: name.optional() });
export const signInBody = z.object({
  email,
  password,
  remember_me: z.boolean(says('rememberMeNotBoolean')).optional().describe('The refresh cookie lasts 30 days instead of 7'),
});
export const deleteAccountBody = z.object({
  password: password.optional().describe('Needed unless the account has none'),
});
export const forgotPasswordBody = z.object({ email });
export const resetPasswordBody = z.object({
  token: z.string(says('tokenRequired')).min(1, says('tokenRequired')).max(512, says('tokenTooLong')),
  new_password: newPassword,
});
export const changePasswordBody = z.object({ current_password: password, new_password: newPassword });

export const beginConnectionQuery = z.object({
  redirect_to: z
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
  id: z.uuid(),
  email: z.string(),
  name: z.string(),
  is_active: z.boolean(),
  email_verified: z.boolean(),
  created_at: time,
  updated_at: time,
});

const expiresIn = z.int().describe('Seconds until the access token ends: 900');
const csrfToken = z.string().describe('Equal to the cookie `csrf_token`; to be sent as `X-CSRF-Token`');

export const messageSchema = z.object({ message: z.string() });
export const meSchema = z.object({ user: userSchema });
export const refreshedSchema = z.object({ user: userSchema, expires_in: expiresIn, csrf_token: csrfToken });
export const signedInSchema = refreshedSchema.extend({ message: z.string() });

export const connectedSchema = signedInSchema.extend({ is_new_user: z.boolean() });
export const providersSchema = z.object({ providers: z.array(z.object({ name: z.string(), label: z.string() })) });
export const providerUrlSchema = z.object({ url: z.string() });

export const errorSchema = z.object({
  error: z.string().describe('For people, in the language of `Accept-Language`'),
  error_type: z.enum(Object.keys(failureStatus) as [ErrorType, ...ErrorType[]]),
  errors: z
    .array(z.object({ field: z.string(), message: z.string() }))
    .optional()
    .describe('With `validation_errors`'),
});
