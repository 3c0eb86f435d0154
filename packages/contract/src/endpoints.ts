import { z } from 'zod';
import { endpoint } from './endpoint.ts';
import { type IssueKey, says } from './issue-texts.ts';
import { connectionSchema, emailSchema, messageSchema, providerSchema, sessionSchema, userSchema } from './schemas.ts';

/** Any text: what is no address is answered by each call in its own way. */
const email = z.string(says('emailRequired'));
const password = z
  .string(says('passwordRequired'))
  .max(4096, says('passwordTooLong'))
  .describe('At least 8 characters, at most 256 bytes of UTF-8; no composition rules');
const currentPassword = z.string(says('passwordRequired')).max(4096, says('passwordTooLong'));
/** Control characters have no place in a name and would travel into mails and logs. */
const name = z
  .string(says('nameRequired'))
  .trim()
  .refine((text) => text.length > 0 && [...text].length <= 100, says('nameLength'))
  .refine((text) => text.isWellFormed() && !/\p{Cc}/u.test(text), says('nameControl'))
  .describe('1 to 100 characters');
const oneTimeToken = z.string(says('tokenRequired')).min(1, says('tokenRequired')).max(512, says('tokenTooLong'));
const optionalOneTimeToken = z.string(says('tokenRequired')).max(512, says('tokenTooLong')).optional();
/** The parser of URLs is lenient with white space and with missing slashes; programs that show the picture may not be. */
const avatarUrl = z
  .url({ protocol: /^https$/, ...says('avatarUrlNotHttps'), abort: true })
  .regex(/^https:\/\/[^\s\p{Cc}]+$/u, says('avatarUrlNotHttps'))
  .max(2048, says('avatarUrlTooLong'))
  .nullable();
const tokenTransport = z.enum(['cookie', 'body'], says('tokenTransportUnknown')).optional();
/** What the provider put behind the callback's address: handed on as it came. */
const authorizationCode = z.string(says('codeRequired')).max(4096, says('codeTooLong')).optional();
const state = z.string().max(512, says('stateTooLong')).optional();
const presentedRefreshToken = z.string(says('tokenRequired')).max(8192, says('refreshTokenTooLong')).optional();

const wholeNumber = (from: number, to: number, key: IssueKey) =>
  z.coerce
    .number(says(key))
    .int({ ...says(key), abort: true })
    .min(from, says(key))
    .max(to, says(key));
const page = z.object({
  page: wholeNumber(1, 1_000_000, 'pageOutOfRange').default(1),
  per_page: wholeNumber(1, 100, 'perPageOutOfRange').default(20),
});

const accessToken = z.string().describe('JWT for `Authorization: Bearer`');
const expiresIn = z.int().describe('Seconds until the access token ends: 900');
const refreshToken = z.string().optional().describe('Only with `token_transport: "body"`; otherwise it travels in the cookie');

