import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

// `npm run docs:dependencies`: docs/dependencies.md, what the published packages bring along. Read from the lock file, without network.

type Locked = {
  version: string;
  license?: string;
  dev?: boolean;
  /** Of development, and of an optional peer. */
  devOptional?: boolean;
  link?: boolean;
  optional?: boolean;
  hasInstallScript?: boolean;
};
export type Dependency = {
  name: string;
  version: string;
  license: string;
  runsScripts: boolean;
  directOf: string[];
  purpose: string | undefined;
};

/** Why each package that Tegata names is there; what has no reason here is one too many. */
const purposes: Record<string, string> = {
  '@hono/node-server': 'joins the router to node:http',
  '@node-rs/argon2': 'hashes passwords',
  '@opentelemetry/api': 'the words in which traces are told; prom-client loads it too',
  '@opentelemetry/core': 'reads the traceparent of a caller; loaded when tracing is on',
  '@opentelemetry/exporter-trace-otlp-http': 'sends traces; loaded when tracing is on',
  '@opentelemetry/resources': 'says which service a trace is of; loaded when tracing is on',
  '@opentelemetry/sdk-trace': 'samples and batches traces; loaded when tracing is on',
  '@redis/client': 'speaks to Redis and Valkey',
  '@zxcvbn-ts/language-common': 'the list of common passwords',
  bcrypt: 'hashes passwords where bcrypt is asked for, and verifies imported ones',
  hono: 'routes requests; in the verifier only the type of a guard',
  'ipaddr.js': 'reads addresses and networks of callers and proxies',
  jose: 'verifies signatures in other services, on every runtime',
  kysely: 'writes SQL with bound values, for both databases',
  'lru-cache': 'remembers verified tokens within a bound',
  nodemailer: 'sends mail',
  'openid-client': 'speaks OpenID Connect and OAuth with providers',
  pg: 'speaks to PostgreSQL',
  pino: 'writes the log',
  'prom-client': 'counts for Prometheus',
  'rate-limiter-flexible': 'counts attempts, in memory and in Redis',
  react: "the application's own",
  zod: 'checks requests and describes them in OpenAPI',
};

const root = join(import.meta.dirname, '..');
const read = (file: string) => JSON.parse(readFileSync(join(root, file), 'utf8'));
const nameOf = (path: string) => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);

const packages = ['server', 'client', 'react', 'verifier', 'core', 'contract'];
const isProduct = ([path, locked]: [string, Locked]) =>
  path.includes('node_modules/') && !locked.dev && !locked.devOptional && !locked.link;

/** Everything that an installation of the packages brings along, less prebuilt files for other platforms. */
export const productDependencies = (): Dependency[] => {
  const direct = new Map<string, string[]>();
  for (const owner of packages) {
    const { dependencies = {}, peerDependencies = {} } = read(`packages/${owner}/package.json`);
    for (const name of Object.keys({ ...dependencies, ...peerDependencies }))
      direct.set(name, [...(direct.get(name) ?? []), owner]);
  }
  return Object.entries(read('package-lock.json').packages as Record<string, Locked>)
    .filter(isProduct)
    .filter(([, { optional }]) => !optional)
    .map(([path, { version, license, hasInstallScript }]) => ({
      name: nameOf(path),
      version,
      license: license ?? 'none given',
      runsScripts: hasInstallScript === true,
      directOf: direct.get(nameOf(path)) ?? [],
      purpose: purposes[nameOf(path)],
    }))
    .sort((left, right) => right.directOf.length - left.directOf.length || left.name.localeCompare(right.name));
};

export const dependenciesPage = (): string => {
  const all = productDependencies();
  const row = ({ name, version, license, runsScripts, directOf, purpose }: Dependency) =>
    `| \`${name}\` | ${version} | ${license} | ${directOf.join(', ') || 'indirectly'} | ${purpose ?? ''} | ${runsScripts ? '**yes**' : ''} |`;
  return `# What the packages bring along

Made by \`npm run docs:dependencies\` from the lock file; a test fails when it is out of date, when a license is not on its list, or when a package that is not on its list runs a script at installation.
${all.length} packages, ${all.filter(({ directOf }) => directOf.length > 0).length} of them named by Tegata itself. Prebuilt files of the same packages for other platforms are left out.

Signatures and known vulnerabilities need a registry: \`npm audit signatures\` and \`npm audit --omit dev\` ([production.md](production.md#what-you-run)).

| package | version | license | named by | what for | runs a script at installation |
|---|---|---|---|---|---|
${all.map(row).join('\n')}
`;
};

if (import.meta.main) writeFileSync(join(root, 'docs/dependencies.md'), dependenciesPage());
