import { expect, test } from 'vitest';
import { figure } from '../scorecard/figure.ts';
import { size } from '../scorecard/size.ts';
import {
  type Client,
  createClient,
  goodPassword,
  loggedIn,
  type Node,
  type Pair,
  range,
  registered,
  startNodes,
} from './nodes.ts';

// What ends at one node is refused at the other. The other one is asked without a pause all the while; an answer counts
// from when it was asked for, because what was under way at the revocation may still be answered. (How long services take
// that check tokens by themselves: test/faults/revocation-delay.test.ts.)

const revocations = size('REVOCATIONS', { long: 200, short: 12 });
const newPassword = 'another good password';

type Ending = {
  reason: string;
  end: (client: Client, node: Node, who: { userId: string; target: Pair; own: Pair }) => Promise<unknown>;
};

const endings: Record<string, Ending> = {
  'log-out': {
    reason: 'logged_out',
    end: (client, node, { target }) => client.post(node, '/api/v1/auth/logout', {}, { token: target.access }),
  },
  'change of password': {
    reason: 'password_changed',
    end: (client, node, { own }) =>
      client.post(
        node,
        '/api/v1/auth/password/change',
        { current_password: goodPassword, new_password: newPassword },
        { token: own.access },
      ),
  },
  suspension: { reason: 'account_suspended', end: (_, node, { userId }) => node.suspend(userId) },
};

test.each(['SQLite', 'PostgreSQL and Redis'] as const)(
  'an access token that was revoked at one node is refused by the other within a second (%s)',
  async (kind) => {
    const nodes = await startNodes(kind);
    const client = createClient();
    const delays: number[] = [];
    const reasons = new Set<string>();
    for (const run of range(revocations)) {
      const [name, { reason, end }] = Object.entries(endings)[run % 3]!;
      const [here, there] = [nodes[run % 2]!, nodes[(run + 1) % 2]!];
      const email = `person-${run}@example.com`;
      await registered(client, here, email);
      const [target, own] = [await loggedIn(client, there, email), await loggedIn(client, here, email)];
      const userId = (await client.get(there, '/api/v1/me', { token: target.access })).body.data.id;

      let over = Number.POSITIVE_INFINITY;
      let lastAccepted = 0;
      const watching = (async () => {
        for (;;) {
          const askedAt = performance.now();
          const { status, body } = await client.get(there, '/api/v1/me', { token: target.access });
          if (status !== 200)
            return reasons.add(`${name}: ${status} ${body.error?.reason === reason ? 'as told' : body.error?.reason}`);
          if (askedAt > over) lastAccepted = askedAt - over;
          if (lastAccepted > 5_000) throw new Error(`still accepted 5 s after the ${name}`);
        }
      })();
      await end(client, here, { userId, target, own });
      over = performance.now();
      await watching;
      delays.push(lastAccepted);
    }
    delays.sort((a, b) => a - b);
    const at = (share: number) => delays[Math.min(delays.length - 1, Math.floor(delays.length * share))] as number;
    figure({
      row: 'revocation',
      part: `access tokens at the other node, ${kind}`,
      tried: revocations,
      failed: delays.filter((delay) => delay > 1000).length,
      detail: `${Object.keys(endings).join(', ')} in turn, two processes; last accepted by the other one after the answer: median ${at(0.5).toFixed(1)} ms, p99 ${at(0.99).toFixed(1)} ms, most ${at(1).toFixed(1)} ms`,
      reached: at(0.99) <= 1000,
    });
    expect([...reasons].sort()).toEqual(
      Object.keys(endings)
        .map((name) => `${name}: 401 as told`)
        .sort(),
    );
    expect(at(0.99)).toBeLessThanOrEqual(1000);
  },
);
