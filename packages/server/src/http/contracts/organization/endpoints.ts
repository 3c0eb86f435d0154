import { z } from 'zod';
import {
  beginConnectionQuery,
  finishConnectionBody,
  logInBody,
  meQuery,
  meSchema,
  messageSchema,
  providersSchema,
  providerUrlSchema,
  refreshBody,
  registerBody,
  registeredUserSchema,
  resetConfirmBody,
  resetRequestBody,
  tokenSchema,
  userSchema,
} from './schemas.ts';
import type { FailureCode } from './texts.ts';

/** One call of the contract as a value: its route and its documentation are made from it. */
export type Endpoint = {
  method: 'GET' | 'POST';
  path: string;
  tag: 'Organization connections' | 'Organization accounts' | 'Organization sessions' | 'Organization passwords';
  summary: string;
  description?: string;
  /** Whether a logged-in person is asked for: by the header or by a cookie. */
  auth?: boolean;
  query?: z.ZodObject;
  body?: z.ZodObject;
  bodyOptional?: boolean;
  success: { status: 200 | 201; data: z.ZodType };
  /** What can go wrong beyond what every call shares. */
  failures: readonly FailureCode[];
  limit?: string;
};

const endpoint = <const Shape extends Endpoint>(shape: Shape): Shape => shape;

const csrf = 'Needs `X-CSRF-Token`, equal to the cookie `csrf_token`, where the credential is a cookie.';

export const endpoints = {
  register: endpoint({
    method: 'POST',
    path: '/api/auth/register',
    tag: 'Organization accounts',
    summary: 'Register with an organization',
    description: 'Makes the user and the organization, and logs in at once. A mail asks to verify the address.',
    body: registerBody,
    success: { status: 201, data: z.object({ user: registeredUserSchema, token: tokenSchema }) },
    failures: ['DUPLICATE_EMAIL'],
    limit: '5 an hour per IP address',
  }),
  me: endpoint({
    method: 'GET',
    path: '/api/auth/me',
    tag: 'Organization accounts',
    summary: 'Who am I?',
    auth: true,
    query: meQuery,
    success: { status: 200, data: z.object({ user: meSchema.partial().describe('What `fields` names; all of it without') }) },
    failures: [],
    limit: '60 a minute per user',
  }),
  logIn: endpoint({
    method: 'POST',
    path: '/api/auth/login',
    tag: 'Organization sessions',
    summary: 'Log in',
    description: 'Both tokens come in the body and as HttpOnly cookies. `rememberMe` makes the session last 30 days.',
    body: logInBody,
    success: { status: 200, data: z.object({ user: userSchema, token: tokenSchema }) },
    failures: ['INVALID_CREDENTIALS', 'ACCOUNT_LOCKED'],
    limit: '10 a minute per IP address; 10 a minute per IP address and e-mail address',
  }),
  logOut: endpoint({
    method: 'POST',
    path: '/api/auth/logout',
    tag: 'Organization sessions',
    summary: 'Log out',
    description: `Ends the session of the header's token, or of the cookies. An expired token is enough. ${csrf}`,
    auth: true,
    success: { status: 200, data: messageSchema },
    failures: ['CSRF_TOKEN_INVALID', 'PERMISSION_DENIED'],
    limit: '10 a minute per user',
  }),
  refreshSession: endpoint({
    method: 'POST',
    path: '/api/auth/refresh',
    tag: 'Organization sessions',
    summary: 'Get the next pair of tokens',
    description: `With the token in the body, or with the cookie. Replaying an old token ends the session. ${csrf}`,
    body: refreshBody,
    bodyOptional: true,
    success: { status: 200, data: z.object({ token: tokenSchema }) },
    failures: ['INVALID_REFRESH_TOKEN', 'REFRESH_TOKEN_EXPIRED', 'CSRF_TOKEN_INVALID', 'PERMISSION_DENIED'],
    limit: '30 an hour per session; 30 refused tokens an hour per IP address',
  }),
  listProviders: endpoint({
    method: 'GET',
    path: '/api/auth/oauth',
    tag: 'Organization connections',
    summary: 'List the providers on offer',
    success: { status: 200, data: providersSchema },
    failures: [],
  }),
  beginConnection: endpoint({
    method: 'GET',
    path: '/api/auth/oauth/{provider}/authorize',
    tag: 'Organization connections',
    summary: 'Begin to log in with a provider',
    description:
      "Gives the provider's address to send the person to, and sets a cookie that binds the answer to this browser for ten minutes.",
    query: beginConnectionQuery,
    success: { status: 200, data: providerUrlSchema },
    failures: ['PERMISSION_DENIED'],
    limit: '20 a minute per IP address',
  }),
  finishConnection: endpoint({
    method: 'POST',
    path: '/api/auth/oauth/{provider}',
    tag: 'Organization connections',
    summary: 'Log in with the code of a provider',
    description:
      'Hand on `code`, `state` and, where there is one, `iss` as the provider sent them; or `error`. A new user belongs to no organization.',
    body: finishConnectionBody,
    success: { status: 200, data: z.object({ user: userSchema, token: tokenSchema, isNewUser: z.boolean() }) },
    failures: [
      'INVALID_AUTHORIZATION_CODE',
      'PROVIDER_DENIED',
      'PROVIDER_EMAIL_MISSING',
      'PROVIDER_EMAIL_UNVERIFIED',
      'ACCOUNT_NOT_ACTIVE',
      'PROVIDER_ALREADY_CONNECTED',
      'PERMISSION_DENIED',
    ],
    limit: '20 a minute per IP address',
  }),
  requestPasswordReset: endpoint({
    method: 'POST',
    path: '/api/auth/password-reset/request',
    tag: 'Organization passwords',
    summary: 'Ask for a reset link',
    description: 'The answer is the same whether the address is registered or not. The link is good for 24 hours.',
    body: resetRequestBody,
    success: { status: 200, data: messageSchema },
    failures: [],
    limit: '5 an hour per IP address; 1 an hour per e-mail address, beyond which nothing is sent',
  }),
  confirmPasswordReset: endpoint({
    method: 'POST',
    path: '/api/auth/password-reset/confirm',
    tag: 'Organization passwords',
    summary: 'Set a new password with the mailed token',
    description: 'Ends every session. Does not log in.',
    body: resetConfirmBody,
    success: { status: 200, data: messageSchema },
    failures: ['INVALID_RESET_TOKEN', 'RESET_TOKEN_EXPIRED'],
    limit: '10 an hour per IP address',
  }),
} as const;
