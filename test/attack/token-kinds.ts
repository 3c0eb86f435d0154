import { begin, callback, octocat, returned, startHouse } from '../oauth/people.ts';
import { startServer, type TestServer } from '../server.ts';
import * as standard from '../standard/people.ts';

// Every kind of token there is, made through the product, each for a person of its own.

export const metricsToken = 'the-token-of-the-one-who-reads-metrics';

/** Tokens that are good at the same places are one kind: an access token of any contract is an access token. */
export const kinds = [
  'access',
  'refresh',
  'verification link',
  'verification code',
  'reset link',
  'undo link',
  'CSRF token',
  'flow cookie',
  'state',
  'authorization code',
  'service: revocations',
  'service: introspection',
  'metrics token',
  'device cookie',
] as const;
export type Kind = (typeof kinds)[number] | 'nothing of ours';

export type Token = { kind: Kind; name: string; value: string; email: string };

export const openTokenHouse = async () => {
  const house = await startHouse({ TEGATA_CONTRACTS: 'standard,cookie,organization', TEGATA_METRICS_TOKEN: metricsToken });
  const { server, github } = house;
  // Contracts `bearer` and `organization` own the same paths.
  const bearerServer = await startServer({
    ...house.settings,
    ...server.sameStores,
    TEGATA_CONTRACTS: 'bearer',
    TEGATA_METRICS_TOKEN: metricsToken,
  });
  let made = 0;
  const number = () => {
    made += 1;
    return made;
  };
  const next = () => `person-${number()}@example.com`;

  const posted = async (at: TestServer, path: string, body: unknown, token?: string) => {
    const answer = await at.call('POST', path, { body, token });
    if (answer.status >= 300) throw new Error(`${path} answered ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer;
  };
  const cookieValue = (cookies: string[], name: string) => {
    const [pair = ''] = (cookies.find((cookie) => cookie.startsWith(`${name}=`)) ?? '').split(';');
    return pair.slice(name.length + 1);
  };
  const password = standard.goodPassword;
  const standardPair = async () => {
    const email = next();
    await standard.registered(server, email);
    const answer = await posted(server, '/api/v1/auth/login', { email, password, token_transport: 'body' });
    return { email, answer };
  };
  const cookiePerson = async () => {
    const email = next();
    return { email, answer: await posted(server, '/auth/signup', { email, password }) };
  };
  const organizationPerson = async () => {
    const email = next();
    const body = { email, password, name: 'Ada', organizationName: 'Engines' };
    return { email, answer: await posted(server, '/api/auth/register', body) };
  };
  const flow = async () => {
    const email = next();
    github.people.set(email, { ...octocat(email), id: 5000 + made });
    const begun = await begin(server, 'github', { redirectTo: callback });
    const back = returned(github.visit(begun.url, email));
    return { email, cookie: begun.cookie.slice('tegata_oauth='.length), code: back.code as string, state: back.state as string };
  };
  const service = async (scope: 'revocations:read' | 'introspect') => {
    const added = await server.engine.auth.addService({ name: `service-${number()}`, scopes: [scope] });
    if (!added.ok) throw new Error(added.failure.code);
    return added.value.credential;
  };

  type Maker = { kind: Kind; name: string; make: () => Promise<{ email?: string; value: string }> };
  const makers: Maker[] = [
    {
      kind: 'access',
      name: 'access token, standard',
      make: async () => {
        const { email, answer } = await standardPair();
        return { email, value: answer.body.data.access_token };
      },
    },
    {
      kind: 'access',
      name: 'access token, cookie',
      make: async () => {
        const { email, answer } = await cookiePerson();
        return { email, value: cookieValue(answer.cookies, 'access_token') };
      },
    },
    {
      kind: 'access',
      name: 'access token, bearer',
      make: async () => {
        const email = next();
        const answer = await posted(bearerServer, '/api/auth/register', { email, password, name: 'Ada' });
        return { email, value: answer.body.token };
      },
    },
    {
      kind: 'access',
      name: 'access token, organization',
      make: async () => {
        const { email, answer } = await organizationPerson();
        return { email, value: answer.body.data.token.token };
      },
    },
    {
      kind: 'refresh',
      name: 'refresh token, standard',
      make: async () => {
        const { email, answer } = await standardPair();
        return { email, value: answer.body.data.refresh_token };
      },
    },
    {
      kind: 'refresh',
      name: 'refresh token, cookie',
      make: async () => {
        const { email, answer } = await cookiePerson();
        return { email, value: cookieValue(answer.cookies, 'refresh_token') };
      },
    },
    {
      kind: 'refresh',
      name: 'refresh token, organization',
      make: async () => {
        const { email, answer } = await organizationPerson();
        return { email, value: answer.body.data.token.refreshToken };
      },
    },
    {
      kind: 'verification link',
      name: 'verification link',
      make: async () => {
        const email = next();
        await standard.register(server, email);
        return { email, value: await standard.tokenFor(server, email, 'verify-email') };
      },
    },
    {
      kind: 'verification link',
      name: 'link to a further address',
      make: async () => {
        const { answer } = await standardPair();
        const email = next();
        await posted(server, '/api/v1/me/emails', { email }, answer.body.data.access_token);
        return { email, value: await standard.tokenFor(server, email, 'verify-email') };
      },
    },
    {
      kind: 'verification code',
      name: 'verification code',
      make: async () => {
        const email = next();
        await standard.register(server, email);
        return { email, value: (await server.newestMail(email)).code as string };
      },
    },
    {
      kind: 'reset link',
      name: 'reset link',
      make: async () => {
        const { email } = await standardPair();
        await standard.forgot(server, email);
        return { email, value: await standard.tokenFor(server, email, 'reset-password') };
      },
    },
    {
      kind: 'undo link',
      name: 'undo link',
      make: async () => {
        const { email, answer } = await standardPair();
        const token = answer.body.data.access_token;
        const { emailId } = await standard.addedEmail(server, token, next());
        await standard.makePrimary(server, token, emailId);
        return { email, value: await standard.tokenFor(server, email, 'undo-email') };
      },
    },
    {
      kind: 'CSRF token',
      name: 'CSRF token',
      make: async () => {
        const { email, answer } = await cookiePerson();
        return { email, value: cookieValue(answer.cookies, 'csrf_token') };
      },
    },
    { kind: 'flow cookie', name: 'OAuth flow cookie', make: async () => ({ value: (await flow()).cookie }) },
    { kind: 'state', name: 'OAuth state', make: async () => ({ value: (await flow()).state }) },
    { kind: 'authorization code', name: 'authorization code', make: async () => ({ value: (await flow()).code }) },
    {
      kind: 'service: revocations',
      name: 'service credential, revocations',
      make: async () => ({ value: await service('revocations:read') }),
    },
    {
      kind: 'service: introspection',
      name: 'service credential, introspection',
      make: async () => ({ value: await service('introspect') }),
    },
    { kind: 'metrics token', name: 'metrics token', make: async () => ({ value: metricsToken }) },
    {
      kind: 'device cookie',
      name: 'known-device cookie',
      make: async () => {
        const { email, answer } = await standardPair();
        return { email, value: cookieValue(answer.cookies, 'tegata_device') };
      },
    },
    {
      kind: 'nothing of ours',
      name: 'id of a user and of a session',
      make: async () => {
        const { email, answer } = await standardPair();
        const { data } = (await server.call('GET', '/api/v1/auth/sessions', { token: answer.body.data.access_token })).body;
        return { email, value: data[0].id };
      },
    },
  ];

  const make = async (kind: Kind): Promise<Token> => {
    const maker = makers.find((one) => one.kind === kind);
    if (!maker) throw new Error(`nothing makes a ${kind}`);
    return { kind, name: maker.name, email: '', ...(await maker.make()) };
  };
  const makeAll = async (): Promise<Token[]> => {
    const all: Token[] = [];
    for (const { kind, name, make: one } of makers) all.push({ kind, name, email: '', ...(await one()) });
    return all;
  };
  /** A browser of contract `cookie`. */
  const cookieBrowser = async () => {
    const { answer } = await cookiePerson();
    return { refresh: cookieValue(answer.cookies, 'refresh_token'), csrf: cookieValue(answer.cookies, 'csrf_token') };
  };
  return { server, bearerServer, flow, make, makeAll, next, cookieBrowser };
};
export type TokenHouse = Awaited<ReturnType<typeof openTokenHouse>>;
