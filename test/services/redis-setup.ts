import type { TestProject } from 'vitest/node';
import { startRedis } from './redis.ts';

/** One Redis for all tests of a project; each test server keeps its keys under a prefix of its own. */
export default async ({ provide }: TestProject): Promise<() => Promise<void>> => {
  const redis = await startRedis({ settings: { appendonly: 'no' } });
  provide('redis', { url: redis.url });
  return redis.stop;
};

declare module 'vitest' {
  interface ProvidedContext {
    redis: { url: string };
  }
}
