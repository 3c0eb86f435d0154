import type { Contract } from './contract.ts';

/** The OpenAPI 3.1 document of the contracts that this server mounts. */
export const openapiDocument = (
  contracts: readonly Contract[],
  { publicUrl, version }: { publicUrl: string; version: string },
) => {
  const parts = contracts.map((contract) => contract.openapi());
  return {
    openapi: '3.1.0',
    info: {
      title: 'Tegata',
      version,
      license: { name: 'MIT', identifier: 'MIT' },
      description: [
        'Requests and answers are JSON. Error codes and types are the API, texts follow `Accept-Language` (English, Japanese), and every answer carries `X-Request-Id`.',
        ...parts.map(({ introduction }) => introduction),
        'Services that verify access tokens by themselves find the public keys at `/.well-known/jwks.json` (RFC 7517): `{"keys": [{"kty", "crv", "x", "y"?, "kid", "alg", "use": "sig"}]}`, keys to come included; it may be cached for as long as `Cache-Control` says. With `HS256` it is empty.',
      ].join('\n\n'),
    },
    servers: [{ url: publicUrl }],
    tags: parts.flatMap(({ tags }) => tags),
    paths: Object.assign({}, ...parts.map(({ paths }) => paths)),
    components: {
      schemas: Object.assign({}, ...parts.map(({ schemas }) => schemas)),
      securitySchemes: {
        access_token: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
        access_cookie: { type: 'apiKey', in: 'cookie', name: 'access_token' },
        refresh_token: { type: 'apiKey', in: 'cookie', name: 'refresh_token' },
        service_bearer: { type: 'http', scheme: 'bearer' },
        service_basic: { type: 'http', scheme: 'basic' },
      },
    },
  };
};
export type OpenapiDocument = ReturnType<typeof openapiDocument>;
