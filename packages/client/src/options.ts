import { type Environment, pageEnvironment, plainEnvironment } from './environment.ts';

/** Where clients without a cookie jar keep the refresh token: a keychain, an encrypted file, a server-side session. */
export type TokenKeeper = {
  get: () => string | undefined | Promise<string | undefined>;
  /** Undefined: forget it. What was kept must survive the process before the promise resolves. */
  set: (refreshToken: string | undefined) => void | Promise<void>;
};

export type ClientOptions = {
  /** Origin of the Tegata server, such as `https://auth.example.com`. Without it, the page's own. */
  baseUrl?: string;
  /** Language of the messages, such as `ja`; a function is asked at each call. Without it, the browser's own. */
  language?: string | (() => string);
  /** Instead of the global one, such as one that logs. */
  fetch?: typeof globalThis.fetch;
  /** Origins, beside the page's and `baseUrl`'s, whose API may get the access token by `client.fetch`. */
  apiOrigins?: readonly string[];
  /** How long a call may take before it counts as `network`. Default 15 000. */
  timeoutMs?: number;
  /** Instead of what the page offers: for tests, and runtimes that differ from both browser and Node. */
  environment?: Environment;
};

/** How the refresh token travels. */
export type TransportChoice =
  /** In an HttpOnly cookie, which no script can read: for browsers. */
  | { tokenTransport?: 'cookie'; refreshTokenKeeper?: never }
  /** In the body, kept by the caller: for Node, edge and native apps. */
  | { tokenTransport: 'body'; refreshTokenKeeper: TokenKeeper };

export type Settled = {
  baseUrl: string;
  fetch: typeof globalThis.fetch;
  language: ClientOptions['language'];
  timeoutMs: number;
  environment: Environment;
  origins: readonly string[];
  /** Undefined: the browser keeps it. */
  keeper: TokenKeeper | undefined;
};

export const settle = (options: ClientOptions & TransportChoice): Settled => {
  const { baseUrl = '', fetch, apiOrigins = [], refreshTokenKeeper: keeper } = options;
  const environment = options.environment ?? (keeper ? plainEnvironment() : pageEnvironment());
  const own = baseUrl === '' ? [] : [new URL(baseUrl, environment.origin).origin];
  return {
    baseUrl,
    // Looked up at each call, so that whoever wraps the global one later is heard; and never called as a method of ours.
    fetch: fetch ?? ((input, init) => globalThis.fetch(input, init)),
    language: options.language,
    timeoutMs: options.timeoutMs ?? 15_000,
    environment,
    origins: [...own, ...(environment.origin === undefined ? [] : [environment.origin]), ...apiOrigins],
    keeper,
  };
};

/** What a refresh would say, where nothing is kept to refresh with. */
export const nothingKept = <Code extends string>(code: Code) =>
  ({ ok: false, failure: { code, message: '', reason: 'refresh_cookie_missing', status: 401 } }) as const;
