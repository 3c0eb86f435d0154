import { type DescribedCall, describePaths, schemaOf } from '../../openapi-operation.ts';
import { type Endpoint, endpoints } from './endpoints.ts';
import { failureStatus, lockedStatus } from './failures.ts';
import { errorSchema } from './schemas.ts';
import { texts } from './texts.ts';

const tag = 'Bearer';

/** The contract as OpenAPI 3.1, made from the very schemas that validate requests. Its operations carry its name, because other contracts have calls of the same kind. */
export const describeBearer = () => ({
  introduction:
    'Contract `bearer`: bare JSON, failure `{"error": "…"}`. Register or log in, and send the token as `Authorization: Bearer …` for an hour.',
  paths: describePaths(
    Object.fromEntries((Object.entries(endpoints) as [string, Endpoint][]).map(([name, one]) => [operationId(name), call(one)])),
    'BearerError',
  ),
  schemas: { BearerError: schemaOf(errorSchema, 'output') },
  tags: [
    { name: tag, description: 'Register or log in, get one JWT, send it in `Authorization`. Failure is {"error": "<message>"}.' },
  ],
});

const operationId = (name: string) => `bearer${name.charAt(0).toUpperCase()}${name.slice(1)}`;

const call = ({ auth, success, failures, ...endpoint }: Endpoint): DescribedCall => ({
  ...endpoint,
  tag,
  ...(auth ? { auth: ['access_token'] } : {}),
  success: { status: success.status, schema: schemaOf(success.schema, 'output') },
  failures: [
    ...(endpoint.body ? (['bodyInvalid', 'bodyTooLarge', 'unsupportedMediaType'] as const) : []),
    ...(auth ? (['authenticationRequired', 'authorizationMalformed', 'tokenInvalid'] as const) : []),
    ...failures,
    ...(endpoint.limit ? (['rateLimited'] as const) : []),
    'unavailable' as const,
  ].map((failure) =>
    failure === 'accountLocked'
      ? ([lockedStatus, texts.en.accountLocked(15)] as const)
      : ([failureStatus[failure], texts.en[failure]] as const),
  ),
});
