// What a browser lends to the client, as types: on the server, at the edge and in tests there is less of it, or another one.

export type LockOptions = { signal?: AbortSignal; steal?: boolean };

/** The part of the Web Locks API that is used. */
export type Locks = { request: (name: string, options: LockOptions, granted: () => Promise<void>) => Promise<unknown> };

/** The part of BroadcastChannel that is used. */
export type Channel = {
  postMessage: (message: unknown) => void;
  addEventListener: (type: 'message', listener: (event: { data: unknown }) => void) => void;
  close: () => void;
};

export type Environment = {
  /** One lock for all tabs. Without it, tabs may refresh at the same time, which the server forgives within its grace. */
  locks?: Locks | undefined;
  /** Same-origin tabs. Must not reach anybody else: fresh access tokens travel on it. */
  openChannel?: ((name: string) => Channel) | undefined;
  /** For one mark, which holds no secret: a log-out that the server has not heard of yet. */
  storage?:
    | { getItem(key: string): string | null; setItem(key: string, value: string): void; removeItem(key: string): void }
    | undefined;
  /** A cookie that script may read. */
  readCookie: (name: string) => string | undefined;
  /** The page's own origin, where there is a page. */
  origin?: string | undefined;
  isVisible: () => boolean;
  /** Calls back when the page is looked at again, is online again, or comes out of the back-forward cache. */
  onReturn: (returned: (from: { sleep: boolean }) => void) => () => void;
  now: () => number;
  /** Gives the function that cancels it. */
  after: (ms: number, work: () => void) => () => void;
};

/** One program for one person at a time, and nothing shared: Node, edge, native apps. Nothing is refreshed ahead of time. */
export const plainEnvironment = (): Environment => ({
  readCookie: () => undefined,
  isVisible: () => false,
  onReturn: () => () => {},
  now: Date.now,
  after: (ms, work) => {
    const timer: unknown = setTimeout(work, ms);
    // In Node a timer would keep the process alive.
    (timer as { unref?: () => void }).unref?.();
    return () => clearTimeout(timer as number);
  },
});

type Page = {
  document?: { cookie: string; visibilityState: string; addEventListener: Listen; removeEventListener: Listen };
  navigator?: { locks?: Locks };
  location?: { origin: string };
  localStorage?: Environment['storage'];
  BroadcastChannel?: new (name: string) => Channel;
  addEventListener?: Listen;
  removeEventListener?: Listen;
};
type Listen = (type: string, listener: (event: { persisted?: boolean }) => void) => void;

/** What this page offers; the plain environment where there is no page, so that a module may make its client on a server too. */
export const pageEnvironment = (): Environment => {
  const page = globalThis as unknown as Page;
  const { document, BroadcastChannel } = page;
  if (!document) return plainEnvironment();
  return {
    ...plainEnvironment(),
    locks: page.navigator?.locks,
    openChannel: BroadcastChannel && ((name) => new BroadcastChannel(name)),
    storage: storageOf(page),
    readCookie: (name) =>
      document.cookie
        .split('; ')
        .find((pair) => pair.startsWith(`${name}=`))
        ?.slice(name.length + 1),
    origin: page.location?.origin,
    isVisible: () => document.visibilityState === 'visible',
    onReturn: (returned) => {
      const shown = () => document.visibilityState === 'visible' && returned({ sleep: false });
      const awake = ({ persisted = true }: { persisted?: boolean }) => persisted && returned({ sleep: true });
      document.addEventListener('visibilitychange', shown);
      document.addEventListener('resume', awake);
      page.addEventListener?.('pageshow', awake);
      page.addEventListener?.('online', shown);
      return () => {
        document.removeEventListener('visibilitychange', shown);
        document.removeEventListener('resume', awake);
        page.removeEventListener?.('pageshow', awake);
        page.removeEventListener?.('online', shown);
      };
    },
  };
};

/** Asking for it throws where the person has forbidden it. */
const storageOf = (page: Page): Environment['storage'] => {
  try {
    return page.localStorage;
  } catch {
    return undefined;
  }
};
