import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type HttpConnection, httpRequest, openConnection, type Reply } from './http-connection.ts';
import { type Person, password } from './people.ts';

// The load generator: a process of its own that is sent one plan, carries it out, answers with what it measured, and
// ends. Loopback only.

/**
 * `connections` of them ask without a pause; with `perSecond` they ask at that rate instead, and latency counts from
 * the moment a request was due, so that a stalled server cannot hide what waited behind the stall.
 */
export type Plan = {
  port: number;
  kind: 'me' | 'refresh' | 'log-in' | 'peer-session' | 'peer-cached-session' | 'peer-log-in';
  peopleFile: string;
  /** Which of the people: a chain of refresh tokens is lost when the process ends, so each round takes others. */
  peopleFrom: number;
  peopleCount: number;
  connections: number;
  seconds: number;
  perSecond?: number;
  /** So many and no more, in place of `seconds`. */
  requests?: number;
  /** Whether to give each answer of this status with its time, for a picture. */
  timeline?: number;
};

/** Milliseconds. */
export type Latencies = { p50: number; p99: number; worst: number };

export type Measured = {
  answers: number;
  perSecond: number;
  /** By status. */
  statuses: Record<string, number>;
  latencies: Record<string, Latencies>;
  /** Refusals that do not say when to come back. */
  withoutRetryAfter: number;
  /** Milliseconds since 1970 when it was due, and how long it took. */
  timeline: [dueAt: number, tookMs: number][];
};

/** Makes the requests of one kind; a person's next one may depend on the answer to the last. */
const createRequests = (plan: Plan, people: Person[]) => {
  let next = Math.floor(Math.random() * people.length);
  const nextPerson = () => {
    next = (next + 1) % people.length;
    return people[next] as Person;
  };
  const json = { 'Content-Type': 'application/json' };
  const post = (path: string, body: object) => httpRequest('POST', path, json, JSON.stringify(body));
  const requestOf: Record<Plan['kind'], (person: Person) => string> = {
    me: ({ accessToken }) => httpRequest('GET', '/api/v1/me', { Authorization: `Bearer ${accessToken}` }),
    refresh: ({ refreshToken }) => post('/api/v1/auth/refresh', { refresh_token: refreshToken }),
    'log-in': ({ email }) => post('/api/v1/auth/login', { email, password, token_transport: 'body' }),
    'peer-session': ({ cookie = '' }) => httpRequest('GET', '/api/auth/get-session', { Cookie: cookie }),
    'peer-cached-session': ({ cachedCookie = '' }) => httpRequest('GET', '/api/auth/get-session', { Cookie: cachedCookie }),
    'peer-log-in': ({ email }) => post('/api/auth/sign-in/email', { email, password }),
  };
  return (): { request: string; done: (reply: Reply) => void } => {
    const person = nextPerson();
    const done = (reply: Reply) => {
      // `null` is how the peer answers for a session that it does not know.
      if (plan.kind.startsWith('peer') && !reply.body.includes('"user"')) throw new Error('the peer knew nobody');
      if (plan.kind === 'refresh' && reply.status === 200) person.refreshToken = JSON.parse(reply.body).data.refresh_token;
    };
    return { request: requestOf[plan.kind](person), done };
  };
};

const quantile = (sorted: number[], part: number): number => sorted[Math.floor(part * (sorted.length - 1))] ?? 0;

const carryOut = async (plan: Plan): Promise<Measured> => {
  const everybody: Person[] = JSON.parse(readFileSync(plan.peopleFile, 'utf8'));
  const nextRequest = createRequests(plan, everybody.slice(plan.peopleFrom, plan.peopleFrom + plan.peopleCount));
  const times: Record<string, number[]> = {};
  let withoutRetryAfter = 0;
  const timeline: Measured['timeline'] = [];
  const opening = Array.from({ length: plan.connections }, () => openConnection('127.0.0.1', plan.port));
  const connections = await Promise.all(opening);
  const startedAt = performance.now();
  const endsAt = startedAt + plan.seconds * 1000;
  let begun = 0;

  const work = async (connection: HttpConnection) => {
    for (;;) {
      const turn = begun;
      begun += 1;
      let since = performance.now();
      if (plan.perSecond !== undefined) {
        since = startedAt + (turn * 1000) / plan.perSecond;
        const early = since - performance.now();
        if (since < endsAt && early > 0) await sleep(early);
      }
      if (plan.requests === undefined ? since >= endsAt : turn >= plan.requests) break;
      const { request, done } = nextRequest();
      const reply = await connection.send(request);
      done(reply);
      const list = times[reply.status] ?? [];
      times[reply.status] = list;
      const took = performance.now() - since;
      list.push(took);
      if (plan.timeline === reply.status) timeline.push([performance.timeOrigin + since, took]);
      if (reply.status === 503 && !/\r\nretry-after: [1-9]/i.test(reply.head)) withoutRetryAfter += 1;
    }
    connection.close();
  };
  await Promise.all(connections.map(work));

  const seconds = (performance.now() - startedAt) / 1000;
  const statuses: Measured['statuses'] = {};
  const latencies: Measured['latencies'] = {};
  let answers = 0;
  for (const [status, list] of Object.entries(times)) {
    const sorted = list.sort((a, b) => a - b);
    statuses[status] = sorted.length;
    answers += sorted.length;
    latencies[status] = { p50: quantile(sorted, 0.5), p99: quantile(sorted, 0.99), worst: quantile(sorted, 1) };
  }
  return { answers, perSecond: answers / seconds, statuses, latencies, withoutRetryAfter, timeline };
};

process.once('message', async (plan: Plan) => {
  const measured = await carryOut(plan);
  process.send?.(measured, () => process.disconnect());
});
