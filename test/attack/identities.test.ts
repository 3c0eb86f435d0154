import { describe, expect, test } from 'vitest';
import { forgeries, signed, startForger } from '../oauth/forger.ts';
import {
  ada as adaAtProvider,
  begin,
  finish,
  type House,
  loggedInThrough,
  logInThrough,
  octocat,
  type Returned,
  startHouse,
  visit,
} from '../oauth/people.ts';
import { figure } from '../scorecard/figure.ts';
import { type Answer, cookiePair } from '../server.ts';
import { addEmail, forgot, logIn, me, register, registered, tokenFor, verifyEmail } from '../standard/people.ts';
import { count, rows } from '../standard/stored.ts';

// Ways to become somebody else through a provider: a provider that lies, an address that nobody proved, an account laid in wait
// for its owner, a flow that another browser began. Whatever is tried, the wrong person is never let in.

const email = 'ada@example.com';
const attackersPassword = 'the attacker knows this';

const isIn = ({ status, cookies }: Answer): boolean =>
  status === 200 || cookies.some((set) => /^(refresh_token|access_token)=[^;]/.test(set));

test('0 forged ID tokens let anybody in', async () => {
  const { server, logIn: logInWith } = await startForger();
  const letIn: string[] = [];
  for (const [name, forge] of Object.entries(forgeries)) if (isIn(await logInWith(forge))) letIn.push(name);
  const left = ['users', 'oauth_accounts', 'sessions'].map((table) => count(server, table));
  const control = await logInWith((claims) => signed(claims));
  figure({
    row: 'oauth',
    part: 'forged ID tokens',
    tried: Object.keys(forgeries).length,
    failed: letIn.length,
    detail: 'the one right form let in as a control',
    reached: letIn.length === 0 && control.status === 200,
  });
  expect(letIn).toEqual([]);
  expect(left).toEqual([0, 0, 0]);
  expect(Object.keys(forgeries).length).toBeGreaterThanOrEqual(40);
  expect(control.status).toBe(200);
});

/** A person at the provider who says, in one way or another, that the victim's address is theirs. */
const claims: Record<string, (house: House) => Promise<Answer>> = {
  ...Object.fromEntries(
    [false, null, 'true', 'false', 1].map((email_verified) => [
      `OpenID, email_verified ${JSON.stringify(email_verified)}`,
      (house: House) => {
        house.google.people.set('eve', { ...adaAtProvider, email_verified } as typeof adaAtProvider);
        return logInThrough(house, 'google', 'eve');
      },
    ]),
  ),
  'OpenID, nothing said of it': (house) => {
    house.google.people.set('eve', { email } as typeof adaAtProvider);
    return logInThrough(house, 'google', 'eve');
  },
  'GitHub, not verified': (house) => {
    house.github.people.set('eve', { ...octocat(email, false), id: 666 });
    return logInThrough(house, 'github', 'eve');
  },
  'GitHub, in the public profile alone': (house) => {
    const eve = octocat('eve@example.com', false);
    house.github.people.set('eve', { ...eve, id: 666, email } as typeof eve);
    return logInThrough(house, 'github', 'eve');
  },
};

test('0 addresses that the provider has not verified let anybody in to the account that has them', async () => {
  const letIn: string[] = [];
  for (const [name, claim] of Object.entries(claims)) {
    const house = await startHouse();
    const { userId } = await registered(house.server, email);
    if (isIn(await claim(house))) letIn.push(name);
    expect(rows(house.server, 'select id from users')).toEqual([{ id: userId }]);
    expect(count(house.server, 'oauth_accounts')).toBe(0);
  }
  figure({
    row: 'oauth',
    part: 'unverified addresses',
    tried: Object.keys(claims).length,
    failed: letIn.length,
    detail: 'on an account with that address, which keeps its one way in',
    reached: letIn.length === 0,
  });
  expect(letIn).toEqual([]);
});

/** An attacker who lies in wait. Gives what they hold when the owner has come, to be tried. */
const ambushes: Record<string, (house: House) => Promise<() => Promise<boolean[]>>> = {
  'a password set before the owner comes': async ({ server }) => {
    await register(server, email, attackersPassword);
    return async () => [isIn(await logIn(server, email, { password: attackersPassword }))];
  },
  'a session that never ended': async ({ server }) => {
    const early = await server.call('POST', '/auth/signup', { body: { email, password: attackersPassword } });
    return async () => {
      const csrf = cookiePair(early, 'csrf_token');
      const headers = { 'x-csrf-token': csrf.slice('csrf_token='.length) };
      const cookie = ['access_token', 'refresh_token', 'csrf_token'].map((name) => cookiePair(early, name)).join('; ');
      return [
        isIn(await server.call('GET', '/auth/me', { cookie })),
        isIn(await server.call('POST', '/auth/refresh', { cookie, headers })),
      ];
    };
  },
  'a provider of the attacker’s connected to it': async (house) => {
    const { server } = house;
    const early = await server.call('POST', '/auth/signup', { body: { email, password: attackersPassword } });
    const token = cookiePair(early, 'access_token').slice('access_token='.length);
    house.github.people.set('eve', { ...octocat('eve@example.com'), id: 666 });
    await logInThrough(house, 'github', 'eve', { token });
    return async () => {
      const answer = await logInThrough(house, 'github', 'eve');
      return [isIn(answer) && answer.body.data.user.email === email];
    };
  },
  'a change of the address that waits to be confirmed': async ({ server }) => {
    const early = await server.call('POST', '/auth/signup', { body: { email, password: attackersPassword } });
    const token = cookiePair(early, 'access_token').slice('access_token='.length);
    await addEmail(server, token, 'eve@example.com');
    const [mail] = await server.mails('eve@example.com');
    const link = mail === undefined ? '' : (new URL(mail.links[0] ?? '').searchParams.get('token') ?? '');
    return async () => {
      await verifyEmail(server, { token: link });
      await forgot(server, 'eve@example.com');
      const reset = (await server.mails('eve@example.com'))
        .flatMap(({ links }) => links)
        .find((each) => each.includes('reset-password'));
      return [reset !== undefined, isIn(await logIn(server, 'eve@example.com', { password: attackersPassword }))];
    };
  },
  'mailed secrets that were asked for before': async ({ server }) => {
    await register(server, email, attackersPassword);
    const token = await tokenFor(server, email, 'verify-email');
    const { code = '' } = await server.newestMail(email);
    return async () => {
      const used = [await verifyEmail(server, { token }), await verifyEmail(server, { email, code })];
      return [
        ...used.map(({ cookies }) => cookies.length > 0),
        isIn(await logIn(server, email, { password: attackersPassword })),
      ];
    };
  },
};

