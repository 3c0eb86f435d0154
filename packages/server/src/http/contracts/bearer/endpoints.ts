import type { z } from 'zod';
import { grantedSchema, logInBody, registerBody, userSchema } from './schemas.ts';
import type { FailureText } from './texts.ts';

/** One call of the contract as a value: its route and its documentation are made from it. */
export type Endpoint = {
  method: 'GET' | 'POST';
  path: string;
  summary: string;
  description: string;
  auth?: boolean;
  body?: z.ZodObject;
  success: { status: 200 | 201; schema: z.ZodType };
  /** What can go wrong beyond what every call has in it, with the lock of an address apart. */
  failures: readonly (FailureText | 'accountLocked')[];
  limit?: string;
};

const endpoint = <const Shape extends Endpoint>(shape: Shape): Shape => shape;

export const endpoints = {
  register: endpoint({
    method: 'POST',
    path: '/api/auth/register',
    summary: 'Register',
    description: 'Makes an active user and logs in at once. A mail asks to verify the address.',
    body: registerBody,
    success: { status: 201, schema: grantedSchema },
    failures: [
      ...(['emailTaken', 'emailInvalid', 'passwordTooShort', 'passwordTooLong', 'passwordTooCommon'] as const),
      ...(['passwordSameAsEmail', 'passwordNotText', 'nameRequired', 'nameTooLong', 'nameControl'] as const),
    ],
    limit: '10 a minute per IP address',
  }),
  logIn: endpoint({
    method: 'POST',
    path: '/api/auth/login',
    summary: 'Log in',
    description: 'Unknown, wrong and inactive are one answer. After an hour, log in again: there is nothing to refresh.',
    body: logInBody,
    success: { status: 200, schema: grantedSchema },
    failures: ['credentialsRequired', 'credentialsWrong', 'accountLocked'],
    limit: '10 a minute per IP address',
  }),
  me: endpoint({
    method: 'GET',
    path: '/api/me',
    summary: 'Who am I?',
    description: 'A token is refused from the moment its user is no longer active.',
    auth: true,
    success: { status: 200, schema: userSchema },
    failures: [],
  }),
} as const;
