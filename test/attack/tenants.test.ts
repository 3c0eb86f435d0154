import type { Role } from '@tegata/core';
import { expect, test } from 'vitest';
import { rows as rowsIn, tablesOf } from '../database.ts';
import { asBrowser, goodPassword, type Person, refreshed, registered } from '../organization/people.ts';
import { figure } from '../scorecard/figure.ts';
import { size } from '../scorecard/size.ts';
import { type Answer, startServer, type TestServer } from '../server.ts';
import { decodeToken } from '../standard/tokens.ts';

// Whatever somebody of one organization sends, whatever their role: nothing of another organization is shown or changed.
// Tegata has no calls that invite, list or remove members, nor one that changes an organization: a person is made with one,
// is shown it by `GET /api/auth/me`, and gets another role from an operator. So the matrix is every call of the contracts
// `organization` and `standard`, for each role, with the ids of somebody in another organization wherever one fits.

const roles: readonly (Role | 'nobody')[] = ['nobody', 'user', 'admin', 'owner'];

type Operation = { method: string; path: string; body: boolean };

const operationsOf = async (server: TestServer): Promise<Operation[]> => {
  const { body } = await server.call('GET', '/openapi.json');
  return Object.entries<Record<string, { requestBody?: object; security?: Record<string, unknown>[] }>>(body.paths).flatMap(
    ([path, methods]) =>
      Object.entries(methods).map(([method, { requestBody }]) => ({
        method: method.toUpperCase(),
        path,
        body: requestBody !== undefined && !path.endsWith('/introspect'),
      })),
  );
};

type Victim = { person: Person; email: string; userId: string; organizationId: string; sessionId: string; emailId: string };

const victimAt = async (server: TestServer): Promise<Victim> => {
  const email = 'grace@other.example';
  const person = await registered(server, email);
  const { user } = person.answer.body.data;
  const token = person.accessToken;
  const [session] = (await server.call('GET', '/api/v1/auth/sessions', { token })).body.data;
  const [address] = (await server.call('GET', '/api/v1/me/emails', { token })).body.data;
  return { person, email, userId: user.id, organizationId: user.organizationId, sessionId: session.id, emailId: address.id };
};

/** Her ids as this contract writes them, and bare. */
const bare = (id: string) => id.replace(/^(user|org)_/, '');

const withForeignIds = (victim: Victim) => {
  const { userId, organizationId, sessionId, emailId } = victim;
  const fields = (organization: string, user: string) => ({
    organizationId: organization,
    organization_id: organization,
    orgId: organization,
    organization: { id: organization },
    userId: user,
    user_id: user,
    id: user,
    sub: user,
    sid: sessionId,
    role: 'owner',
  });
  const named = [fields(organizationId, userId), fields(bare(organizationId), bare(userId))];
  return {
    paths: [sessionId, emailId, bare(userId), bare(organizationId)],
    bodies: named,
    queries: named.map((one) =>
      new URLSearchParams(Object.entries(one).map(([name, value]) => [name, String(value)] as [string, string])).toString(),
    ),
    headers: { 'x-organization-id': organizationId, 'x-tenant-id': bare(organizationId), 'x-user-id': userId, 'x-role': 'owner' },
  };
};

