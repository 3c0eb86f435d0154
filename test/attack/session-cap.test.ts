import { expect, test } from 'vitest';
import { figure } from '../scorecard/figure.ts';
import { size } from '../scorecard/size.ts';
import { createClient, loggedIn, type Pair, pairIn, range, registered, startNodes, stores } from './nodes.ts';

// At most ten sessions a user, however many log-ins come at once and wherever: one more ends the least recently used.

const rounds = size('CAPS', { long: 20, short: 3 });
const cap = 10;

test.each(stores)('fifteen log-ins at once leave ten sessions; the least recently used went (%s)', async (kind) => {
  const nodes = await startNodes(kind);
  const client = createClient();
  await client.warm(nodes, 15);
  const wrong: string[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const email = `person-${round}@example.com`;
    await registered(client, nodes[0]!, email);
    const logIns = (count: number) => Promise.all(range(count).map((n) => loggedIn(client, nodes[n % 2]!, email)));
    const alive = async (pairs: readonly Pair[]) => {
      const answers = await Promise.all(
        pairs.map(({ access }, n) => client.get(nodes[(n + 1) % 2]!, '/api/v1/me', { token: access })),
      );
      return answers.map(({ status }) => status === 200);
    };
    const listed = async ({ access }: Pair) =>
      (await client.get(nodes[1]!, '/api/v1/auth/sessions', { token: access })).body.meta.pagination.total_items;

    const old: Pair[] = [];
    for (let n = 0; n < cap; n += 1) old.push(await loggedIn(client, nodes[n % 2]!, email));
    // The first three come back to life, so that the next three are the least recently used.
    for (const n of [0, 1, 2]) {
      const answer = await client.post(nodes[n % 2]!, '/api/v1/auth/refresh', { refresh_token: old[n]!.refresh });
      old[n] = pairIn(answer);
    }
    const three = await logIns(3);
    const expected = old.map((_, n) => n < 3 || n > 5);
    const left = await alive(old);
    if (left.join() !== expected.join()) wrong.push(`round ${round}: of the old ones ${left.join()} were alive`);

    const many = await logIns(15);
    const living = (await alive(many)).filter(Boolean).length;
    const older = (await alive([...old, ...three])).filter(Boolean).length;
    const witness = many[(await alive(many)).indexOf(true)];
    const total = witness && (await listed(witness));
    if (living !== cap || older !== 0 || total !== cap) {
      wrong.push(`round ${round}: ${living} of the fifteen and ${older} older ones alive, ${total} listed`);
    }
  }
  figure({
    row: 'session-cap',
    part: kind,
    tried: rounds,
    failed: wrong.length,
    detail: `${rounds} users with 10 sessions at two processes: 3 log-ins at once ended exactly the 3 least recently used, 15 at once left 10 of the 15`,
    reached: wrong.length === 0,
  });
  expect(wrong).toEqual([]);
});
