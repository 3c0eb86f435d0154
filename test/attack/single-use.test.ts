import { expect, test } from 'vitest';
import { githubClient, startGithubServer } from '../oauth/github-server.ts';
import { application, callback, octocat, publicUrl } from '../oauth/people.ts';
import { figure } from '../scorecard/figure.ts';
import { size } from '../scorecard/size.ts';
import { openMailedLinks } from './mailed-links.ts';
import {
  type Client,
  createClient,
  goodPassword,
  inParallel,
  loggedIn,
  type Node,
  type Reply,
  range,
  registered,
  startNodes,
} from './nodes.ts';

// Everything that is good for once, used by sixteen at once, at two nodes: each by itself is taken, together one is.

const tokens = size('TOKENS', { long: 200, short: 6 });
const workers = 16;

/** A secret in somebody's hands. `use` is one try with it, the n-th. */
type Spendable = { use: (node: Node, n: number) => Promise<Reply>; after?: (winner: number) => Promise<void> };
type Kind = { name: string; make: (house: House, email: string) => Promise<Spendable>; isSpent: (reply: Reply) => boolean };
type House = {
  client: Client;
  node: Node;
  github: Awaited<ReturnType<typeof startGithubServer>>;
  linkTo: Awaited<ReturnType<typeof openMailedLinks>>['linkTo'];
};

const ok = (reply: Reply): Reply => {
  if (reply.status >= 300) throw new Error(`answered ${reply.status} ${reply.text}`);
  return reply;
};
const register = ({ client, node }: House, email: string) =>
  client.post(node, '/api/v1/auth/register', { email, password: goodPassword, name: 'Ada' }).then(ok);
/** Registered, verified and logged in. */
const person = async (house: House, email: string): Promise<string> => {
  const { client, node, linkTo } = house;
  await register(house, email);
  const { token } = await linkTo(email, 'verify-email');
  ok(await client.post(node, '/api/v1/auth/email/verify', { token }));
  return (await loggedIn(client, node, email)).access;
};
const addedEmail = async ({ client, node, linkTo }: House, token: string, email: string) => {
  const { id } = ok(await client.post(node, '/api/v1/me/emails', { email }, { token })).body.data;
  return { id, ...(await linkTo(email, 'verify-email')) };
};
const verifiedNow = ({ status, body }: Reply) => status === 200 && body.data.message === 'Email verified successfully';
const is200 = ({ status }: Reply) => status === 200;

const kinds: Kind[] = [
  {
    name: 'verification link',
    isSpent: verifiedNow,
    make: async (house, email) => {
      const { client, linkTo } = house;
      await register(house, email);
      const { token } = await linkTo(email, 'verify-email');
      return { use: (at) => client.post(at, '/api/v1/auth/email/verify', { token }) };
    },
  },
  {
    name: 'verification code',
    isSpent: verifiedNow,
    make: async (house, email) => {
      const { client, linkTo } = house;
      await register(house, email);
      const { code } = await linkTo(email, 'verify-email');
      return { use: (at) => client.post(at, '/api/v1/auth/email/verify', { email, code }) };
    },
  },
  {
    name: 'reset link',
    isSpent: is200,
    make: async (house, email) => {
      const { client, node, linkTo } = house;
      await registered(client, node, email);
      ok(await client.post(node, '/api/v1/auth/password/forgot', { email }));
      const { token } = await linkTo(email, 'reset-password');
      const passwordOf = (n: number) => `the password of worker ${n}`;
      return {
        use: (at, n) => client.post(at, '/api/v1/auth/password/reset', { token, password: passwordOf(n) }),
        // The password is the winner's, not the one of whoever came last.
        after: async (winner) => {
          await loggedIn(client, node, email, passwordOf(winner));
        },
      };
    },
  },
  {
    name: 'link to a further address',
    isSpent: verifiedNow,
    make: async (house, email) => {
      const { client, node } = house;
      await registered(client, node, email);
      const { access } = await loggedIn(client, node, email);
      const { token } = await addedEmail(house, access, `second-${email}`);
      return { use: (at) => client.post(at, '/api/v1/auth/email/verify', { token }) };
    },
  },
  {
    name: 'undo link',
    isSpent: is200,
    make: async (house, email) => {
      const { client, node, linkTo } = house;
      const access = await person(house, email);
      const second = await addedEmail(house, access, `second-${email}`);
      ok(await client.post(node, '/api/v1/auth/email/verify', { token: second.token }));
      ok(await client.post(node, `/api/v1/me/emails/${second.id}/primary`, {}, { token: access }));
      const { token } = await linkTo(email, 'undo-email');
      return { use: (at) => client.post(at, '/api/v1/auth/email/undo', { token }) };
    },
  },
  {
    name: 'OAuth state',
    isSpent: is200,
    make: async ({ client, node, github }, email) => {
      github.people.set(email, { ...octocat(email), id: github.people.size + 1000 });
      const path = `/api/v1/auth/oauth/github/authorize?redirect_to=${encodeURIComponent(callback)}`;
      const begun = ok(await client.get(node, path));
      const cookie = String((begun.headers['set-cookie'] as string[])[0]?.split(';')[0]);
      const back = Object.fromEntries(github.visit(begun.body.data.url, email).searchParams);
      return { use: (at) => client.post(at, '/api/v1/auth/oauth/github', back, { headers: { cookie } }) };
    },
  },
];

