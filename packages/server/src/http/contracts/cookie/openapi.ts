import { type DescribedCall, describePaths, schemaOf } from '../../openapi-operation.ts';
import { type Endpoint, endpoints } from './endpoints.ts';
import { type ErrorType, type Failure, failureStatus, failures } from './failures.ts';
import { errorSchema } from './schemas.ts';
import { texts } from './texts.ts';

const withLogIn: readonly Failure[] = ['tokenMissing', 'tokenInvalid', 'tokenExpired'];

/** The contract as OpenAPI 3.1, made from the very schemas that validate requests. Its operations carry its name, because other contracts have calls of the same kind. */
export const describeCookie = () => ({
  introduction:
    'Contract `cookie`: bare JSON, failure `{"error", "error_type"}`. Both tokens are HttpOnly cookies; calls that change something need the header `X-CSRF-Token` with the value of the `csrf_token` cookie, unless the access token comes as `Authorization: Bearer …`.',
  paths: describePaths(
    Object.fromEntries((Object.entries(endpoints) as [string, Endpoint][]).map(([name, one]) => [operationId(name), call(one)])),
    'CookieError',
  ),
  schemas: { CookieError: schemaOf(errorSchema, 'output') },
  tags: [
    { name: 'Cookie accounts', description: 'Sign up, see and delete your account, for web applications on the same site.' },
    { name: 'Cookie sessions', description: 'Sign in and out, refresh: both tokens in HttpOnly cookies, with a CSRF token.' },
    { name: 'Cookie connections', description: 'Sign in through other providers.' },
    { name: 'Cookie passwords', description: 'Forgotten, reset and changed passwords.' },
  ],
});

const operationId = (name: string) => `cookie${name.charAt(0).toUpperCase()}${name.slice(1)}`;

const credentials = { user: ['access_token', 'access_cookie'], refresh: ['refresh_token'] };

const call = ({ auth, success, ...endpoint }: Endpoint): DescribedCall => ({
  ...endpoint,
  ...(auth ? { auth: credentials[auth] } : {}),
  success: { status: success.status, schema: schemaOf(success.schema, 'output') },
  failures: [
    ...(endpoint.body || endpoint.query
      ? [[400, `\`validation_errors\` ${texts.en.failures.validationFailed}`] as const, describe('invalidBody')]
      : []),
    ...(auth === 'user' ? withLogIn.map(describe) : []),
    ...endpoint.failures.map(describe),
    ...(endpoint.limit ? [describe('rateLimited')] : []),
    describe('unavailable'),
  ],
});

const describe = (failure: Failure | 'locked'): readonly [number, string] => {
  if (failure === 'locked') return [403, `\`forbidden\` ${texts.en.accountLocked(15)}`];
  const { type }: { type: ErrorType } = failures[failure];
  return [failureStatus[type], `\`${type}\` ${texts.en.failures[failure]}`];
};
