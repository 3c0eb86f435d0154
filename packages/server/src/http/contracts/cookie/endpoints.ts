import type { z } from 'zod';
import type { Failure } from './failures.ts';
import {
  beginConnectionQuery,
  changePasswordBody,
  connectedSchema,
  deleteAccountBody,
  finishConnectionBody,
  forgotPasswordBody,
  meSchema,
  messageSchema,
  providersSchema,
  providerUrlSchema,
  refreshedSchema,
  resetPasswordBody,
  signedInSchema,
  signInBody,
  signUpBody,
} from './schemas.ts';

/** One call of the contract as a value: its route and its documentation are made from it. */
export type Endpoint = {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  path: string;
  tag: 'Cookie connections' | 'Cookie sessions' | 'Cookie accounts' | 'Cookie passwords';
  summary: string;
  description?: string;
  /** `user`: the access token, by header or cookie. `refresh`: the refresh cookie. */
  auth?: 'user' | 'refresh';
  query?: z.ZodObject;
  body?: z.ZodObject;
  bodyOptional?: boolean;
  success: { status: 200 | 201; schema: z.ZodType };
  /** What can go wrong beyond what every call shares; `locked` is the refusal with the minutes in it. */
  failures: readonly (Failure | 'locked')[];
  limit?: string;
};

const endpoint = <const Shape extends Endpoint>(shape: Shape): Shape => shape;

const csrf = 'Needs `X-CSRF-Token`, equal to the cookie `csrf_token`, where the credential is a cookie.';
const forgery = ['csrfMissing', 'csrfMismatch', 'foreignOrigin'] as const;

export const endpoints = {
  signUp: endpoint({
    method: 'POST',
    path: '/auth/signup',
    tag: 'Cookie accounts',
    summary: 'Sign up',
    description: 'Makes the account and logs in at once. A mail asks to verify the address.',
    body: signUpBody,
    success: { status: 201, schema: signedInSchema },
    failures: ['emailTaken', 'foreignOrigin'],
    limit: '5 an hour per IP address',
  }),
  signIn: endpoint({
    method: 'POST',
    path: '/auth/signin',
    tag: 'Cookie sessions',
    summary: 'Sign in',
    description: 'Both tokens come as HttpOnly cookies, the CSRF token as a cookie and in the body.',
    body: signInBody,
    success: { status: 200, schema: signedInSchema },
    failures: ['invalidCredentials', 'locked', 'foreignOrigin'],
    limit: '10 a minute per IP address',
  }),
  signOut: endpoint({
    method: 'POST',
    path: '/auth/signout',
    tag: 'Cookie sessions',
    summary: 'Sign out',
    description: `Ends the session and clears the cookies; an expired access token is enough. ${csrf}`,
    success: { status: 200, schema: messageSchema },
    failures: ['tokenInvalid', ...forgery],
  }),
  refresh: endpoint({
    method: 'POST',
    path: '/auth/refresh',
    tag: 'Cookie sessions',
    summary: 'Get the next pair of tokens',
    description:
      'Rotates the refresh cookie, and always needs `X-CSRF-Token`. Repeating a call whose answer was lost gives the same successor; replaying an old token ends the session.',
    auth: 'refresh',
    success: { status: 200, schema: refreshedSchema },
    failures: ['refreshTokenInvalid', ...forgery],
    limit: '60 a minute per session',
  }),
  signOutEverywhere: endpoint({
    method: 'POST',
    path: '/auth/signout-all',
    tag: 'Cookie sessions',
    summary: 'Sign out everywhere',
    description: csrf,
    auth: 'user',
    success: { status: 200, schema: messageSchema },
    failures: forgery,
  }),
  me: endpoint({
    method: 'GET',
    path: '/auth/me',
    tag: 'Cookie accounts',
    summary: 'Who am I?',
    auth: 'user',
    success: { status: 200, schema: meSchema },
    failures: [],
  }),
  deleteAccount: endpoint({
    method: 'DELETE',
    path: '/auth/account',
    tag: 'Cookie accounts',
    summary: 'Delete your account',
    description: `Needs the password; an account without one needs a sign-in younger than five minutes. ${csrf}`,
    auth: 'user',
    body: deleteAccountBody,
    bodyOptional: true,
    success: { status: 200, schema: messageSchema },
    failures: ['passwordWrong', 'locked', 'signInAgain', ...forgery],
  }),
  listProviders: endpoint({
    method: 'GET',
    path: '/auth/oauth',
    tag: 'Cookie connections',
    summary: 'List the providers on offer',
    success: { status: 200, schema: providersSchema },
    failures: [],
  }),
  beginConnection: endpoint({
    method: 'GET',
    path: '/auth/oauth/{provider}/authorize',
    tag: 'Cookie connections',
    summary: 'Begin to sign in with a provider',
    description:
      "Gives the provider's address to send the person to, and sets a cookie that binds the answer to this browser for ten minutes.",
    query: beginConnectionQuery,
    success: { status: 200, schema: providerUrlSchema },
    failures: ['providerUnsupported', 'foreignOrigin'],
    limit: '20 a minute per IP address',
  }),
  finishConnection: endpoint({
    method: 'POST',
    path: '/auth/oauth/{provider}',
    tag: 'Cookie connections',
    summary: 'Sign in with the code of a provider',
    description: 'Hand on `code`, `state` and, where there is one, `iss` as the provider sent them; or `error`.',
    body: finishConnectionBody,
    success: { status: 200, schema: connectedSchema },
    failures: [
      'providerUnsupported',
      'authorizationCodeInvalid',
      'providerDenied',
      'providerAddressMissing',
      'providerAddressUnverified',
      'accountNotActive',
      'providerTaken',
      'foreignOrigin',
    ],
    limit: '20 a minute per IP address',
  }),
  forgotPassword: endpoint({
    method: 'POST',
    path: '/auth/forgot-password',
    tag: 'Cookie passwords',
    summary: 'Ask for a reset link',
    description: 'The answer is the same whether the address is registered or not. The link is good for one hour.',
    body: forgotPasswordBody,
    success: { status: 200, schema: messageSchema },
    failures: [],
    limit: '5 an hour per IP address; 3 an hour per address, beyond which nothing is sent',
  }),
  resetPassword: endpoint({
    method: 'POST',
    path: '/auth/reset-password',
    tag: 'Cookie passwords',
    summary: 'Set a new password with the mailed token',
    description: 'Ends every session. Does not log in.',
    body: resetPasswordBody,
    success: { status: 200, schema: messageSchema },
    failures: ['resetInvalid', 'resetExpired', 'resetUsed'],
    limit: '10 an hour per IP address',
  }),
  changePassword: endpoint({
    method: 'PUT',
    path: '/auth/change-password',
    tag: 'Cookie passwords',
    summary: 'Change your password',
    description: `Ends every other session and tells you by mail. ${csrf}`,
    auth: 'user',
    body: changePasswordBody,
    success: { status: 200, schema: messageSchema },
    failures: ['currentPasswordWrong', 'locked', 'noPassword', ...forgery],
  }),
} as const;
