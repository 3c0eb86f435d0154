import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { glob, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { startOtlpReceiver } from '../otlp-receiver.ts';
import { walkOf } from '../readme-walk.ts';
import { temporaryFolder } from '../server-process.ts';

// What is published, as whoever installs it gets it: built, packed, installed into an empty folder and started there.

const run = promisify(execFile);
const root = join(import.meta.dirname, '../..');
const names = ['contract', 'core', 'client', 'react', 'verifier', 'server'];

/** With this very Node first, whatever the machine has; of its settings only what npm needs. */
const environment = (more: Record<string, string> = {}): NodeJS.ProcessEnv => {
  const { PATH, HOME, TMPDIR } = process.env;
  return { HOME, TMPDIR, PATH: `${dirname(process.execPath)}:${PATH}`, ...more };
};

test('every package, packed and installed into an empty folder, loads; the server starts with npx and passes the README walk', {
  timeout: 600_000,
}, async () => {
  const folder = await temporaryFolder();
  const [packed, installed] = [join(folder, 'packed'), join(folder, 'installed')];
  await Promise.all([mkdir(packed), mkdir(installed)]);
  // A package that is added is published, or private, but not forgotten here.
  expect((await readdir(join(root, 'packages'))).sort()).toEqual(names.toSorted());
  const inside = { cwd: installed, env: environment() };

  await run(process.execPath, ['scripts/build.ts'], { cwd: root, env: environment() });
  await run('npm', ['pack', '--pack-destination', packed, ...names.map((name) => `./packages/${name}/dist`)], {
    cwd: root,
    env: environment(),
  });
  const tarballs = await readdir(packed);
  expect(tarballs).toHaveLength(names.length);

  await writeFile(
    join(installed, 'package.json'),
    JSON.stringify({ name: 'empty', version: '1.0.0', private: true, type: 'module' }),
  );
  const files = tarballs.map((file) => join(packed, file));
  await run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', ...files], { ...inside, timeout: 300_000 });

  const loaded = await run('node', ['--input-type=module', '-e', loadAll], inside);
  expect(JSON.parse(loaded.stdout)).toEqual({
    contract: true,
    core: true,
    client: true,
    react: true,
    verifier: true,
    'verifier/fetch': true,
    'verifier/node': true,
    server: true,
  });

  for (const name of names) await expectOnlyWhatBelongs(join(installed, 'node_modules/@tegata', name));

  const receiver = await startOtlpReceiver();
  const server = await startInstalled(installed, { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url });
  expect((await fetch(`${server.url}/health/ready`)).status).toBe(200);
  const page = await fetch(`${server.url}/auth/log-in`);
  expect({ status: page.status, type: page.headers.get('content-type') }).toMatchObject({
    status: 200,
    type: expect.stringContaining('text/html'),
  });

  const script = (await walkOf('README.md')).replace('URL=http://localhost:3000', `URL=${server.url}`);
  const { stdout } = await run('bash', ['-euo', 'pipefail', '-c', script], inside);
  expect(stdout).toContain('Email verified successfully');
  expect(stdout).toContain('"email":"ada@example.com"');
  expect(stdout).toContain('"reason":"logged_out"');
  await server.stop();
  await expect(fetch(`${server.url}/health/live`)).rejects.toThrow();
  // What is loaded only when it is asked for was published too.
  const { version } = JSON.parse(await readFile(join(root, 'packages/server/package.json'), 'utf8'));
  const logIns = receiver.spans().filter(({ name }) => name === 'POST /api/v1/auth/login');
  expect(logIns[0]?.resource).toMatchObject({ 'service.name': 'tegata', 'service.version': version });
  // Nothing was left beside the packages, where npm would take it for one.
  expect((await readdir(join(installed, 'node_modules/@tegata'))).sort()).toEqual(names.toSorted());

  const bill = JSON.parse(
    (await run('npm', ['sbom', '--sbom-format', 'cyclonedx', '--omit', 'dev'], { ...inside, maxBuffer: 2 ** 26 })).stdout,
  );
  const listed = bill.components.map(({ name }: { name: string }) => name);
  expect(listed).toEqual(
    expect.arrayContaining(
      ['server', 'core', 'kysely', 'hono', 'jose'].map((name) => expect.stringMatching(new RegExp(`(^|/)${name}$`))),
    ),
  );

  const manifest = JSON.parse(await readFile(join(installed, 'node_modules/@tegata/server/package.json'), 'utf8'));
  expect(manifest).not.toHaveProperty('devDependencies');
  expect(JSON.stringify([manifest.exports, manifest.bin])).not.toContain('src/');
});

const loadAll = `
  const names = ['contract', 'core', 'client', 'react', 'verifier', 'verifier/fetch', 'verifier/node', 'server'];
  const loaded = await Promise.all(names.map(async (name) => [name, Object.keys(await import('@tegata/' + name)).length > 0]));
  console.log(JSON.stringify(Object.fromEntries(loaded)));
`;

/** JavaScript, its types and what it reads: no sources, no tests; and nothing is imported that only happens to be there. */
const expectOnlyWhatBelongs = async (folder: string) => {
  const manifest = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
  expect(manifest).toMatchObject({ license: 'MIT', type: 'module', description: expect.stringMatching(/\w/) });
  const listed = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies });
  const files: string[] = [];
  for await (const entry of glob('**/*', { cwd: folder, withFileTypes: true, exclude: (each) => each.name === 'node_modules' })) {
    if (entry.isFile()) files.push(join(entry.parentPath, entry.name));
  }
  expect(files.length).toBeGreaterThan(8);
  for (const name of ['LICENSE', 'README.md']) expect(files).toContain(join(folder, name));
  for (const file of files) {
    const path = file.slice(folder.length + 1);
    expect(path).toMatch(/^(LICENSE|README\.md|package\.json|[\w/-]+(\.d\.ts|\.js)|http\/pages\/hosted\/[\w./-]+)$/);
    expect(path).not.toMatch(/test|^src\/|map$|(^|\/)\./);
    if (!path.endsWith('.js') || path.startsWith('http/pages/hosted/')) continue;
    const imported = (await readFile(file, 'utf8')).matchAll(
      /^(?:import|export) .*?from '([^'.][^']*)'|import\('([^'.][^']*)'\)/gm,
    );
    for (const [, first, second] of imported) {
      const [, name = ''] = /^((?:@[^/]+\/)?[^/]+)/.exec((first ?? second)!) ?? [];
      if (!name.startsWith('node:')) expect(listed, `${path} imports ${name}`).toContain(name);
    }
  }
};

/** In a process group of its own: npx puts a shell between itself and the server. */
const startInstalled = async (folder: string, settings: Record<string, string>) => {
  const child = spawn('npx', ['tegata', 'serve'], {
    cwd: folder,
    env: environment({ PORT: '0', LOG_LEVEL: 'error', ...settings }),
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const signal = (name: NodeJS.Signals) => {
    try {
      process.kill(-child.pid!, name);
    } catch {
      // It has ended.
    }
  };
  onTestFinished(() => signal('SIGKILL'));
  const closed = once(child, 'close');
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (said += text));
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout.on('data', () => {
      const found = /listening +(http:\S+)/.exec(said)?.[1];
      if (found) resolve(found);
    });
    void closed.then(([code]) => reject(new Error(`npx tegata serve ended with ${code}: ${said}`)));
  });
  return {
    url,
    /** SIGTERM to all of them. The pipe closes when the last one, the server, has ended. */
    stop: async () => {
      signal('SIGTERM');
      await closed;
    },
  };
};
