import {
  type Endpoint,
  endpoints,
  errorSchema,
  failureStatus,
  paginationSchema,
  type ServiceEndpoint,
  serviceEndpoints,
} from '@tegata/contract';
import { anybody, type DescribedCall, describePaths, schemaOf } from '../../openapi-operation.ts';

const sharedFailures = [
  [400, 'The request is malformed or invalid'],
  [429, 'Too many requests: wait for `Retry-After` seconds'],
  [503, 'Part of the server is down or busy: wait for `Retry-After` seconds'],
] as const;

const accessTokenFailures = [
  [401, '`UNAUTHORIZED` authorization header required'],
  [401, '`UNAUTHORIZED` invalid authorization header format'],
  [401, '`UNAUTHORIZED` or `TOKEN_EXPIRED` invalid or expired token'],
  [401, '`UNAUTHORIZED` token has been revoked'],
] as const;

/** The contract as OpenAPI 3.1, made from the very schemas that validate requests. */
export const describeStandard = () => ({
  introduction:
    'Contract `standard`: success is `{"data": …, "meta": …}`, failure `{"error": {"code", "message", "reason"?, "details"?}, "meta": null}`, where `reason` is a stable word for the cause. Calls marked access token need `Authorization: Bearer …`; the refresh token travels in an HttpOnly cookie, or in the body after `"token_transport": "body"`.',
  paths: describePaths(
    Object.fromEntries([
      ...(Object.entries(endpoints) as [string, Endpoint][]).map(([name, endpoint]) => [name, call(endpoint)]),
      ...(Object.entries(serviceEndpoints) as [string, ServiceEndpoint][]).map(([name, one]) => [name, serviceCall(one)]),
    ]),
    'StandardError',
  ),
  schemas: { StandardError: schemaOf(errorSchema, 'output'), StandardPagination: schemaOf(paginationSchema, 'output') },
  tags: [
    { name: 'Registration', description: 'Make an account and prove an address.' },
    { name: 'Sessions', description: 'Log in, refresh, log out, and see where you are logged in.' },
    { name: 'Passwords', description: 'Forgotten, reset and changed passwords.' },
    { name: 'Account', description: 'Your own profile.' },
    { name: 'Connections', description: 'Log in through other providers.' },
    { name: 'Addresses', description: 'Several addresses for one account.' },
    { name: 'Services', description: 'For other services, with a credential of their own instead of a person’s token.' },
  ],
});

const call = ({ auth, success, failures, ...endpoint }: Endpoint): DescribedCall => {
  const data = schemaOf(success.data, 'output');
  const meta = success.paginated
    ? {
        type: 'object',
        properties: { pagination: { $ref: '#/components/schemas/StandardPagination' } },
        required: ['pagination'],
      }
    : { type: 'null' };
  const credentials = auth === 'access_token_optional' ? ['access_token', anybody] : auth && [auth];
  return {
    ...endpoint,
    ...(credentials ? { auth: credentials } : {}),
    success: { status: success.status, schema: { type: 'object', properties: { data, meta }, required: ['data', 'meta'] } },
    failures: [
      ...sharedFailures,
      ...(auth?.startsWith('access_token') ? accessTokenFailures : []),
      ...failures.map(([code, text]) => [failureStatus[code], `\`${code}\` ${text}`] as const),
    ],
  };
};

const serviceCall = ({ form, success, failures, ...endpoint }: ServiceEndpoint): DescribedCall => ({
  ...endpoint,
  auth: ['service_bearer', 'service_basic'],
  ...(form ? { body: form, bodyType: 'application/x-www-form-urlencoded' } : {}),
  success: { status: success.status, contentType: success.contentType, schema: schemaOf(success.data, 'output') },
  failures: [...sharedFailures, ...failures.map(([code, text]) => [failureStatus[code], `\`${code}\` ${text}`] as const)],
});
