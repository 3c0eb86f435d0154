// What a worker knows of its primary.

import cluster from 'node:cluster';
import type { LimitState, Limits } from '@tegata/core';
import type { Siblings } from '../compose.ts';
import type { Logger } from '../observe/logger.ts';
import { createChannel } from './channel.ts';
import { createSharedLimits } from './shared-limits.ts';
import type { MetricParts } from './shared-metrics.ts';

export type Primary = Siblings & {
  /** This worker takes requests. */
  ready: (news: { banner: string; logLevel: string }) => void;
  /** Resolves when this worker shall finish because another one has taken its place, or because the primary is gone. */
  asksToRetire: Promise<void>;
  /** Says what this process counted, then ends the connection. */
  leave: () => Promise<void>;
};

/** Undefined in a process that serves alone. */
export const connectToPrimary = (): Primary | undefined => {
  const { worker } = cluster;
  if (!worker) return undefined;
  const retire = Promise.withResolvers<void>();
  let ownFigures: () => Promise<MetricParts> = async () => [];
  const channel = createChannel(process as never, {
    answer: async () => ownFigures(),
    hear: ({ about }) => {
      if (about === 'retire') retire.resolve();
    },
  });
  worker.on('error', () => {});
  worker.on('disconnect', () => {
    // Node would end this process at once, in the middle of its requests. It ends by itself when they are answered.
    worker.exitedAfterDisconnect = true;
    retire.resolve();
  });

  return {
    ready: (news) => channel.tell({ about: 'ready', ...news }),
    asksToRetire: retire.promise,
    limits: (own: Limits, logger: Logger) =>
      createSharedLimits({
        ask: async (bucket, key) => (await channel.ask({ about: 'limit', bucket, key })) as LimitState,
        own,
        logger,
      }),
    metrics: (figures) => {
      ownFigures = figures;
      return async () => (await channel.ask({ about: 'metrics' })) as MetricParts[];
    },
    leave: async () => {
      if (!process.connected) return;
      channel.tell({ about: 'last-metrics', parts: await ownFigures() });
      worker.disconnect();
    },
  };
};
