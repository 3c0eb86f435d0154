import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { parseConfig } from '../packages/server/src/config/parse-config.ts';
import { settingNames } from '../packages/server/src/config/settings.ts';

// The files for containers and services cannot be run everywhere: what they say is held against what there is.

const root = join(import.meta.dirname, '..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');

/** Of what a server is started with; it must come up as it stands. */
const composeSettings = (): Record<string, string> => parse(read('compose.yml')).services.tegata.environment;

describe('Dockerfile', () => {
  const dockerfile = read('Dockerfile');

  test('what it copies from the build exists in the workspace, and is not ignored', () => {
    const copied = [...dockerfile.matchAll(/^COPY --from=build \/app\/(\S+) \.\/(\S*)$/gm)].map(([, from]) => from!);
    expect(copied).toEqual(['package.json', 'node_modules', 'packages', 'apps/pages/dist']);
    for (const path of copied.filter((path) => !path.endsWith('dist'))) expect(existsSync(join(root, path)), path).toBe(true);
    expect(read('apps/pages/build.ts')).toContain("'dist'");
    const ignored = read('.dockerignore').split('\n');
    for (const needed of ['packages', 'apps', 'examples', 'scripts', 'package.json', 'package-lock.json', 'tsconfig.json']) {
      expect(ignored).not.toContain(needed);
    }
  });

  test('it is not root, starts the server without a shell in between, and asks for its health where the server answers', () => {
    const stages = dockerfile.split(/^FROM /m);
    const last = stages.at(-1)!;
    expect(last).toMatch(/^USER 1000:1000$/m);
    const command = JSON.parse(/^CMD (\[.*\])$/m.exec(last)![1]!) as string[];
    expect(command[0]).toBe('node');
    expect(existsSync(join(root, command[1]!))).toBe(true);
    const check = JSON.parse(/^HEALTHCHECK .*CMD (\[.*\])$/m.exec(last)![1]!) as string[];
    expect(check.slice(0, 2)).toEqual(['node', '-e']);
    expect(check[2]).toContain('/health/ready');
    const major = Number(/node:(\d+)-/.exec(last)![1]);
    expect(stages.slice(1).every((stage) => stage.startsWith(`node:${major}-`))).toBe(true);
    expect(major).toBe(Number(JSON.parse(read('package.json')).devDependencies.node.match(/\d+/)[0]));
  });
});

describe('compose.yml', () => {
  test('the settings exist, are good together, and name services and ports that are there', () => {
    const { services, volumes } = parse(read('compose.yml'));
    const environment = composeSettings();
    expect(Object.keys(environment).filter((name) => !settingNames.has(name))).toEqual([]);
    const config = parseConfig(environment);
    expect(services.tegata.ports).toEqual([`127.0.0.1:${config.port}:${config.port}`]);
    expect(config.host).toBe('0.0.0.0');
    for (const url of [environment.DATABASE_URL, environment.REDIS_URL, environment.SMTP_URL]) {
      expect(Object.keys(services)).toContain(new URL(url!).hostname);
    }
    for (const service of Object.keys(services.tegata.depends_on)) expect(services[service].healthcheck).toBeDefined();
    const { POSTGRES_USER, POSTGRES_PASSWORD, POSTGRES_DB } = services.postgres.environment;
    expect(environment.DATABASE_URL).toBe(`postgres://${POSTGRES_USER}:${POSTGRES_PASSWORD}@postgres:5432/${POSTGRES_DB}`);
    expect(services.valkey.command.join(' ')).toContain('--appendonly yes --appendfsync always --maxmemory-policy noeviction');
    const mounted = [services.postgres, services.valkey].flatMap((service) =>
      service.volumes.map((volume: string) => volume.split(':')[0]),
    );
    expect(Object.keys(volumes)).toEqual(mounted);
  });
});

describe('Kubernetes', () => {
  const documents = parseAllDocuments(read('deploy/kubernetes/tegata.yaml'));
  const [deployment, service, budget] = documents.map((document) => document.toJS());

  test('the manifest is YAML, and its parts find one another', () => {
    expect(documents.flatMap(({ errors }) => errors)).toEqual([]);
    const { template, selector } = deployment.spec;
    for (const labels of [selector.matchLabels, service.spec.selector, budget.spec.selector.matchLabels]) {
      expect(labels).toEqual(template.metadata.labels);
    }
    const [container] = template.spec.containers;
    expect(service.spec.ports[0].targetPort).toBe(container.ports[0].name);
    for (const probe of [container.readinessProbe, container.livenessProbe])
      expect(probe.httpGet.port).toBe(container.ports[0].name);
    expect(container.volumeMounts.map(({ name }: { name: string }) => name)).toEqual(
      template.spec.volumes.map(({ name }: { name: string }) => name),
    );
  });

  test('it starts with the settings of the manifest and of the secret that it asks for', () => {
    const [container] = deployment.spec.template.spec.containers;
    const given: [string, string][] = container.env.map(({ name, value }: Record<string, string>) => [name, value]);
    const secret = [...read('deploy/kubernetes/tegata.yaml').matchAll(/--from-literal=(\w+)=/g)].map(([, name]) => name!);
    expect([...given.map(([name]) => name), ...secret].filter((name) => !settingNames.has(name))).toEqual([]);
    const config = parseConfig({
      NODE_ENV: 'production',
      ...Object.fromEntries(given),
      TEGATA_SECRET: 'a-secret-of-this-test-0123456789-abcdefgh',
      DATABASE_URL: 'postgres://host/tegata',
      REDIS_URL: 'redis://host:6379/0',
      SMTP_URL: 'smtps://host:465',
    });
    expect(secret).toEqual(['TEGATA_SECRET', 'DATABASE_URL', 'REDIS_URL', 'SMTP_URL']);
    expect(config.port).toBe(container.ports[0].containerPort);
    expect(container.image).toBe(`tegata:${JSON.parse(read('packages/server/package.json')).version}`);
  });
});

describe('systemd', () => {
  const lines = read('deploy/systemd/tegata.service')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));

  test('every line is a section or a setting, and what it starts is there', () => {
    for (const line of lines) expect(line).toMatch(/^(\[(Unit|Service|Install)\]|[A-Z][A-Za-z]+=.*)$/);
    const start = lines.find((line) => line.startsWith('ExecStart='))!;
    expect(existsSync(join(root, start.split(' ')[1]!))).toBe(true);
    const named = lines.filter((line) => line.startsWith('Environment=')).map((line) => line.split('=')[1]!);
    expect(named.filter((name) => !settingNames.has(name))).toEqual([]);
  });
});

test('every page that the operator pages lead to exists', () => {
  for (const page of globSync('docs/{production,production.ja,upgrade,import}.md', { cwd: root })) {
    const links = [...read(page).matchAll(/\]\(([^)#]+)(?:#[^)]*)?\)/g)]
      .map(([, link]) => link!)
      .filter((link) => !/^https?:/.test(link));
    for (const link of links) expect(existsSync(join(root, 'docs', link)), `${page}: ${link}`).toBe(true);
  }
  const named = ['docs/production.md', 'docs/upgrade.md'].flatMap(
    (page) => read(page).match(/\b(?:TEGATA|SMTP|DATABASE|REDIS)_[A-Z_]+\b/g) ?? [],
  );
  expect([...new Set(named)].filter((name) => !settingNames.has(name))).toEqual([]);
});
