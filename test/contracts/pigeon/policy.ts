import type { Bucket, SessionPolicy } from '@tegata/core';

export const limits = {
  nest: { name: 'pigeon:nest', points: 3, windowSeconds: 60 },
  fly: { name: 'pigeon:fly', points: 30, windowSeconds: 60 },
} as const satisfies Record<string, Bucket>;

/** A pigeon is back within ten minutes; its ring says who keeps it. */
export const sessionPolicy: SessionPolicy = {
  accessTtlSeconds: 600,
  refreshTtlSeconds: 600,
  rememberTtlSeconds: 600,
  claims: (user) => ({ keeper: user.name }),
};
