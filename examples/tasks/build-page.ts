import { join } from 'node:path';

// Builds the page into `page/dist`, where page.ts finds it. Runs at every installation.

const page = join(import.meta.dirname, 'page');

try {
  // Without it React comes with its warnings, at twice the size.
  process.env.NODE_ENV = 'production';
  const { build } = await import('vite');
  await build({
    root: page,
    configFile: false,
    logLevel: 'warn',
    build: {
      outDir: join(page, 'dist'),
      emptyOutDir: true,
      target: 'es2022',
      modulePreload: false,
      rolldownOptions: { input: join(page, 'main.tsx'), output: { entryFileNames: 'page.js' } },
    },
  });
} catch (error) {
  if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error;
  console.error('The page of the tasks application was not built: vite is not installed.');
}
