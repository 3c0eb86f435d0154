import { serve } from '@hono/node-server';
import { createVerifier } from '@tegata/verifier';
import { createGuards } from '@tegata/verifier/hono';
import { Hono } from 'hono';

const { TEGATA_URL = 'http://localhost:3000', TEGATA_VERIFICATION_SECRET = '', TEGATA_SERVICE = '', PORT = '4000' } = process.env;

const verifier = createVerifier({
  issuer: 'tegata',
  audience: 'tegata-api',
  secret: TEGATA_VERIFICATION_SECRET,
  feed: { url: `${TEGATA_URL}/api/v1/revocations`, credential: TEGATA_SERVICE },
});
const { requireUser, requireRole, requireFresh } = createGuards(verifier);

const app = new Hono()
  .get('/notes', requireUser(), (c) => c.json({ owner: c.get('user').id }))
  .get('/reports', requireRole(['admin', 'owner']), (c) => c.json({ role: c.get('user').claims.role }))
  .delete('/notes', requireFresh(), (c) => c.json({ deletedBy: c.get('user').id }));

await verifier.ready();
const server = serve({ fetch: app.fetch, port: Number(PORT), hostname: '127.0.0.1' }, (address) =>
  console.log('listening', address),
);

process.once('SIGTERM', () => {
  verifier.close();
  server.close();
});
