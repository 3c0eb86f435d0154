import { registerHooks } from 'node:module';

// Says which modules a server has loaded once it has answered a request.

const modules: string[] = [];
registerHooks({
  load: (url, context, next) => {
    modules.push(url);
    return next(url, context);
  },
});
const { createTegata } = await import('../../packages/server/src/index.ts');
const tegata = await createTegata(process.env);
const { status } = await tegata.fetch(new Request('http://localhost:3000/health/ready'));
await tegata.close();
process.stdout.write(JSON.stringify({ status, modules }));
