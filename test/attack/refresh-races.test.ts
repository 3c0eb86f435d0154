import { expect, test } from 'vitest';
import { figure } from '../scorecard/figure.ts';
import { size } from '../scorecard/size.ts';
import { createClient, inParallel, loggedIn, pairIn, type Reply, range, registered, startNodes, stores } from './nodes.ts';

// One refresh token used many times at once, at two nodes. However they interleave, one lineage lives: every answer is the
// same successor. And whoever comes with an old token afterwards ends the session for every token of it.

const rounds = size('LINEAGES', { long: 200, short: 20 });
const uses = 64;

test.each(stores)(
  '64 uses of one refresh token at once leave one live lineage, and reuse ends it (%s)',
  { timeout: 600_000 },
  async (kind) => {
    const nodes = await startNodes(kind);
    const client = createClient();
    const people = range(20).map((index) => `person-${index}@example.com`);
    await inParallel(people, 8, (email) => registered(client, nodes[0]!, email));
    await client.warm(nodes, uses);
    const refresh = (index: number, token: string) =>
      client.post(nodes[index % 2]!, '/api/v1/auth/refresh', { refresh_token: token });
    const me = (index: number, token: string) => client.get(nodes[index % 2]!, '/api/v1/me', { token });

    const lineages: number[] = [];
    let orphans = 0;
    const startedAt = performance.now();
    // Two tokens at a time: what each round does one after the other leaves a core idle.
    await inParallel(range(rounds), 2, async (round) => {
      const first = await loggedIn(client, nodes[round % 2]!, people[round % people.length]!);
      const answers: Reply[] = await Promise.all(range(uses).map((index) => refresh(index, first.refresh)));
      const pairs = answers.map(pairIn);
      // Every token that came back, and whether it goes on: equal ones are one lineage, and a second one would be another.
      const successors = [...new Set(pairs.map((pair) => pair.refresh))];
      const next = await Promise.all(successors.map((token, index) => refresh(index, token)));
      const live = new Set(next.filter(({ status }) => status === 200).map((answer) => pairIn(answer).refresh));
      lineages.push(live.size);

      // Two rotations old: nobody honest holds it any more.
      const reused = await refresh(round, first.refresh);
      expect(reused.body.error?.reason).toBe('refresh_reuse');
      const refreshTokens = [first.refresh, ...successors, ...live];
      const accessTokens = [
        ...new Set([first.access, ...pairs.map((pair) => pair.access), ...next.map((one) => pairIn(one).access)]),
      ];
      const after = await Promise.all([
        ...refreshTokens.flatMap((token) => [refresh(0, token), refresh(1, token)]),
        ...accessTokens.map((token, index) => me(index, token)),
      ]);
      orphans += after.filter(({ status }) => status !== 401).length;
    });
    const failed = lineages.filter((count) => count !== 1).length;
    figure({
      row: 'lineage',
      part: kind,
      tried: rounds,
      failed: failed + orphans,
      detail: `${rounds} rounds of ${uses} uses at two processes in ${((performance.now() - startedAt) / 1000).toFixed(0)} s; ${failed} rounds with other than 1 live lineage, ${orphans} tokens alive after the reuse`,
      reached: failed + orphans === 0,
    });
    expect({ failed, orphans }).toEqual({ failed: 0, orphans: 0 });
  },
);
