import { generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto';
import { createVerifier } from '@tegata/verifier';
import { exportJWK, jwtVerify, SignJWT } from 'jose';
import { startJwks } from './verification-keys.ts';

// How many tokens a service can check in a second, in a process of its own: seen before and for the first time, in turn with
// the same work without anything of ours. Prints JSON.

const [issuer, audience] = ['tegata', 'tegata-api'];
const rounds = 5;
const inFlight = 32;

/** `perCpuSecond`: what it would be on a core that nobody else wants. */
export type Verified = { perSecond: number[]; perCpuSecond: number[]; limitPerSecond: number[] };
export type VerificationFigures = { hot: Verified; coldHs256: Verified; coldEs256: Verified };

const secret = randomBytes(32);
const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const jwk = { ...(await exportJWK(pair.publicKey)), kid: 'key-1', alg: 'ES256' };

/** The kid of a derived key, as the server makes it. */
const kidOf = async (key: Uint8Array): Promise<string> => {
  const named = Buffer.concat([Buffer.from('access-token\0'), key]);
  return Buffer.from(await crypto.subtle.digest('SHA-256', named))
    .toString('base64url')
    .slice(0, 12);
};

const tokens = (count: number, alg: 'HS256' | 'ES256', kid: string): Promise<string[]> => {
  const key = alg === 'HS256' ? secret : pair.privateKey;
  const signed = (id: string) =>
    new SignJWT({ uid: id, email: 'ada@example.com', sid: randomUUID(), gen: 0 })
      .setProtectedHeader({ alg, typ: 'at+jwt', kid })
      .setSubject(id)
      .setJti(randomUUID())
      .setIssuer(issuer)
      .setAudience(audience)
      .setIssuedAt()
      .setExpirationTime('1h')
      .sign(key);
  return Promise.all(Array.from({ length: count }, () => signed(randomUUID())));
};

/** As each request brings it: a text that nobody has looked at. */
const fresh = (list: readonly string[], times: number): string[] =>
  Array.from({ length: times }, () => list.map((token) => Buffer.from(token).toString('latin1'))).flat();

const timed = async (list: readonly string[], check: (token: string) => unknown) => {
  const startedAt = performance.now();
  const cpuAtStart = process.cpuUsage();
  let at = 0;
  const checkOn = async () => {
    while (at < list.length) {
      const token = list[at] as string;
      at += 1;
      await check(token);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, checkOn));
  const { user, system } = process.cpuUsage(cpuAtStart);
  return {
    perSecond: list.length / ((performance.now() - startedAt) / 1000),
    perCpuSecond: list.length / ((user + system) / 1e6),
  };
};

/** In turn, so that both meet the same weather on the machine; the first round warms up. */
const compare = async (
  lists: () => string[],
  ours: (token: string) => unknown,
  limit: (token: string) => unknown,
): Promise<Verified> => {
  const measured: Verified = { perSecond: [], perCpuSecond: [], limitPerSecond: [] };
  for (let round = 0; round <= rounds; round += 1) {
    const [mine, others] = [await timed(lists(), ours), await timed(lists(), limit)];
    if (round === 0) continue;
    measured.perSecond.push(mine.perSecond);
    measured.perCpuSecond.push(mine.perCpuSecond);
    measured.limitPerSecond.push(others.perSecond);
  }
  return measured;
};

const kid = await kidOf(secret);
const ours = { issuer, audience, secret: secret.toString('base64url') };
const accepted = async (verification: Promise<{ ok: boolean }>) => {
  if (!(await verification).ok) throw new Error('a good token was refused');
};

const hotTokens = await tokens(1_000, 'HS256', kid);
const remembering = createVerifier(ours);
const known = new Map(hotTokens.map((token) => [token, token]));
const hot = await compare(
  () => fresh(hotTokens, 100),
  (token) => accepted(remembering.verify(token)),
  (token) => known.get(token),
);

const jose = { issuer, audience, typ: 'at+jwt' };
const coldHs = await tokens(10_000, 'HS256', kid);
const forgetting = createVerifier({ ...ours, rememberedTokens: 0 });
const coldHs256 = await compare(
  () => fresh(coldHs, 1),
  (token) => accepted(forgetting.verify(token)),
  (token) => jwtVerify(token, secret, { ...jose, algorithms: ['HS256'] }),
);

const coldEs = await tokens(4_000, 'ES256', 'key-1');
const keys = await startJwks([jwk]);
const asymmetric = createVerifier({ issuer, audience, jwks: keys.url, rememberedTokens: 0 });
const coldEs256 = await compare(
  () => fresh(coldEs, 1),
  (token) => accepted(asymmetric.verify(token)),
  (token) => jwtVerify(token, pair.publicKey, { ...jose, algorithms: ['ES256'] }),
);
keys.close();

const figures: VerificationFigures = { hot, coldHs256, coldEs256 };
process.stdout.write(JSON.stringify(figures));