test('nobody sees or changes anything of another organization, in any role, at any call', async () => {
  const server = await startServer({ TEGATA_CONTRACTS: 'standard,organization' });
  const victim = await victimAt(server);
  const foreign = withForeignIds(victim);
  const secrets = [victim.email, bare(victim.userId), bare(victim.organizationId), victim.sessionId, victim.emailId];
  const operations = await operationsOf(server);
  // What the victim has in every table, but for what her own calls here touch.
  const held = () =>
    JSON.stringify(
      tablesOf(server).map((table) => [
        table,
        rowsIn(server, `select * from ${table}`)
          .map((row) => JSON.stringify(row, (_, value) => (typeof value === 'bigint' ? String(value) : value)))
          .filter((row) => secrets.some((secret) => row.includes(secret))),
      ]),
    );
  const before = held();

  const leaks: string[] = [];
  let tried = 0;
  let made = 0;
  const asked = async (role: Role | 'nobody', { method, path, body }: Operation) => {
    const ids = path.includes('{id}') ? foreign.paths : [''];
    for (const [index, id] of ids.entries()) {
      made += 1;
      const own = role === 'nobody' ? undefined : await registered(server, `person-${made}@example.com`);
      if (own && role !== 'nobody') {
        await server.engine.auth.changeRole({ userId: bare(own.answer.body.data.user.id), role });
      }
      const values = {
        email: `person-${made}b@example.com`,
        name: 'Mallory',
        password: goodPassword,
        current_password: goodPassword,
        new_password: 'another good password',
        organizationName: 'Engines',
      };
      const where = path.replace('{id}', id).replace('{provider}', 'google');
      const answer: Answer = await server.call(method, `${where}?${foreign.queries[index % 2]}`, {
        ...(body ? { body: { ...foreign.bodies[index % 2], ...values } } : {}),
        headers: foreign.headers,
        token: own?.accessToken,
      });
      tried += 1;
      const what = `${role}: ${method} ${where}: ${answer.status}`;
      const shown = JSON.stringify([answer.body, [...answer.headers], answer.cookies]);
      // The ids that were sent are not repeated either.
      for (const secret of secrets) if (shown.includes(secret)) leaks.push(`${what} shows ${secret}`);
      if (answer.status >= 500) leaks.push(what);
      if (path.includes('{id}') && answer.status < 400) leaks.push(`${what} for an id of somebody else`);
      if (own) {
        const after = await server.call('GET', '/api/auth/me', { token: own.accessToken });
        const user = after.body.data?.user;
        const before = own.answer.body.data.user;
        if (user && (user.role !== role || user.organizationId !== before.organizationId))
          leaks.push(`${what} made ${user.role}`);
      }
    }
  };
  for (const role of roles) for (const operation of operations) await asked(role, operation);

  // Cookies of two organizations in one browser.
  const own = await registered(server, 'mixed@example.com');
  const { person } = victim;
  const mixtures = [
    [own.accessCookie, person.csrfCookie, person.csrfToken],
    [person.accessCookie, own.csrfCookie, own.csrfToken],
    [`${own.accessCookie}; ${person.refreshCookie}`, own.csrfCookie, own.csrfToken],
    [`${person.accessCookie}; ${own.refreshCookie}`, own.csrfCookie, own.csrfToken],
    [person.refreshCookie, own.csrfCookie, own.csrfToken],
  ] as const;
  for (const [credentials, csrfCookie, csrfToken] of mixtures) {
    for (const call of ['logout', 'refresh']) {
      const answer = await server.call('POST', `/api/auth/${call}`, {
        cookie: `${credentials}; ${csrfCookie}`,
        headers: { 'x-csrf-token': csrfToken },
      });
      tried += 1;
      if (answer.status < 400) leaks.push(`mixed cookies at ${call}: ${answer.status}`);
    }
  }
  const changed = held() !== before;

  figure({
    row: 'tenants',
    part: 'roles, calls and foreign ids',
    tried,
    failed: leaks.length + Number(changed),
    detail: `${roles.join(', ')} × ${operations.length} calls of the contracts organization and standard, ids of another organization's member in path, query, body and headers; mixed cookies of two organizations. There are no calls to invite, list, change or remove members, nor to change an organization`,
    reached: leaks.length === 0 && !changed,
  });
  expect(leaks).toEqual([]);
  expect(held()).toBe(before);
  expect((await server.call('POST', '/api/auth/logout', asBrowser(person))).status).toBe(200);
});

test('refreshes and changes of role side by side never give anybody the claims of another organization', async () => {
  const rounds = size('TENANT_ROUNDS', { long: 100, short: 20 });
  const server = await startServer({ TEGATA_CONTRACTS: 'standard,organization' });
  const people = await Promise.all([0, 1, 2, 3].map((index) => registered(server, `person-${index}@example.com`)));
  const identity = ({ answer }: Person) => answer.body.data.user;
  const holding = [...people];
  const wrong: string[] = [];
  const rolesSeen = new Set<unknown>();
  for (let round = 0; round < rounds; round += 1) {
    await server.atOnce(people.length * 3, async (index) => {
      const who = index % people.length;
      const { id, organizationId } = identity(people[who]!);
      if (index < people.length) {
        holding[who] = await refreshed(server, { body: { refreshToken: holding[who]!.refreshToken } });
        const { claims } = decodeToken(holding[who]!.accessToken);
        rolesSeen.add(claims.role);
        if (claims.sub !== id || claims.organizationId !== organizationId)
          wrong.push(`round ${round}: token ${JSON.stringify(claims)}`);
        return;
      }
      if (index < 2 * people.length) {
        const role = (['user', 'admin', 'owner'] as const)[(round + who) % 3]!;
        await server.engine.auth.changeRole({ userId: bare(id), role });
        return;
      }
      const { user } = (await server.call('GET', '/api/auth/me', { token: people[who]!.accessToken })).body.data;
      if (user.id !== id || user.organization.id !== organizationId) wrong.push(`round ${round}: me ${JSON.stringify(user)}`);
    });
  }
  const tried = rounds * people.length * 2;
  figure({
    row: 'tenants',
    part: 'parallel changes of role',
    tried,
    failed: wrong.length,
    detail: `${rounds} rounds of refresh, change of role and me for 4 people of 4 organizations at once; roles seen in tokens: ${[...rolesSeen].join(', ')}. An organization has one member, so there is no last owner to protect`,
    reached: wrong.length === 0,
  });
  expect(wrong).toEqual([]);
  expect(rolesSeen.size).toBe(3);
});
