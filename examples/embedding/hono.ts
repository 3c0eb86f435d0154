import { once } from 'node:events';
import { type HttpBindings, serve } from '@hono/node-server';
import { createTegata, parseConfig, type User } from '@tegata/server';
import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';

const notes = new Map<string, string[]>();

const config = parseConfig({ TEGATA_CONTRACTS: 'cookie', ...process.env });
const tegata = await createTegata(config, {
  beforeAccountCloses: async ({ userId }) => void notes.delete(userId),
});

const app = new Hono<{ Bindings: HttpBindings; Variables: { user: User } }>();

app.use('/notes', async (c, next) => {
  const guarded = await tegata.guards.requireUser(c.req.raw);
  if (!guarded.ok) return guarded.response;
  c.set('user', guarded.user);
  return next();
});
app.get('/notes', (c) => c.json(notes.get(c.var.user.id) ?? []));
app.post('/notes', bodyLimit({ maxSize: 1000 }), async (c) => {
  const mine = [...(notes.get(c.var.user.id) ?? []), await c.req.text()];
  notes.set(c.var.user.id, mine);
  return c.json(mine);
});

// Last, so that the application's own routes come first. `c.env` tells Tegata from which address the request came.
app.all('*', (c) => tegata.fetch(c.req.raw, c.env));

const server = serve({ fetch: app.fetch, port: config.port, hostname: config.host }, (address) =>
  console.log('listening', address),
);
tegata.start();

process.once('SIGTERM', async () => {
  tegata.prepareToStop();
  await once(server.close(), 'close');
  await tegata.close();
});
