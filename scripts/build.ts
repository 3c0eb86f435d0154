import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, cpSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

// Makes each package publishable: JavaScript and types in `dist/`, with a package.json that points at them. In the
// workspace packages export their TypeScript, so that nothing has to be built to run; what is published is `dist`.

const root = join(import.meta.dirname, '..');

// The server is published with its hosted pages.
execFileSync(process.execPath, [join(root, 'apps/pages/build.ts')], { stdio: 'inherit', cwd: root });

for (const name of ['contract', 'core', 'client', 'react', 'verifier', 'server']) {
  const folder = join(root, 'packages', name);
  const dist = join(folder, 'dist');
  rmSync(dist, { recursive: true, force: true });

  const config = join(folder, 'tsconfig.build.json');
  writeFileSync(
    config,
    JSON.stringify({
      extends: '../../tsconfig.json',
      compilerOptions: {
        noEmit: false,
        declaration: true,
        sourceMap: false,
        rootDir: './src',
        outDir: './dist',
        allowImportingTsExtensions: false,
      },
      include: ['src'],
      exclude: ['src/**/*.test.ts', 'src/**/testing/**', 'dist'],
    }),
  );
  try {
    execFileSync(join(root, 'node_modules/.bin/tsc'), ['-p', config], { stdio: 'inherit', cwd: root });
  } finally {
    rmSync(config);
  }

  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const built = (path: string) => path.replace('./src/', './').replace(/\.ts$/, '.js');
  const exported = Object.entries(manifest.exports as Record<string, string>).filter(([path]) => path !== './testing');
  manifest.exports = Object.fromEntries(
    exported.map(([path, file]) => [path, { types: built(file).replace(/\.js$/, '.d.ts'), default: built(file) }]),
  );
  if (manifest.bin)
    manifest.bin = Object.fromEntries(
      Object.entries(manifest.bin as Record<string, string>).map(([bin, file]) => [bin, built(file)]),
    );
  if (name === 'server') manifest.engines = { node: '>=24' };
  manifest.devDependencies = undefined;
  writeFileSync(join(dist, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  copyFileSync(join(root, 'LICENSE'), join(dist, 'LICENSE'));
  copyFileSync(join(folder, 'README.md'), join(dist, 'README.md'));
  const assets = join(folder, 'assets');
  if (existsSync(assets)) cpSync(assets, join(dist, 'assets'), { recursive: true });
  if (name === 'server') cpSync(join(root, 'apps/pages/dist'), join(dist, 'http/pages/hosted'), { recursive: true });
  if (manifest.bin) for (const file of Object.values(manifest.bin as Record<string, string>)) chmodSync(join(dist, file), 0o755);
  console.log(`${manifest.name}: packages/${name}/dist`);
}