test('0 accounts laid in wait give the attacker anything once the owner has come through a provider', async () => {
  const letIn: string[] = [];
  for (const [name, ambush] of Object.entries(ambushes)) {
    const house = await startHouse({ TEGATA_CONTRACTS: 'standard,cookie' });
    house.google.people.set('ada', adaAtProvider);
    const spring = await ambush(house);
    const owner = await loggedInThrough(house, 'google', 'ada');
    if ((await spring()).some(Boolean)) letIn.push(name);
    expect((await me(house.server, owner.accessToken)).body.data.email, name).toBe(email);
  }
  figure({
    row: 'oauth',
    part: 'accounts laid in wait',
    tried: Object.keys(ambushes).length,
    failed: letIn.length,
    detail: 'the owner is let in each time',
    reached: letIn.length === 0,
  });
  expect(letIn).toEqual([]);
});

type Flow = { url: string; cookie: string; back: Returned };

const states: Record<string, (house: House, own: Flow, other: Flow) => Promise<Answer>> = {
  'no state': ({ server }, { cookie, back }) => finish(server, 'github', { code: back.code as string }, { cookie }),
  'that of another browser': ({ server }, own, other) => finish(server, 'github', other.back, { cookie: own.cookie }),
  'another browser’s code': ({ server }, own, other) =>
    finish(server, 'github', { ...own.back, code: other.back.code as string }, { cookie: own.cookie }),
  'tampered with': ({ server }, { cookie, back }) => finish(server, 'github', { ...back, state: `${back.state}x` }, { cookie }),
  expired: ({ server }, { cookie, back }) => {
    server.advance({ minutes: 10 });
    return finish(server, 'github', back, { cookie });
  },
  used: async ({ server }, { cookie, back }) => {
    await finish(server, 'github', { ...back, code: 'wrong' }, { cookie });
    return finish(server, 'github', back, { cookie });
  },
  'no cookie': ({ server }, { back }) => finish(server, 'github', back),
  'another provider’s': ({ server }, { cookie, back }) => finish(server, 'google', back, { cookie }),
};

test('0 flows that this browser did not begin, or has finished, let anybody in', async () => {
  const letIn: string[] = [];
  for (const [name, attempt] of Object.entries(states)) {
    const house = await startHouse();
    house.github.people.set('ada', octocat(email));
    house.github.people.set('eve', { ...octocat('eve@example.com'), id: 666 });
    const flow = async (login: string): Promise<Flow> => {
      const { url, cookie } = await begin(house.server, 'github');
      return { url, cookie, back: await visit(house, 'github', login, url) };
    };
    const answer = await attempt(house, await flow('ada'), await flow('eve'));
    if (isIn(answer) || count(house.server, 'sessions') > 0) letIn.push(`${name} → ${answer.status}`);
  }
  figure({
    row: 'oauth',
    part: 'state',
    tried: Object.keys(states).length,
    failed: letIn.length,
    detail: 'at a provider without a nonce, where the state alone says whose flow it is',
    reached: letIn.length === 0,
  });
  expect(letIn).toEqual([]);
});

describe('what a provider says of an error', () => {
  test('is never part of a page or an answer as it is', async () => {
    const house = await startHouse();
    const scripts = [
      '<script>alert(1)</script>',
      '"><img src=x onerror=alert(1)>',
      "';alert(1)//",
      '\u202e<svg/onload=alert(1)>',
      'javascript:alert(1)',
    ];
    for (const script of scripts) {
      const { cookie, url } = await begin(house.server, 'google');
      const state = new URL(url).searchParams.get('state') as string;
      const answer = await finish(house.server, 'google', { error: script, state }, { cookie });
      expect(isIn(answer)).toBe(false);
      expect(answer.status).toBeLessThan(504);
      expect(JSON.stringify(answer.body)).not.toContain('alert(1)');
      const query = new URLSearchParams({ error: script, error_description: script, state });
      const page = await house.server.call('GET', `/auth/callback/google?${query}`);
      expect(String(page.body)).not.toContain(script);
    }
  });
});
