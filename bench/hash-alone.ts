import { createHashingLane } from '../packages/server/src/adapters/hashing-lane.ts';
import { createPasswordHasher } from '../packages/server/src/adapters/password-hasher.ts';
import { password } from './people.ts';

// The limit of logging in: the same hash, library and parameters, so many at once, and nothing else.

const [concurrency = 1, seconds = 1] = process.argv.slice(2).map(Number);
const lane = createHashingLane({ concurrency, maxQueued: concurrency, deadlineMs: 60_000 });
const hasher = createPasswordHasher({ algorithm: 'argon2id', lane });
const hash = await hasher.hash(password);

const startedAt = performance.now();
const endsAt = startedAt + seconds * 1000;
let verified = 0;
const work = async () => {
  while (performance.now() < endsAt) {
    await hasher.verify(password, hash);
    verified += 1;
  }
};
await Promise.all(Array.from({ length: concurrency }, work));
console.log(JSON.stringify({ perSecond: verified / ((performance.now() - startedAt) / 1000) }));
