import { setTimeout as sleep } from 'node:timers/promises';
import type { Person } from '../../bench/people.ts';

// People who use a server without a pause while something is done to it, and a journal of what they were told: what the
// server has acknowledged is what must still be true when the trouble is over.

export type Answered = { kind: string; status: number; retryAfter: string | null; at: number; ms: number };

export type CrowdOptions = {
  url: string;
  /** They are logged in: each refreshes, asks who they are and changes their name, on and on. */
  people: Person[];
  /** How many register somebody new, on and on. */
  registering: number;
  /** How many log in and out again, as some of the people. */
  loggingIn?: number;
  /** The names of those who register. */
  newcomers?: string;
  /** Between two calls of one person. */
  pauseMs?: number;
  /** How long a person waits who is told to come back, or nothing at all. */
  againAfterMs?: number;
};

export type Crowd = {
  answers: Answered[];
  /** Connections that were refused or broke before the answer. */
  broken: () => number;
  /** Addresses whose registration was acknowledged. */
  registered: Set<string>;
  /** Answers that are neither a success nor "come back later", in words. */
  wrong: string[];
  stop: () => Promise<void>;
  /** After the trouble: asks the server for all that it had acknowledged, and gives what it does not know any more, in words. */
  missing: (addresses: ReadonlySet<string>) => Promise<string[]>;
};

type Call = { method?: string; body?: object; token?: string; from?: string };

export const post = (body: object): Call => ({ method: 'POST', body });

export const startCrowd = (options: CrowdOptions): Crowd => {
  const { url, people, registering, loggingIn = 0, newcomers = 'newcomer', pauseMs = 0, againAfterMs = 25 } = options;
  const answers: Answered[] = [];
  const registered = new Set<string>();
  const wrong: string[] = [];
  const names = new Map<string, { acknowledged: number; uncertain: Set<number> }>();
  let broken = 0;
  let running = true;

  /** Undefined when no answer came, or only "come back later". */
  const call = async (kind: string, path: string, { method = 'GET', body, token, from }: Call, expected: number[]) => {
    const startedAt = performance.now();
    try {
      const response = await fetch(url + path, {
        method,
        headers: {
          ...(body ? { 'content-type': 'application/json' } : {}),
          ...(token ? { authorization: `Bearer ${token}` } : {}),
          // Where the server trusts its proxy, each person has an address of their own.
          ...(from ? { 'x-forwarded-for': from } : {}),
        },
        ...(body ? { body: JSON.stringify(body) } : {}),
      });
      const text = await response.text();
      const at = performance.now();
      const { status } = response;
      answers.push({ kind, status, retryAfter: response.headers.get('retry-after'), at, ms: at - startedAt });
      if (expected.includes(status)) return { status, data: JSON.parse(text).data };
      if (status !== 503) wrong.push(`${kind} ${status} ${text.slice(0, 200)}`);
    } catch (error) {
      // `fetch` rejects with a TypeError when the connection broke.
      if (!(error instanceof TypeError)) throw error;
      broken += 1;
    }
    await sleep(againAfterMs);
    return undefined;
  };

  const addressOf = (person: Person) => `10.0.0.${people.indexOf(person) + 1}`;
  const refresh = async (person: Person): Promise<boolean> => {
    const refreshing = { ...post({ refresh_token: person.refreshToken }), from: addressOf(person) };
    const next = await call('refresh', '/api/v1/auth/refresh', refreshing, [200]);
    if (next) Object.assign(person, { accessToken: next.data.access_token, refreshToken: next.data.refresh_token });
    return next !== undefined;
  };

  const use = async (person: Person) => {
    const name = { acknowledged: 0, uncertain: new Set<number>() };
    names.set(person.email, name);
    for (let each = 1; running; each += 1) {
      await refresh(person);
      await call('me', '/api/v1/me', { token: person.accessToken }, [200]);
      const body = { name: `Person ${each}` };
      const changed = await call('change', '/api/v1/me', { method: 'PATCH', body, token: person.accessToken }, [200]);
      if (changed) name.acknowledged = each;
      else name.uncertain.add(each);
      await sleep(pauseMs);
    }
  };

  const register = async (number: number) => {
    for (let each = 0; running; each += 1) {
      const email = `${newcomers}-${number}-${each}@example.com`;
      const body = { email, password: 'correct horse battery', name: 'Ada' };
      // Taken by the call whose answer was lost, when it is asked for again.
      for (let tries = 0; running && !registered.has(email); tries += 1) {
        const taken = tries === 0 ? [201] : [201, 409];
        if (await call('register', '/api/v1/auth/register', post(body), taken)) registered.add(email);
      }
      await sleep(pauseMs);
    }
  };

  const logIn = async (index: number) => {
    const { email } = people[index % people.length] as Person;
    const body = { email, password: 'correct horse battery', token_transport: 'body' };
    while (running) {
      const entered = await call('log in', '/api/v1/auth/login', post(body), [200]);
      if (entered) await call('log out', '/api/v1/auth/logout', { ...post({}), token: entered.data.access_token }, [200]);
      await sleep(pauseMs);
    }
  };

  const all = Promise.all([
    ...people.map(use),
    ...Array.from({ length: registering }, (_, number) => register(number)),
    ...Array.from({ length: loggingIn }, (_, number) => logIn(number)),
  ]);

  return {
    answers,
    broken: () => broken,
    registered,
    wrong,
    stop: async () => {
      running = false;
      await all;
    },
    missing: async (addresses) => {
      const lost = [...registered].filter((email) => !addresses.has(email)).map((email) => `the account ${email}`);
      for (const person of people) {
        // Nobody was signed out by it: the last refresh token that was acknowledged still works.
        if (!(await refresh(person))) {
          lost.push(`the session of ${person.email}`);
          continue;
        }
        const { acknowledged, uncertain } = names.get(person.email)!;
        const shown = await call('me', '/api/v1/me', { token: person.accessToken }, [200]);
        const stored = Number(/^Person (\d+)$/.exec(shown?.data.name)?.[1]);
        // What was tried and neither acknowledged nor refused may have happened, or not.
        if (acknowledged > 0 && stored !== acknowledged && !uncertain.has(stored)) lost.push(`the name of ${person.email}`);
      }
      return lost;
    },
  };
};

/** The value below which that share of them lies. */
export const percentile = (values: readonly number[], share: number): number =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))] ?? Number.NaN;

/**
 * How long something may take: the target in the long form, on a quiet machine. Continuous integration runs on machines that
 * are slower, and busy; there only what hangs is a fault.
 */
export const within = (targetMs: number): number => (process.env.SHORT ? 10 * targetMs : targetMs);
