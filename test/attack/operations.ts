import type { TestServer } from '../server.ts';

// What a server offers, as its own OpenAPI document says it: a test that goes through all of it leaves out nothing that is added
// later.

export type Operation = {
  method: string;
  /** With an id nobody has, and a provider that there is, for the parameters. */
  path: string;
  contract: 'standard' | 'cookie' | 'bearer' | 'organization';
  /** The ways to say who one is: names of security schemes; empty when there are none. */
  credentials: string[];
  bodyType: string | undefined;
  /** Of a body in JSON. */
  fields: string[];
};

type Documented = {
  security?: Record<string, unknown>[];
  requestBody?: { content: Record<string, { schema: { properties?: Record<string, unknown> } }> };
};

const parameters: Record<string, string> = { id: '01990000-0000-7000-8000-000000000099', provider: 'google' };

const contractOf = (path: string): Operation['contract'] => {
  if (path.startsWith('/api/v1/')) return 'standard';
  if (path.startsWith('/auth/')) return 'cookie';
  return path === '/api/me' ? 'bearer' : 'organization';
};

export const operationsOf = async (server: TestServer): Promise<Operation[]> => {
  const { paths } = (await server.call('GET', '/openapi.json')).body as { paths: Record<string, Record<string, Documented>> };
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { security, requestBody }]): Operation => {
      const [bodyType] = Object.keys(requestBody?.content ?? {});
      return {
        method: method.toUpperCase(),
        path: path.replaceAll(/\{(\w+)\}/g, (_, name: string) => parameters[name] ?? 'x'),
        contract: contractOf(path),
        credentials: (security ?? []).flatMap((option) => Object.keys(option)),
        bodyType,
        fields: Object.keys(requestBody?.content['application/json']?.schema.properties ?? {}),
      };
    }),
  );
};
