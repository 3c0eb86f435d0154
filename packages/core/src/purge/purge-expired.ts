import type { Deps } from '../deps.ts';
import { forgottenAfterMs } from '../limits/lockout.ts';

/**
 * Removes what nobody will ask for again: sessions that ended a while ago (until then they still say why), dead one-time
 * tokens, forgotten failures, mails that were sent or given up, old audit events.
 *
 * In small batches, so that no request waits for it, and by one node at a time: before each batch the node takes or
 * renews its lease, and stops when another one has it. The lease is kept after the work is done; it ends when the next
 * round is due. Everything removed stays removed twice, so two nodes at it would be waste and no harm.
 */
export type PurgeInput = {
  /** Who asks: each process has a name of its own. */
  holder: string;
  /** Until the next round. */
  leaseSeconds: number;
  /** Rows of one statement at most. */
  batch: number;
  isStopping: () => boolean;
};

/** A used or expired link still says what it is for a while. */
const tokenRetentionMs = 7 * 24 * 3600 * 1000;

export const purgeExpired = async (
  { purge, leases, clock, settings }: Pick<Deps, 'purge' | 'leases' | 'clock' | 'settings'>,
  { holder, leaseSeconds, batch, isStopping }: PurgeInput,
): Promise<{ removed: number }> => {
  const { retention, lockout } = settings;
  const kinds: [keyof typeof purge, keptMs: number][] = [
    ['sessions', retention.sessionSeconds * 1000],
    ['oneTimeTokens', tokenRetentionMs],
    ['lockouts', forgottenAfterMs(lockout)],
    ['mails', retention.mailSeconds * 1000],
    ['auditEvents', retention.auditSeconds * 1000],
    ['singleUseMarks', 0],
    ['revocations', 0],
  ];
  let removed = 0;
  for (const [kind, keptMs] of kinds) {
    for (let last = batch; last >= batch; removed += last) {
      const now = clock();
      if (isStopping() || !(await leases.take('purge', holder, leaseSeconds, now))) return { removed };
      last = await purge[kind](now - keptMs, batch);
    }
  }
  return { removed };
};
