import type { Environment } from '@tegata/client';
import { onTestFinished } from 'vitest';
import type { TestServer } from '../server.ts';

// A browser without a window: tabs that share cookies, storage, the real locks and the real channels of Node, a network that
// can be told to fail, and the server's clock.

/** What becomes of a request. */
export type Fault =
  | 'none'
  /** It never arrives. */
  | 'request_lost'
  /** The server does what was asked; nobody hears of it, the cookie jar neither. */
  | 'answer_lost'
  /** The head of the answer arrives, and its cookies with it; the rest does not. */
  | 'body_lost'
  /** Something before the server answers instead of it. */
  | 'bad_gateway'
  /** As above, and with a status that means something else in the contract. */
  | 'captive_portal';

export type TestTab = {
  fetch: typeof globalThis.fetch;
  environment: Environment;
  hide: () => void;
  comeBack: (sleep?: boolean) => void;
};

export type TestBrowser = {
  openTab: () => TestTab;
  cookies: Map<string, { value: string; path: string }>;
  storage: Map<string, string>;
  /** Requests that reached the server, such as `POST /api/v1/auth/refresh`. */
  requests: string[];
  count: (request: string) => number;
  /** Decides for each request. */
  network: { fault: (request: string) => Fault | Promise<Fault> };
  /** Moves the clock of server and tabs, and runs what was due meanwhile. */
  pass: (duration: { seconds?: number; minutes?: number; days?: number }) => Promise<void>;
};

export const openTestBrowser = (server: TestServer): TestBrowser => {
  const cookies: TestBrowser['cookies'] = new Map();
  const storage = new Map<string, string>();
  const requests: string[] = [];
  const network: TestBrowser['network'] = { fault: () => 'none' };
  const timers = new Set<{ at: number; work: () => void }>();

  const cookieHeader = (path: string) =>
    [...cookies]
      .filter(([, cookie]) => path.startsWith(cookie.path))
      .map(([name, { value }]) => `${name}=${value}`)
      .join('; ');
  const keepCookies = (response: Response) => {
    for (const line of response.headers.getSetCookie()) {
      const [pair = '', ...attributes] = line.split('; ');
      const [name = '', value = ''] = pair.split('=');
      const path = attributes.find((one) => one.startsWith('Path='))?.slice(5) ?? '/';
      if (attributes.includes('Max-Age=0')) cookies.delete(name);
      else cookies.set(name, { value, path });
    }
  };

  const browserFetch: typeof globalThis.fetch = async (input, init = {}) => {
    const url = new URL(String(input));
    const request = `${init.method ?? 'GET'} ${url.pathname}`;
    const fault = await network.fault(request);
    if (fault === 'request_lost') throw new TypeError('fetch failed');
    if (fault === 'bad_gateway') return new Response('<h1>Bad gateway</h1>', { status: 502 });
    if (fault === 'captive_portal') return new Response('<h1>Please log in to the hotel</h1>', { status: 401 });
    const headers = new Headers(init.headers);
    const cookie = cookieHeader(url.pathname);
    if (init.credentials === 'include' && cookie !== '') headers.set('cookie', cookie);
    requests.push(request);
    const response = await fetch(url, { ...init, headers });
    if (fault === 'answer_lost') {
      await response.text();
      throw new TypeError('fetch failed');
    }
    if (init.credentials === 'include') keepCookies(response);
    if (fault === 'body_lost') {
      await response.text();
      throw new TypeError('terminated');
    }
    return response;
  };

  const openTab = (): TestTab => {
    let visible = true;
    let returned: Parameters<Environment['onReturn']>[0] = () => {};
    const environment: Environment = {
      locks: navigator.locks as unknown as NonNullable<Environment['locks']>,
      openChannel: (name) => {
        const channel = new BroadcastChannel(name);
        onTestFinished(() => channel.close());
        return channel as never;
      },
      storage: {
        getItem: (key) => storage.get(key) ?? null,
        setItem: (key, value) => void storage.set(key, value),
        removeItem: (key) => void storage.delete(key),
      },
      readCookie: (name) => cookies.get(name)?.value,
      origin: server.url,
      isVisible: () => visible,
      onReturn: (listener) => {
        returned = listener;
        return () => {
          returned = () => {};
        };
      },
      now: server.now,
      after: (ms, work) => {
        // Short pauses are real, the one before asking a lost answer again as short as it gets; for the others the test moves the clock.
        if (ms < 1000) {
          const timer = setTimeout(work, ms < 100 ? ms : 0);
          return () => clearTimeout(timer);
        }
        const timer = { at: server.now() + ms, work };
        timers.add(timer);
        return () => timers.delete(timer);
      },
    };
    return {
      fetch: browserFetch,
      environment,
      hide: () => {
        visible = false;
      },
      comeBack: (sleep = false) => {
        visible = true;
        returned({ sleep });
      },
    };
  };

  return {
    openTab,
    cookies,
    storage,
    requests,
    count: (request) => requests.filter((one) => one === request).length,
    network,
    pass: async (duration) => {
      server.advance(duration);
      const due = [...timers].filter(({ at }) => at <= server.now());
      for (const timer of due) {
        timers.delete(timer);
        timer.work();
      }
      await settled();
    },
  };
};

/** Lets what was begun go on: locks, channels and requests on loopback take turns of the event loop. */
const settled = () => new Promise<void>((resolve) => setTimeout(resolve, 20));

/** Waits for something that happens by itself, such as a message from another tab. */
export const until = async (condition: () => boolean, what = 'it'): Promise<void> => {
  for (let turn = 0; turn < 500; turn += 1) {
    if (condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`${what} did not happen`);
};
