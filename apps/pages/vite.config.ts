import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

// There is no index.html: the server writes the documents, from the table that `build.ts` leaves it.
export default defineConfig({
  root: import.meta.dirname,
  base: '/auth/assets/',
  plugins: [react()],
  logLevel: 'warn',
  build: {
    outDir: 'dist/assets',
    emptyOutDir: true,
    assetsDir: '',
    manifest: 'manifest.json',
    target: 'es2022',
    // The server says in the document what to load ahead, and the policy allows no inline script.
    modulePreload: false,
    cssCodeSplit: true,
    // Nothing may become a data: address in a style sheet or script.
    assetsInlineLimit: 0,
    rolldownOptions: { input: `${import.meta.dirname}/src/main.tsx` },
  },
});
