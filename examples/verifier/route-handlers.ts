// app/notes/route.ts of a Next.js application; any framework with web-standard handlers has them like this.
import { createVerifier } from '@tegata/verifier';
import { createGuards } from '@tegata/verifier/fetch';

const { TEGATA_URL = 'http://localhost:3000', TEGATA_VERIFICATION_SECRET = '', TEGATA_SERVICE = '' } = process.env;

export const verifier = createVerifier({
  issuer: 'tegata',
  audience: 'tegata-api',
  secret: TEGATA_VERIFICATION_SECRET,
  feed: { url: `${TEGATA_URL}/api/v1/revocations`, credential: TEGATA_SERVICE },
});
const { requireUser, requireRole, requireFresh } = createGuards(verifier);

export const GET = requireUser(async (_request, user) => Response.json({ owner: user.id }));
export const PUT = requireRole(['admin', 'owner'], async (_request, user) => Response.json({ role: user.claims.role }));
export const DELETE = requireFresh(async (_request, user) => Response.json({ deletedBy: user.id }));
