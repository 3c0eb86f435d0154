import { expect } from 'vitest';
import { ada as adaAtProvider, begin, callback, finish, logInThrough, octocat, startHouse, visit } from '../../oauth/people.ts';
import { cookiePair, startServer } from '../../server.ts';
import { goodPassword, loggedIn, logIn, me, refresh, register, registered, verifyEmail } from '../../standard/people.ts';
import { rows } from '../../standard/stored.ts';
import { ada } from './ada.ts';
import type { Check } from './check.ts';

const unverified = [false, undefined, null, 'false', 'true', 1] as const;

/** What no origin of ours is, however alike. */
const elsewhere = [
  'https://app.example.com.evil.example/callback',
  'https://app.example.com@evil.example/callback',
  'https://evil.example/https://app.example.com/callback',
  'https://evil.example\\@app.example.com/callback',
  'https://app.example.com\\.evil.example/callback',
  'https:/\\evil.example',
  '//evil.example/callback',
  '/\\evil.example',
  'http://app.example.com/callback',
  'https://app.example.com:8443/callback',
  'https://APP.example.com.evil.example',
  'https://app.example.comevil.example/',
  'https://evilapp.example.com/callback',
  'https://localhost/callback',
  'http://127.0.0.1/callback',
  'javascript:alert(1)//app.example.com',
  'data:text/html,x',
  'https://user:pass@app.example.com/callback',
  'https://app.example.com\t.evil.example/',
  'https://app.example.com%2eevil.example/',
  'https://*.example.com/callback',
  '',
  ' https://app.example.com/callback',
];

