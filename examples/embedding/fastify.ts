import { createTegata, parseConfig, type User, webRequest } from '@tegata/server';
import fastify from 'fastify';

declare module 'fastify' {
  interface FastifyRequest {
    user: User;
  }
}

const notes = new Map<string, string[]>();

const config = parseConfig({ TEGATA_CONTRACTS: 'cookie', ...process.env });
const tegata = await createTegata(config, {
  beforeAccountCloses: async ({ userId }) => void notes.delete(userId),
});

const app = fastify();

app.register(async (own) => {
  own.addHook('onRequest', async (request, reply) => {
    const guarded = await tegata.guards.requireUser(webRequest(request.raw));
    if (!guarded.ok) return reply.send(guarded.response);
    request.user = guarded.user;
  });
  own.get('/notes', async ({ user }) => notes.get(user.id) ?? []);
  own.post<{ Body: string }>('/notes', async ({ user, body }) => {
    const mine = [...(notes.get(user.id) ?? []), body];
    notes.set(user.id, mine);
    return mine;
  });
});

// Whatever has no route of the application's own. In `onRequest`, because after it Fastify would read the body.
app.register(async (rest) => {
  rest.addHook('onRequest', async (request, reply) => {
    reply.hijack();
    tegata.nodeListener(request.raw, reply.raw);
  });
  rest.all('/*', async () => {});
});

await app.listen({ port: config.port, host: config.host });
tegata.start();
console.log('listening', app.server.address());

process.once('SIGTERM', async () => {
  tegata.prepareToStop();
  await app.close();
  await tegata.close();
});
