import { contracts } from '../../packages/server/src/http/app.ts';
import { code, table } from './table.ts';

type Operation = {
  summary: string;
  description: string;
  tags: string[];
  security?: Record<string, unknown>[];
  responses: Record<string, unknown>;
};

const callers: Record<string, string> = {
  access_token: 'access token',
  access_cookie: 'access cookie',
  refresh_token: 'refresh token',
  service_bearer: 'a service, Bearer',
  service_basic: 'a service, Basic',
};

const whoMayCall = ({ security }: Operation): string =>
  security === undefined
    ? 'anybody'
    : security.map((option) => Object.keys(option).map((name) => callers[name])[0] ?? 'anybody').join(' or ');

const row = (method: string, path: string, operation: Operation): string[] => {
  const [, about = '', limit = ''] = /^([\s\S]*?)(?:(?:^|\n\n)Limit: ([\s\S]*)\.)?$/.exec(operation.description) ?? [];
  const [done, ...refused] = Object.keys(operation.responses).filter((status) => status !== 'default');
  return [
    code(`${method.toUpperCase()} ${path}`),
    [`**${operation.summary}.**`, about].join(' ').trim(),
    whoMayCall(operation),
    `**${done}**, ${refused.join(', ')}`,
    limit,
  ];
};

/** What is there beside the contracts, by method and path. */
export const besideTheContracts: Readonly<Record<string, string>> = {
  'GET /health/live': 'Is the process there? 200, whatever the database does',
  'GET /health/ready': 'May requests be sent here? 200, or 503 while the database is away or the server is stopping',
  'GET /health/topology': 'What arrived of this very call behind every proxy: for `tegata doctor --url`, 404 for anybody else',
  'GET /metrics': 'Metrics: for this machine, or for whoever has `TEGATA_METRICS_TOKEN`; 404 for anybody else',
  'GET /.well-known/jwks.json': 'The public keys of access tokens (RFC 7517); empty with `HS256`',
  'GET /openapi.json': 'The contracts that are served, as OpenAPI 3.1',
  'GET /docs': 'The same for people',
  'GET /auth/verify-email': 'The page behind a verification link; opening it consumes nothing',
  'POST /auth/verify-email': 'Its form',
  'GET /auth/reset-password': 'The page behind a reset link',
  'POST /auth/reset-password': 'Its form',
  'GET /auth/undo-email': 'The page behind the link that undoes a change of address',
  'POST /auth/undo-email': 'Its form',
  'GET /': 'Outside production, without `SMTP_URL`: where everything is',
  'GET /dev/mailbox': 'Outside production, without `SMTP_URL`: the mails',
  'GET /dev/mailbox/messages': 'The same as JSON; `?to=` names an address',
};

export const endpointsReference = (): string => {
  const sections = contracts.map((contract) => {
    const { introduction, paths, tags } = contract.openapi();
    const operations = Object.entries(paths as Record<string, Record<string, Operation>>).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ method, path, operation })),
    );
    const tables = tags.map(({ name, description }) => {
      const rows = operations
        .filter(({ operation }) => operation.tags.includes(name))
        .map(({ method, path, operation }) => row(method, path, operation));
      return `### ${name}\n\n${description}\n\n${table(['call', 'what it does', 'who may call', 'answers', 'limit'], rows)}`;
    });
    return `## Contract \`${contract.name}\`\n\n${introduction}\n\n${tables.join('\n\n')}`;
  });
  return `# Endpoints

Which contracts are served, \`TEGATA_CONTRACTS\` says. The first status is success; what the others mean: [failures](failures.md). Every call may also be answered 404, 405, 413, 415, 429, 500 and 503 in the contract's own shape. Limits can be turned off
(\`TEGATA_RATE_LIMITS\`); the lockout cannot.

${sections.join('\n\n')}

## Beside the contracts

${table(
  ['call', 'what it is'],
  Object.entries(besideTheContracts).map(([call, meaning]) => [code(call), meaning]),
)}

The hosted pages are at \`/auth/…\` ([pages](../pages.md)).
`;
};