export const providerChecks: Check[] = [
  {
    title: 'an account that nobody proved leaves its registrant nothing once the owner comes through a provider',
    ids: ['adv-034'],
    run: async () => {
      const house = await startHouse({ TEGATA_CONTRACTS: 'standard,cookie' });
      const { server } = house;
      house.google.people.set('ada', adaAtProvider);
      // The attacker is logged in at once, with an address that is not theirs.
      const early = await server.call('POST', '/auth/signup', { body: { email: ada, password: 'the attacker knows this' } });
      const mail = await server.newestMail(ada);
      const answer = await logInThrough(house, 'google', 'ada');
      expect(answer.status).toBe(200);
      expect((await logIn(server, ada, { password: 'the attacker knows this' })).status).toBe(401);
      expect((await server.call('GET', '/auth/me', { cookie: cookiePair(early, 'access_token') })).status).toBe(401);
      const csrf = cookiePair(early, 'csrf_token');
      const cookies = `${cookiePair(early, 'refresh_token')}; ${csrf}`;
      const headers = { 'x-csrf-token': csrf.slice('csrf_token='.length) };
      expect((await server.call('POST', '/auth/refresh', { cookie: cookies, headers })).status).toBe(401);
      const token = new URL(mail.links[0] ?? '').searchParams.get('token') ?? '';
      expect((await verifyEmail(server, { token })).cookies).toEqual([]);
      expect((await me(server, answer.body.data.access_token)).status).toBe(200);
    },
  },
  {
    title: 'an address that the provider has not verified logs nobody in and links nothing',
    ids: ['adv-035', 'adv-036'],
    run: async () => {
      const house = await startHouse();
      const { server } = house;
      await registered(server, ada);
      for (const [index, email_verified] of unverified.entries()) {
        const person = { ...adaAtProvider, ...(email_verified === undefined ? {} : { email_verified }) } as typeof adaAtProvider;
        if (email_verified === undefined) delete (person as { email_verified?: unknown }).email_verified;
        house.google.people.set(`forger${index}`, person);
        const answer = await logInThrough(house, 'google', `forger${index}`);
        expect(answer.status, String(email_verified)).toBeGreaterThanOrEqual(400);
        expect(answer.cookies.filter((set) => set.startsWith('refresh_token=') && !set.startsWith('refresh_token=;'))).toEqual(
          [],
        );
      }
      const github: ReturnType<typeof octocat>[] = [octocat(ada, false)];
      const secondary = octocat('octocat@example.com');
      secondary.emails.push({ email: ada, primary: false, verified: true, visibility: 'private' });
      github.push(secondary);
      for (const [index, person] of github.entries()) {
        house.github.people.set(`cat${index}`, { ...person, id: 1000 + index });
        const answer = await logInThrough(house, 'github', `cat${index}`);
        if (answer.status === 200) expect(answer.body.data.user.email).not.toBe(ada);
      }
      const owners = rows(server, "select provider from oauth_accounts where email = 'ada@example.com'");
      expect(owners).toEqual([]);
      expect((await logIn(server, ada)).status).toBe(200);
    },
  },
  {
    title: 'who somebody is, is issuer and subject, never the address',
    ids: ['adv-037'],
    run: async () => {
      const house = await startHouse();
      house.google.people.set('ada', adaAtProvider);
      const first = await logInThrough(house, 'google', 'ada');
      // The same subject under another address is the same person; another subject with that address is not.
      house.google.people.set('ada', { ...adaAtProvider, email: 'ada.l@example.com' });
      expect((await logInThrough(house, 'google', 'ada')).body.data.user.id).toBe(first.body.data.user.id);
      house.google.people.set('eve', adaAtProvider);
      const other = await logInThrough(house, 'google', 'eve');
      if (other.status === 200) expect(other.body.data.user.id).not.toBe(first.body.data.user.id);
      else expect(other.status).toBeLessThan(500);
    },
  },
  {
    title: 'no value that a caller chose is signed: state, nonce, client and scope are the server’s own',
    ids: ['adv-039'],
    run: async () => {
      const house = await startHouse();
      const chosen = 'chosen-by-the-caller-0123456789abcdef';
      const names = ['state', 'nonce', 'code_challenge', 'client_id', 'scope', 'redirect_uri', 'response_mode', 'code_verifier'];
      const query = names.map((name) => `${name}=${chosen}`).join('&');
      const answer = await house.server.call(
        'GET',
        `/api/v1/auth/oauth/google/authorize?redirect_to=${encodeURIComponent(callback)}&${query}`,
      );
      expect(answer.status).toBe(200);
      expect(answer.body.data.url + cookiePair(answer, 'tegata_oauth')).not.toContain(chosen);
      const answered = await finish(
        house.server,
        'google',
        { code: 'x', state: chosen },
        { cookie: cookiePair(answer, 'tegata_oauth') },
      );
      expect(answered.status).toBe(400);
    },
  },
  {
    title: 'a state is used once',
    ids: ['adv-040'],
    run: async () => {
      const house = await startHouse();
      house.google.people.set('ada', adaAtProvider);
      const { url, cookie } = await begin(house.server, 'google');
      const back = await visit(house, 'google', 'ada', url);
      expect((await finish(house.server, 'google', back, { cookie })).status).toBe(200);
      expect((await finish(house.server, 'google', back, { cookie })).status).toBe(400);
    },
  },
  {
    title: 'a state of one provider is refused at the callback of another',
    ids: ['adv-041'],
    run: async () => {
      const house = await startHouse();
      for (const provider of ['google', 'company'] as const) house[provider].people.set('ada', adaAtProvider);
      house.github.people.set('ada', octocat(ada));
      for (const [from, to] of [
        ['google', 'company'],
        ['company', 'google'],
        ['google', 'github'],
        ['github', 'google'],
      ] as const) {
        const { url, cookie } = await begin(house.server, from);
        const back = await visit(house, from, 'ada', url);
        const answer = await finish(house.server, to, back, { cookie });
        expect([answer.status, answer.cookies.some((set) => /^refresh_token=e/.test(set))]).toEqual([400, false]);
      }
      expect(rows(house.server, 'select id from users')).toEqual([]);
    },
  },
  {
    title: 'a redirect leads to an allowed origin, exactly, and no token is ever in an address',
    ids: ['adv-042', 'adv-043'],
    run: async () => {
      const house = await startHouse();
      house.google.people.set('ada', adaAtProvider);
      for (const target of elsewhere) {
        const { status, body } = await house.server.call(
          'GET',
          `/api/v1/auth/oauth/google/authorize?redirect_to=${encodeURIComponent(target)}`,
        );
        expect([status, body.data?.url], target).toEqual([400, undefined]);
      }
      const { url, cookie } = await begin(house.server, 'google');
      const back = await visit(house, 'google', 'ada', url);
      const answer = await finish(house.server, 'google', back, { cookie });
      expect(answer.headers.get('location')).toBeNull();
      for (const text of [url, JSON.stringify(back)]) expect(text).not.toContain(answer.body.data.access_token);
      for (const path of ['/api/v1/me', '/api/v1/auth/sessions'])
        expect((await house.server.call('GET', `${path}?access_token=${answer.body.data.access_token}`)).status).toBe(401);
    },
  },
  {
    title: 'there are no invitations to take: no contract has a call for them',
    ids: ['adv-062'],
    notApplicable: 'no invitations; an organization is made with its first member and has no other',
    run: async () => {
      for (const contracts of ['standard,cookie,bearer', 'organization']) {
        const server = await startServer({ TEGATA_CONTRACTS: contracts });
        const { paths } = (await server.call('GET', '/openapi.json')).body;
        expect(JSON.stringify(Object.keys(paths))).not.toMatch(/invit/i);
        for (const path of [
          '/api/auth/organization/accept-invitation',
          '/api/auth/invitations',
          '/api/v1/invitations/x/accept',
          '/auth/invitations',
        ])
          expect((await server.call('POST', path, { body: {} })).status).toBe(404);
      }
    },
  },
  {
    title: 'there is no membership to be removed; a user who is suspended or gone is out at once, with older tokens too',
    ids: ['adv-063'],
    run: async () => {
      const server = await startServer();
      const { userId } = await registered(server, ada);
      const { accessToken, refreshCookie } = await loggedIn(server, ada);
      await server.engine.auth.setUserStatus({ userId, status: 'suspended' });
      expect((await me(server, accessToken)).status).toBe(401);
      expect((await refresh(server, refreshCookie)).status).toBeGreaterThanOrEqual(400);
      await register(server, 'pending@example.com');
      const pending = await logIn(server, 'pending@example.com', { password: goodPassword });
      expect([pending.status >= 400, JSON.stringify(pending.body).includes('eyJ')]).toEqual([true, false]);
      const organization = await startServer({ TEGATA_CONTRACTS: 'organization' });
      const body = { email: 'mia@example.com', password: goodPassword, name: '美亜', organizationName: '株式会社' };
      const made = await organization.call('POST', '/api/auth/register', { body });
      const { token } = made.body.data.token;
      const { id } = rows(organization, 'select id from users')[0] as { id: string };
      await organization.engine.auth.setUserStatus({ userId: id, status: 'deactivated' });
      expect((await organization.call('GET', '/api/auth/me', { token })).status).toBe(401);
      expect((await organization.call('GET', '/api/auth/me', { cookie: cookiePair(made, 'access_token') })).status).toBe(401);
    },
  },
];
