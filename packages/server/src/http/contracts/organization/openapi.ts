import { type DescribedCall, describePaths, schemaOf } from '../../openapi-operation.ts';
import { type Endpoint, endpoints } from './endpoints.ts';
import { failureStatus } from './failures.ts';
import { errorSchema } from './schemas.ts';
import { type FailureCode, texts } from './texts.ts';

const forEveryCall: readonly FailureCode[] = ['RATE_LIMIT_EXCEEDED', 'SERVICE_UNAVAILABLE'];
const withInput: readonly FailureCode[] = ['INVALID_REQUEST', 'VALIDATION_ERROR'];
const withLogIn: readonly FailureCode[] = ['AUTH_REQUIRED', 'TOKEN_EXPIRED', 'INVALID_TOKEN'];

/** The contract as OpenAPI 3.1, made from the very schemas that validate requests. Its operations carry its name, because other contracts have calls of the same kind. */
export const describeOrganization = () => ({
  introduction:
    'Contract `organization`: `{"success": true, "data": …}` and `{"success": false, "error": {"code", "message", "details"?}}`, Japanese texts by default. Tokens come in the body and as cookies; with a cookie, calls that change something need the header `X-CSRF-Token`.',
  paths: describePaths(
    Object.fromEntries((Object.entries(endpoints) as [string, Endpoint][]).map(([name, one]) => [operationId(name), call(one)])),
    'OrganizationError',
  ),
  schemas: { OrganizationError: schemaOf(errorSchema, 'output') },
  tags: [
    {
      name: 'Organization accounts',
      description: 'Register with an organization. Success is {"success": true, "data"}; failure is {"success": false, "error"}.',
    },
    { name: 'Organization sessions', description: 'Log in, refresh, log out: tokens in body, cookies and header.' },
    { name: 'Organization connections', description: 'Log in through other providers.' },
    { name: 'Organization passwords', description: 'Forgotten and reset passwords.' },
  ],
});

const operationId = (name: string) => `organization${name.charAt(0).toUpperCase()}${name.slice(1)}`;

const call = ({ auth, success, failures, ...endpoint }: Endpoint): DescribedCall => ({
  ...endpoint,
  ...(auth ? { auth: ['access_token', 'access_cookie'] } : {}),
  success: {
    status: success.status,
    schema: {
      type: 'object',
      properties: { success: { const: true }, data: schemaOf(success.data, 'output') },
      required: ['success', 'data'],
    },
  },
  failures: [...(endpoint.body || endpoint.query ? withInput : []), ...(auth ? withLogIn : []), ...failures, ...forEveryCall].map(
    (code) => [failureStatus[code], `\`${code}\` ${textOf(code)}`] as const,
  ),
});

const textOf = (code: FailureCode) => (code === 'ACCOUNT_LOCKED' ? texts.en.accountLocked(15) : texts.en.failures[code]);
