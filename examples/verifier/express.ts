import { createVerifier } from '@tegata/verifier';
import { createGuards } from '@tegata/verifier/express';
import express from 'express';

const { TEGATA_URL = 'http://localhost:3000', TEGATA_VERIFICATION_SECRET = '', TEGATA_SERVICE = '', PORT = '4000' } = process.env;

const verifier = createVerifier({
  issuer: 'tegata',
  audience: 'tegata-api',
  secret: TEGATA_VERIFICATION_SECRET,
  feed: { url: `${TEGATA_URL}/api/v1/revocations`, credential: TEGATA_SERVICE },
});
const { requireUser, requireRole, requireFresh, userOf } = createGuards(verifier);

const app = express();
app.get('/notes', requireUser(), (request, response) => {
  response.json({ owner: userOf(request).id });
});
app.get('/reports', requireRole(['admin', 'owner']), (request, response) => {
  response.json({ role: userOf(request).claims.role });
});
app.delete('/notes', requireFresh(), (request, response) => {
  response.json({ deletedBy: userOf(request).id });
});

await verifier.ready();
const server = app.listen(Number(PORT), '127.0.0.1', () => console.log('listening', server.address()));

process.once('SIGTERM', () => {
  verifier.close();
  server.close();
});
