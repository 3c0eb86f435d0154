import { createVerifier } from '@tegata/verifier';
import { createGuards } from '@tegata/verifier/fastify';
import Fastify from 'fastify';

const { TEGATA_URL = 'http://localhost:3000', TEGATA_VERIFICATION_SECRET = '', TEGATA_SERVICE = '', PORT = '4000' } = process.env;

const verifier = createVerifier({
  issuer: 'tegata',
  audience: 'tegata-api',
  secret: TEGATA_VERIFICATION_SECRET,
  feed: { url: `${TEGATA_URL}/api/v1/revocations`, credential: TEGATA_SERVICE },
});
const { requireUser, requireRole, requireFresh, userOf } = createGuards(verifier);

const app = Fastify();
app.get('/notes', { onRequest: requireUser() }, async (request) => ({ owner: userOf(request).id }));
app.get('/reports', { onRequest: requireRole(['admin', 'owner']) }, async (request) => ({ role: userOf(request).claims.role }));
app.delete('/notes', { onRequest: requireFresh() }, async (request) => ({ deletedBy: userOf(request).id }));

await verifier.ready();
await app.listen({ port: Number(PORT), host: '127.0.0.1' });
console.log('listening', app.server.address());

process.once('SIGTERM', async () => {
  verifier.close();
  await app.close();
});
