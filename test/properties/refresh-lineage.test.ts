import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cookiePair, startServer, type TestServer } from '../server.ts';
import { loggedIn, me, refresh, registered } from '../standard/people.ts';
import { decodeToken, tokenIn } from '../standard/tokens.ts';
import {
  anyLife,
  anyWait,
  byUseCases,
  days,
  grace,
  openLineage,
  outlives,
  type Pair,
  playHonestly,
  seconds,
  type Way,
  workingWhileAnAnswerIsLost,
} from './honest-client.ts';

/**
 * The rotation policy is one pure function with properties of its own, beside it in the core. These are the same
 * properties of everything around it: tokens that are signed and read, rows that are compared and set, requests that
 * run at the same time. Once through the use cases on a SQLite file, and, fewer of them, over HTTP.
 */
const numRuns = Number(process.env.PROPERTY_RUNS ?? 60);
const timeout = 20_000 + numRuns * 1000;

const email = 'ada@example.com';

const byHttp = (server: TestServer): Way => ({
  logIn: async () => {
    const { accessToken, refreshCookie } = await loggedIn(server, email);
    return { accessToken, refreshToken: tokenIn(refreshCookie) };
  },
  refresh: async (refreshToken) => {
    const answer = await refresh(server, `refresh_token=${refreshToken}`);
    if (answer.status !== 200) return { refused: answer.body.error.reason };
    return { accessToken: answer.body.data.access_token, refreshToken: tokenIn(cookiePair(answer, 'refresh_token')) };
  },
  use: async (accessToken) => (await me(server, accessToken)).body.error?.reason,
});

