import type { Answer } from '../../server.ts';

/** What the product must show so that published faults of other servers are not its own. */
export type Check = {
  /** As a sentence about behavior. */
  title: string;
  /** The advisories it answers, by the ids of the public collection. */
  ids: readonly `adv-${string}`[];
  /** Set where the feature is not there; the check then shows just that. */
  notApplicable?: string;
  run: () => Promise<void>;
};

/** Everything of an answer that a stranger could compare. */
export const visible = ({ status, body, headers, cookies }: Answer) => ({
  status,
  body,
  cookies,
  headers: Object.fromEntries([...headers].filter(([name]) => name !== 'x-request-id' && name !== 'date')),
});