/** The calls of the standard contract, in the order in which a reader meets them. */
export const endpoints = {
  register: endpoint({
    method: 'POST',
    path: '/api/v1/auth/register',
    tag: 'Registration',
    summary: 'Register',
    description: 'Makes a pending user and mails a verification link and a six-digit code, both good for 24 hours.',
    body: z.object({ email, password, name }),
    success: { status: 201, data: z.object({ user_id: z.uuid(), message: z.string() }) },
    failures: [['CONFLICT', 'email already exists']],
    limit: '10 a minute per IP address',
  }),
  verifyEmail: endpoint({
    method: 'POST',
    path: '/api/v1/auth/email/verify',
    tag: 'Registration',
    summary: 'Verify an address',
    description:
      'With the token of the mailed link (body or query), or with the address and the six-digit code of the same mail.',
    query: z.object({ token: optionalOneTimeToken }),
    body: z.object({
      token: optionalOneTimeToken,
      email: email.optional(),
      code: z.string(says('codeRequired')).max(16, says('codeTooLong')).optional(),
    }),
    bodyOptional: true,
    success: { status: 200, data: messageSchema },
    failures: [
      ['VALIDATION_ERROR', 'token is required'],
      ['VALIDATION_ERROR', 'invalid or expired verification token'],
      ['VALIDATION_ERROR', 'verification token expired'],
      ['CONFLICT', 'email already exists'],
    ],
    limit: '10 an hour per IP address',
  }),
  resendVerification: endpoint({
    method: 'POST',
    path: '/api/v1/auth/email/resend',
    tag: 'Registration',
    summary: 'Send the verification mail again',
    description: 'The answer is the same whether the address is registered or not.',
    body: z.object({ email }),
    success: { status: 200, data: messageSchema },
    failures: [],
    limit: '5 an hour per IP address; 3 an hour per address, beyond which nothing is sent',
  }),
  undoEmailChange: endpoint({
    method: 'POST',
    path: '/api/v1/auth/email/undo',
    tag: 'Addresses',
    summary: 'Undo a change of the primary address',
    description:
      'With the token mailed to the old address. Restores it, removes every other address, ends every session, and mails a reset link.',
    body: z.object({ token: oneTimeToken }),
    success: { status: 200, data: messageSchema },
    failures: [
      ['VALIDATION_ERROR', 'invalid or expired undo token'],
      ['VALIDATION_ERROR', 'undo token already used'],
      ['VALIDATION_ERROR', 'undo token expired'],
    ],
    limit: '10 an hour per IP address',
  }),
  logIn: endpoint({
    method: 'POST',
    path: '/api/v1/auth/login',
    tag: 'Sessions',
    summary: 'Log in',
    description:
      'Starts a session. The refresh token travels in an HttpOnly cookie, or in the body for clients without a cookie jar.',
    body: z.object({
      email,
      password: currentPassword,
      remember_me: z.boolean(says('rememberMeNotBoolean')).optional(),
      token_transport: tokenTransport,
    }),
    success: {
      status: 200,
      data: z.object({ access_token: accessToken, expires_in: expiresIn, refresh_token: refreshToken, user: userSchema }),
    },
    failures: [
      ['UNAUTHORIZED', 'invalid credentials'],
      ['UNAUTHORIZED', 'please verify your email first'],
      ['UNAUTHORIZED', 'account suspended'],
      ['UNAUTHORIZED', 'account deactivated'],
      ['UNAUTHORIZED', 'please use OAuth to login'],
      ['ACCOUNT_LOCKED', 'too many failed attempts, please try again later'],
    ],
    limit: '10 a minute per IP address',
  }),
  refreshSession: endpoint({
    method: 'POST',
    path: '/api/v1/auth/refresh',
    tag: 'Sessions',
    summary: 'Get the next pair of tokens',
    description:
      'Rotates the refresh token. Repeating a call whose answer was lost gives the same successor; replaying an old token ends the session.',
    auth: 'refresh_token',
    body: z.object({ refresh_token: presentedRefreshToken }),
    bodyOptional: true,
    success: {
      status: 200,
      data: z.object({ access_token: accessToken, expires_in: expiresIn, refresh_token: refreshToken }),
    },
    failures: [
      ['UNAUTHORIZED', 'refresh token not found'],
      ['UNAUTHORIZED', 'invalid refresh token'],
      ['UNAUTHORIZED', 'session not found'],
      ['UNAUTHORIZED', 'session expired'],
      ['UNAUTHORIZED', 'token reuse detected'],
      ['UNAUTHORIZED', 'user not found'],
      ['UNAUTHORIZED', 'account is not active'],
    ],
    limit: '60 a minute per session',
  }),
  logOut: endpoint({
    method: 'POST',
    path: '/api/v1/auth/logout',
    tag: 'Sessions',
    summary: 'Log out',
    description: 'Ends the session that the access token or the refresh token names. Succeeds even when there is nothing to end.',
    body: z.object({ refresh_token: presentedRefreshToken }),
    bodyOptional: true,
    success: { status: 200, data: messageSchema },
    failures: [],
  }),
  logOutEverywhere: endpoint({
    method: 'POST',
    path: '/api/v1/auth/logout-all',
    tag: 'Sessions',
    summary: 'Log out everywhere',
    auth: 'access_token',
    success: { status: 200, data: z.object({ message: z.string(), revoked_sessions: z.int() }) },
    failures: [],
  }),
  listSessions: endpoint({
    method: 'GET',
    path: '/api/v1/auth/sessions',
    tag: 'Sessions',
    summary: 'List your sessions',
    auth: 'access_token',
    query: page,
    success: { status: 200, data: z.array(sessionSchema), paginated: true },
    failures: [],
  }),
  revokeSession: endpoint({
    method: 'DELETE',
    path: '/api/v1/auth/sessions/{id}',
    tag: 'Sessions',
    summary: 'End one of your sessions',
    auth: 'access_token',
    success: { status: 200, data: messageSchema },
    failures: [['NOT_FOUND', 'session not found']],
  }),
  forgotPassword: endpoint({
    method: 'POST',
    path: '/api/v1/auth/password/forgot',
    tag: 'Passwords',
    summary: 'Ask for a reset link',
    description: 'The answer is the same whether the address is registered or not. The link is good for one hour.',
    body: z.object({ email }),
    success: { status: 200, data: messageSchema },
    failures: [],
    limit: '5 an hour per IP address; 3 an hour per address, beyond which nothing is sent',
  }),
  resetPassword: endpoint({
    method: 'POST',
    path: '/api/v1/auth/password/reset',
    tag: 'Passwords',
    summary: 'Set a new password with the mailed token',
    description: 'Ends every session. Does not log in.',
    body: z.object({ token: oneTimeToken, password }),
    success: { status: 200, data: messageSchema },
    failures: [
      ['VALIDATION_ERROR', 'invalid or expired reset token'],
      ['VALIDATION_ERROR', 'reset token already used'],
      ['VALIDATION_ERROR', 'reset token expired'],
    ],
    limit: '10 an hour per IP address',
  }),
  changePassword: endpoint({
    method: 'POST',
    path: '/api/v1/auth/password/change',
    tag: 'Passwords',
    summary: 'Change your password',
    description: 'Ends every other session and tells you by mail.',
    auth: 'access_token',
    body: z.object({ current_password: currentPassword, new_password: password }),
    success: { status: 200, data: messageSchema },
    failures: [
      ['UNAUTHORIZED', 'current password is incorrect'],
      ['CONFLICT', 'this account has no password'],
      ['ACCOUNT_LOCKED', 'too many failed attempts, please try again later'],
    ],
  }),
  setPassword: endpoint({
    method: 'POST',
    path: '/api/v1/auth/password/set',
    tag: 'Passwords',
    summary: 'Set a first password',
    description: 'For an account that logs in through providers only. Needs a log-in younger than five minutes.',
    auth: 'access_token',
    body: z.object({ password }),
    success: { status: 200, data: messageSchema },
    failures: [
      ['CONFLICT', 'this account already has a password'],
      ['STEP_UP_REQUIRED', 'please log in again to do this'],
    ],
  }),
  me: endpoint({
    method: 'GET',
    path: '/api/v1/me',
    tag: 'Account',
    summary: 'Who am I?',
    auth: 'access_token',
    success: { status: 200, data: userSchema },
    failures: [],
    limit: '600 a minute per user',
  }),
  updateProfile: endpoint({
    method: 'PATCH',
    path: '/api/v1/me',
    tag: 'Account',
    summary: 'Change your name or picture',
    auth: 'access_token',
    body: z.object({ name: name.optional(), avatar_url: avatarUrl.optional() }),
    success: { status: 200, data: userSchema },
    failures: [],
  }),
  closeAccount: endpoint({
    method: 'DELETE',
    path: '/api/v1/me',
    tag: 'Account',
    summary: 'Delete your account',
    description:
      'Needs the password; an account without one needs a log-in younger than five minutes. The address is free again.',
    auth: 'access_token',
    body: z.object({ password: currentPassword.optional() }),
    bodyOptional: true,
    success: { status: 200, data: messageSchema },
    failures: [
      ['UNAUTHORIZED', 'password is incorrect'],
      ['ACCOUNT_LOCKED', 'too many failed attempts, please try again later'],
      ['STEP_UP_REQUIRED', 'please log in again to do this'],
    ],
  }),
  listProviders: endpoint({
    method: 'GET',
    path: '/api/v1/auth/oauth',
    tag: 'Connections',
    summary: 'List the providers on offer',
    success: { status: 200, data: z.array(providerSchema) },
    failures: [],
  }),
  beginConnection: endpoint({
    method: 'GET',
    path: '/api/v1/auth/oauth/{provider}/authorize',
    tag: 'Connections',
    summary: 'Begin to log in with a provider',
    description:
      "Gives the provider's address to send the person to, and sets a cookie that binds the answer to this browser for ten minutes. With `Authorization: Bearer …` the provider is added to the person's account instead.",
    auth: 'access_token_optional',
    query: z.object({
      redirect_to: z
        .string(says('redirectToNotText'))
        .max(1024, says('redirectToNotText'))
        .optional()
        .describe(
          'The page of yours that takes the answer: of an allowed origin, without query or fragment, and registered at the provider',
        ),
    }),
    success: { status: 200, data: z.object({ url: z.string() }) },
    failures: [
      ['VALIDATION_ERROR', 'unsupported oauth provider'],
      ['VALIDATION_ERROR', 'redirect_to must be an address on an allowed origin'],
    ],
    limit: '20 a minute per IP address',
  }),
  finishConnection: endpoint({
    method: 'POST',
    path: '/api/v1/auth/oauth/{provider}',
    tag: 'Connections',
    summary: 'Log in with the code of a provider',
    description:
      'Needs the cookie of the call that began it. Hand on `code`, `state` and, where there is one, `iss` as the provider sent them; or `error`, when the person was not logged in there. When a logged-in person adds a provider, the answer repeats their own access token.',
    auth: 'access_token_optional',
    body: z.object({
      code: authorizationCode,
      state,
      iss: z.string().max(2048, says('notValid')).optional().describe('RFC 9207'),
      error: z.string().max(256, says('notValid')).optional().describe('Instead of `code`, such as `access_denied`'),
      token_transport: tokenTransport,
    }),
    success: {
      status: 200,
      data: z.object({
        access_token: accessToken,
        expires_in: expiresIn,
        refresh_token: refreshToken,
        user: userSchema,
        is_new_user: z.boolean(),
      }),
    },
    failures: [
      ['VALIDATION_ERROR', 'provider is required'],
      ['VALIDATION_ERROR', 'unsupported oauth provider'],
      ['VALIDATION_ERROR', 'invalid authorization code'],
      ['INVALID_REQUEST', 'you did not allow the provider to log you in'],
      ['INVALID_REQUEST', 'the provider gave no email address; please add one there and verify it first'],
      ['INVALID_REQUEST', 'please verify your email address at the provider first'],
      ['UNAUTHORIZED', 'account is not active'],
      ['CONFLICT', 'this provider account is connected to another user'],
      ['CONFLICT', 'another account of this provider is already connected'],
      ['CONFLICT', 'please verify your email first'],
    ],
    limit: '20 a minute per IP address',
  }),
  listConnections: endpoint({
    method: 'GET',
    path: '/api/v1/me/connections',
    tag: 'Connections',
    summary: 'List your connections',
    description: 'The providers through which you can log in. Add one by beginning to log in with it while you are logged in.',
    auth: 'access_token',
    query: page,
    success: { status: 200, data: z.array(connectionSchema), paginated: true },
    failures: [],
  }),
  removeConnection: endpoint({
    method: 'DELETE',
    path: '/api/v1/me/connections/{provider}',
    tag: 'Connections',
    summary: 'Remove a connection',
    description: 'Never the last way into the account: set a password or connect another provider first.',
    auth: 'access_token',
    success: { status: 200, data: messageSchema },
    failures: [
      ['NOT_FOUND', 'connection not found'],
      ['CONFLICT', 'this is the only way to log in to your account'],
    ],
  }),
  listEmails: endpoint({
    method: 'GET',
    path: '/api/v1/me/emails',
    tag: 'Addresses',
    summary: 'List your addresses',
    description: 'The primary one first. An address that you added counts once it is verified.',
    auth: 'access_token',
    query: page,
    success: { status: 200, data: z.array(emailSchema), paginated: true },
    failures: [],
  }),
  addEmail: endpoint({
    method: 'POST',
    path: '/api/v1/me/emails',
    tag: 'Addresses',
    summary: 'Add an address',
    description: 'Mails a verification link and code to it. Asking again sends the mail again.',
    auth: 'access_token',
    body: z.object({ email }),
    success: { status: 201, data: emailSchema },
    failures: [
      ['CONFLICT', 'email already exists'],
      ['CONFLICT', 'too many addresses'],
    ],
    limit: '10 an hour per user; 3 an hour per address, beyond which nothing is sent',
  }),
  removeEmail: endpoint({
    method: 'DELETE',
    path: '/api/v1/me/emails/{id}',
    tag: 'Addresses',
    summary: 'Remove an address',
    auth: 'access_token',
    success: { status: 200, data: messageSchema },
    failures: [
      ['NOT_FOUND', 'email not found'],
      ['CONFLICT', 'the primary email cannot be deleted'],
      ['CONFLICT', 'this email can still undo a change of the primary email'],
    ],
  }),
  setPrimaryEmail: endpoint({
    method: 'POST',
    path: '/api/v1/me/emails/{id}/primary',
    tag: 'Addresses',
    summary: 'Make an address the primary one',
    description: 'The old address is told and can undo it for 72 hours.',
    auth: 'access_token',
    success: { status: 200, data: messageSchema },
    failures: [
      ['NOT_FOUND', 'email not found'],
      ['CONFLICT', 'please verify this email first'],
    ],
  }),
} as const;

export type EndpointName = keyof typeof endpoints;