describe.each([
  { through: 'through the use cases', open: (server: TestServer) => byUseCases(server, email), runs: numRuns },
  { through: 'over HTTP', open: byHttp, runs: Math.ceil(numRuns / 8) },
])('$through', ({ open, runs }) => {
  const startWay = async (settings: Record<string, string> = {}) => {
    const server = await startServer(settings);
    await registered(server, email);
    const way = open(server);
    return { server, openLineage: () => openLineage(server, way) };
  };

  test(
    'an honest client is never signed out, whatever the network does and however long it waits',
    async () => {
      const { server, openLineage } = await startWay();
      let rotations = 0;
      await fc.assert(
        fc.asyncProperty(anyLife(5), async (steps) => {
          const lineage = await openLineage();
          const { refusals, jar } = await playHonestly(server, lineage, steps);
          expect(refusals).toEqual([]);
          // It holds the current token or the one before, whose answer was lost; and it can go on.
          expect(decodeToken(jar.refreshToken).claims.gen).toBeGreaterThanOrEqual(lineage.current() - 1);
          if (outlives(jar, server.now())) expect(await lineage.refresh(jar.refreshToken)).not.toHaveProperty('refused');
          rotations += lineage.current();
        }),
        { numRuns: runs, examples: [[workingWhileAnAnswerIsLost]] },
      );
      expect(rotations).toBeGreaterThan(runs / 2);
    },
    timeout,
  );

  test(
    'a copied token that is replayed when its successor has been seen and the grace is over ends the session, whoever replays it',
    async () => {
      const { server, openLineage } = await startWay();
      const anyReplay = fc.record({ age: fc.integer({ min: 1, max: 4 }), afterMs: anyWait, lastUsed: fc.boolean() });
      const counts = { ended: 0, repeated: 0 };
      await fc.assert(
        fc.asyncProperty(anyLife(5), anyReplay, async (steps, { age, afterMs, lastUsed }) => {
          const lineage = await openLineage();
          const { jar } = await playHonestly(server, lineage, steps);
          if (!outlives(jar, server.now() + grace)) return;
          const answer = await lineage.refresh(jar.refreshToken);
          if ('refused' in answer) throw new Error(`the owner was refused: ${answer.refused}`);
          if (lastUsed) expect(await lineage.use(answer.accessToken)).toBeUndefined();
          const copied = lineage.issued[Math.max(0, lineage.current() - age)] as Pair;
          const wait = outlives(copied, server.now() + afterMs) ? afterMs : 0;
          server.advance({ milliseconds: wait });
          if (!outlives(copied, server.now())) return;

          const distance = lineage.current() - decodeToken(copied.refreshToken).claims.gen;
          const isTheft = distance >= 2 || (lineage.isSuccessorSeen() && lineage.sinceRotation() > grace);
          const served = await lineage.refresh(copied.refreshToken);
          if (!isTheft) {
            counts.repeated += 1;
            expect(served).toMatchObject({ refreshToken: answer.refreshToken });
            return;
          }
          counts.ended += 1;
          expect(served).toEqual({ refused: 'refresh_reuse' });
          expect(await lineage.refresh(answer.refreshToken)).toEqual({ refused: 'refresh_reuse' });
          const accessIsOver = (decodeToken(answer.accessToken).claims.exp as number) * seconds <= server.now();
          expect(await lineage.use(answer.accessToken)).toBe(accessIsOver ? 'token_expired' : 'refresh_reuse');
        }),
        {
          numRuns: runs,
          examples: [
            [[], { age: 1, afterMs: grace, lastUsed: true }],
            [[], { age: 1, afterMs: grace + 1, lastUsed: true }],
            [[], { age: 1, afterMs: days, lastUsed: false }],
          ],
        },
      );
      expect(counts.ended).toBeGreaterThan(0);
      expect(counts.repeated).toBeGreaterThan(1);
    },
    timeout,
  );

  test(
    'whatever anybody presents, one after the other or at once, one refresh token of the lineage is current and no other rotates',
    async () => {
      // Ages are counted back from the current token; the last few are the interesting ones.
      const anyAge = fc.constantFrom(0, 0, 0, 0, 1, 1, 2, 7);
      const anyMove = fc.oneof(
        { weight: 4, arbitrary: fc.array(anyAge, { minLength: 1, maxLength: 4 }).map((ages) => ({ ages })) },
        { weight: 1, arbitrary: fc.constant({ ages: [0, 0, 0, 0, 0, 0, 0, 0] }) },
        { weight: 2, arbitrary: fc.constantFrom(0, 0, 1).map((age) => ({ use: age })) },
        { weight: 2, arbitrary: anyWait.map((waitMs) => ({ waitMs: Math.min(waitMs, days) })) },
      );
      for (const settings of [{}, { TEGATA_REFRESH_GRACE: '0s' }]) {
        const { server, openLineage } = await startWay(settings);
        const property = fc.asyncProperty(fc.array(anyMove, { minLength: 1, maxLength: 12 }), async (moves) => {
          const lineage = await openLineage();
          const back = (age: number) => lineage.issued[Math.max(0, lineage.current() - age)] as Pair;
          let dead = false;
          for (const move of moves) {
            if ('waitMs' in move) server.advance({ milliseconds: move.waitMs });
            else if ('use' in move) await lineage.use(back(move.use).accessToken);
            else {
              const before = lineage.current();
              const presented = move.ages.map((age) => back(age).refreshToken);
              const currentIsAmong = presented.includes(back(0).refreshToken);
              const served = await Promise.all(presented.map(lineage.refresh));
              // `openLineage` has checked that all answers of one generation are one token.
              expect(lineage.current() - before).toBeLessThanOrEqual(currentIsAmong ? 1 : 0);
              if (dead) expect(served.filter((one) => !('refused' in one))).toEqual([]);
            }
            const session = await server.engine.stores.sessions.find(lineage.sessionId, lineage.userId);
            dead = session?.endedAt !== null;
            const current = lineage.issued.filter(({ refreshToken }) => {
              const { gen, jti } = decodeToken(refreshToken).claims;
              return gen === session?.generation && jti === session.refreshJti;
            });
            expect(current).toEqual([lineage.issued.at(-1)]);
          }
        });
        await fc.assert(property, { numRuns: Math.ceil(runs / 2) });
      }
    },
    timeout,
  );
});
