/** What Redis' own settings would do to sessions. Told at start and by `tegata doctor`; nothing is changed. */
import type { Redis } from './connection.ts';

/** What is wrong and what to do, one text each; empty when all is well, or when we may not ask. */
export const findRisks = async ({ send }: Redis): Promise<string[]> => {
  // A user that may run commands on keys need not be one that may look at the server.
  const info = await send('INFO').then(String, () => undefined);
  if (info === undefined) return [];
  const value = (name: string) => new RegExp(`^${name}:(\\S+)`, 'm').exec(info)?.[1];
  const risks: string[] = [];

  const version = value('redis_version') ?? '7.0';
  if (Number.parseInt(version, 10) < 7) risks.push(`Redis is version ${version}; sessions need 7.0 or later, or Valkey.`);
  const policy = value('maxmemory_policy') ?? 'noeviction';
  if (policy !== 'noeviction') {
    risks.push(
      `Redis has maxmemory-policy ${policy}: when its memory is full it signs people out. Set maxmemory-policy noeviction, and give caches a server of their own.`,
    );
  }
  if (value('aof_enabled') === '0') {
    risks.push(
      'Redis has no append-only file: a restart forgets log-ins, and revocations since the last snapshot. Set appendonly yes.',
    );
  }
  return risks;
};
