import type { Auth, Clock, CsrfTokens, Limits } from '@tegata/core';
import type { Config } from '../config/config.ts';
import type { OpenFeed } from '../revocations/feed.ts';
import type { Door } from './contract.ts';
import { createOriginCheck } from './origin.ts';
import { HttpProblem, rateLimited } from './problem.ts';

export type DoorParts = { auth: Auth; config: Config; clock: Clock; csrf: CsrfTokens; limits: Limits; openFeed: OpenFeed };

/** What contracts, and the guards for an application's own routes, are given to work with. */
export const createDoor = ({ auth, config, clock, csrf, limits, openFeed }: DoorParts): Door => {
  const origins = createOriginCheck(config.publicUrl, config.allowedOrigins);
  return {
    auth,
    config,
    clock,
    csrf,
    openFeed,
    limit: async (bucket, key) => {
      const state = await limits.take(bucket, key);
      if (!state.allowed) throw rateLimited(bucket, state);
    },
    refuseForeign: (c) => {
      const [origin, fetchSite, referer] = ['origin', 'sec-fetch-site', 'referer'].map((name) => c.req.header(name));
      if (origins.isForeign({ origin, fetchSite, referer })) throw new HttpProblem({ kind: 'foreign_origin' });
    },
  };
};
