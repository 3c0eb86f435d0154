import type { Settled } from './options.ts';
import type { Failure, LoggedOutCode, Result } from './result.ts';

type Caller = {
  credentials: (method: string) => Record<string, string>;
  prepared: () => Promise<Result<undefined, Failure<LoggedOutCode>>>;
  refresh: () => Promise<Result<undefined, Failure<LoggedOutCode>>>;
  version: () => number;
};

export type ApplicationFetch = (url: string | URL, init?: RequestInit) => Promise<Response>;

/**
 * `fetch` for the application's own API: adds what proves the log-in, refreshes first when the token has ended, and once
 * when the answer is 401. Resolves and rejects like `fetch`; whoever is logged out gets the API's own 401.
 *
 * @throws TypeError for an origin that was not named: a token given to a stranger is a stolen one.
 */
export const createApplicationFetch =
  (caller: Caller, { fetch, origins, environment }: Settled, cookies: boolean): ApplicationFetch =>
  async (url, init = {}) => {
    const target = new URL(url, environment.origin ?? origins[0]);
    if (!origins.includes(target.origin)) {
      throw new TypeError(`${target.origin} is not in apiOrigins: it must not get the access token`);
    }
    const send = () => {
      const headers = new Headers(init.headers);
      for (const [name, value] of Object.entries(caller.credentials(init.method ?? 'GET'))) headers.set(name, value);
      return fetch(target, { ...init, headers, ...(cookies ? { credentials: 'include' as const } : {}) });
    };
    await caller.prepared();
    const used = caller.version();
    const response = await send();
    const repeatable = init.body === undefined || init.body === null || typeof init.body === 'string';
    if (response.status !== 401 || !repeatable) return response;
    if (caller.version() === used && !(await caller.refresh()).ok) return response;
    return send();
  };
