import { createServer } from 'node:http';
import { createVerifier } from '@tegata/verifier';
import { createGuards } from '@tegata/verifier/node';

const { TEGATA_URL = 'http://localhost:3000', TEGATA_VERIFICATION_SECRET = '', TEGATA_SERVICE = '', PORT = '4000' } = process.env;

const verifier = createVerifier({
  issuer: 'tegata',
  audience: 'tegata-api',
  secret: TEGATA_VERIFICATION_SECRET,
  feed: { url: `${TEGATA_URL}/api/v1/revocations`, credential: TEGATA_SERVICE },
});
const { requireUser, requireRole, requireFresh } = createGuards(verifier);

const server = createServer(async (request, response) => {
  const json = (body: object) => response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
  switch (`${request.method} ${request.url}`) {
    case 'GET /notes': {
      const user = await requireUser(request, response);
      return user && json({ owner: user.id });
    }
    case 'GET /reports': {
      const user = await requireRole(request, response, ['admin', 'owner']);
      return user && json({ role: user.claims.role });
    }
    case 'DELETE /notes': {
      const user = await requireFresh(request, response);
      return user && json({ deletedBy: user.id });
    }
    default:
      return response.writeHead(404).end();
  }
});

await verifier.ready();
server.listen(Number(PORT), '127.0.0.1', () => console.log('listening', server.address()));

process.once('SIGTERM', () => {
  verifier.close();
  server.close();
});