const openHouse = async (kind: 'SQLite' | 'PostgreSQL' | 'PostgreSQL and Redis') => {
  const github = await startGithubServer({ redirectUris: [callback] });
  const { settings, linkTo } = await openMailedLinks();
  const nodes = await startNodes(kind, {
    ...settings,
    TEGATA_URL: publicUrl,
    TEGATA_ALLOWED_ORIGINS: application,
    GITHUB_CLIENT_ID: githubClient.id,
    GITHUB_CLIENT_SECRET: githubClient.secret,
    GITHUB_URL: github.url,
    GITHUB_API_URL: github.apiUrl,
  });
  const client = createClient();
  return { nodes, house: { client, node: nodes[0]!, github, linkTo } };
};

test.each(['SQLite', 'PostgreSQL', 'PostgreSQL and Redis'] as const)(
  'sixteen uses at once of anything that is good for once: exactly one succeeds (%s)',
  { timeout: 600_000 },
  async (where) => {
    const { nodes, house } = await openHouse(where);
    // With Redis the marks of used OAuth flows live there; everything else is where it is without it.
    const tried = where === 'PostgreSQL and Redis' ? kinds.filter(({ name }) => name === 'OAuth state') : kinds;
    await house.client.warm(nodes, workers * 2);
    const wrong: string[] = [];
    const spent: Record<string, number> = {};
    const startedAt = performance.now();
    for (const { name, make, isSpent } of tried) {
      const spend = async (spendable: Spendable, users: number) => {
        const replies = await Promise.all(range(users).map((n) => spendable.use(nodes[n % nodes.length]!, n)));
        const winners = replies.flatMap((reply, n) => (isSpent(reply) ? [n] : []));
        if (winners.length !== 1) wrong.push(`${name}: ${winners.length} of ${users} succeeded`);
        for (const reply of replies) if (reply.status >= 500) wrong.push(`${name}: answered ${reply.status} ${reply.text}`);
        if (winners.length === 1) await spendable.after?.(winners[0] as number);
        spent[name] = (spent[name] ?? 0) + winners.length;
      };
      const slug = name.toLowerCase().replaceAll(/[^a-z]+/g, '-');
      const made = await inParallel(range(tokens), 24, (index) => make(house, `${slug}-${index}@example.com`));
      await inParallel(made, 4, (spendable) => spend(spendable, workers));
      await spend(await make(house, `${slug}-fifty@example.com`), 50);
    }
    const attempts = tried.length * (tokens + 1);
    figure({
      row: 'single-use',
      part: where,
      tried: attempts,
      failed: wrong.length,
      detail: `${workers} at once for each of ${tokens} tokens and 50 at once for one, of ${tried.length} kinds, at two processes in ${((performance.now() - startedAt) / 1000).toFixed(0)} s; spent: ${Object.entries(
        spent,
      )
        .map(([name, count]) => `${name} ${count}`)
        .join(', ')}`,
      reached: wrong.length === 0,
    });
    expect(wrong).toEqual([]);
    expect(Object.values(spent)).toEqual(tried.map(() => tokens + 1));
  },
);
