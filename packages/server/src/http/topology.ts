/**
 * For `tegata doctor --url`: tells the doctor what arrived of its own call after every proxy. Whoever has no pass, which
 * takes the server's secret to make, finds nothing here.
 */
import type { Clock } from '@tegata/core';
import { Hono } from 'hono';
import type { Config } from '../config/config.ts';
import type { HttpEnv } from './contract.ts';
import { HttpProblem } from './problem.ts';

export type TopologyParts = {
  /** Whether the header of the doctor is a good one. */
  isDoctor: (pass: string, now: number) => boolean;
  /** A fingerprint of the database. */
  databaseMark: () => Promise<string>;
};

export const topologyPath = '/health/topology';

/** Sent by the doctor, and asked about: what a proxy may take away. */
export const probedHeaders = ['authorization', 'cookie', 'origin', 'sec-fetch-site', 'x-csrf-token'] as const;

export const createTopology = (
  { isDoctor, databaseMark }: TopologyParts,
  { config, clock }: { config: Pick<Config, 'publicUrl' | 'contracts'>; clock: Clock },
): Hono<HttpEnv> => {
  const app = new Hono<HttpEnv>();
  app.get(topologyPath, async (c) => {
    if (!isDoctor(c.req.header('x-tegata-doctor') ?? '', clock())) throw new HttpProblem({ kind: 'not_found' });
    return c.json({
      socketAddress: c.env.incoming?.socket?.remoteAddress?.replace(/^::ffff:/, '') ?? null,
      forwardedFor: c.req.header('x-forwarded-for')?.slice(0, 2000),
      clientAddress: c.get('ipAddress'),
      // Names alone: what was in them is nobody's business, and the doctor knows what it sent.
      arrived: probedHeaders.filter((name) => c.req.header(name) !== undefined),
      publicUrl: config.publicUrl,
      contracts: config.contracts,
      database: await databaseMark(),
    });
  });
  return app;
};
