import { setImmediate as nextTurn } from 'node:timers/promises';
import { createVerifier } from '@tegata/verifier';

// A service in a process of its own. Told to watch a token, it checks it over and over, and says when it accepted it last and
// why it did not any more.

type Settings = { secret: string; url: string; credential: string; onLost: 'open' | 'closed' };
export type FromParent = { watch: string } | { check: string } | { health: true };
export type FromVerifier =
  | { ready: true }
  | { accepted: string }
  | { lastAcceptedAt: number; code: string; reason: string | undefined }
  | { checked: string }
  | { state: string; knownUntil: number | undefined };

const { secret, url, credential, onLost } = JSON.parse(process.env.VERIFIER ?? '{}') as Settings;
const verifier = createVerifier({
  issuer: 'tegata',
  audience: 'tegata-api',
  secret,
  feed: { url: `${url}/api/v1/revocations`, credential, onLost },
});
const say = (message: FromVerifier) => process.send?.(message);

const watch = async (token: string) => {
  let lastAcceptedAt = 0;
  for (let checks = 0; ; checks += 1) {
    const verified = await verifier.verify(token);
    if (!verified.ok) return say({ lastAcceptedAt, ...verified.failure, reason: verified.failure.reason });
    lastAcceptedAt = Date.now();
    if (checks === 0) say({ accepted: token });
    await nextTurn();
    // Two cores are shared by five processes: nobody should wait for a checker that checks a million times a second.
    if (checks % 16 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  }
};

process.on('message', async (message: FromParent) => {
  if ('watch' in message) await watch(message.watch);
  else if ('check' in message) {
    const verified = await verifier.verify(message.check);
    say({ checked: verified.ok ? 'ok' : (verified.failure.reason ?? verified.failure.code) });
  } else {
    const { state, knownUntil } = verifier.health();
    say({ state, knownUntil });
  }
});
process.once('disconnect', () => process.exit());

await verifier.ready(30_000);
say({ ready: true });
