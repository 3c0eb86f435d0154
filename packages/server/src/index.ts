import { composeApp, composeEngine, composeGuards } from './compose.ts';
import type { Config } from './config/config.ts';
import type { Environment } from './config/env.ts';
import { parseConfig } from './config/parse-config.ts';
import type { HttpEnv } from './http/contract.ts';
import type { Guards } from './http/contracts/cookie/guard.ts';
import { createNodeListener, type NodeListener } from './http/node-listener.ts';

export type { User } from '@tegata/core';
export type { Config } from './config/config.ts';
export { ConfigError } from './config/config-error.ts';
export type { Environment } from './config/env.ts';
export { parseConfig } from './config/parse-config.ts';
export type { GuardedUser, Guards } from './http/contracts/cookie/guard.ts';
export { type NodeListener, sendResponse, webRequest } from './http/node-listener.ts';

export type Tegata = {
  /**
   * A web-standard handler: mount it in any server that speaks `Request` and `Response`. Limits by address need
   * `bindings.incoming`, whose socket says who is calling; `@hono/node-server` gives it as `c.env`.
   */
  fetch: (request: Request, bindings?: HttpEnv['Bindings']) => Response | Promise<Response>;
  /** The same for node:http, Express and Fastify, with the address of the socket. Mount it where no body parser comes first. */
  nodeListener: NodeListener;
  /** For the application's own routes, in the same process: see `Guards`. They need no call to this server. */
  guards: Guards;
  /** Begins to send mail, and to remove what is over. Requests are answered without it; mail waits. */
  start: () => void;
  /** Readiness turns false, so that balancers send no more, and no further mail is taken in hand; requests are still answered. */
  prepareToStop: () => void;
  /** Finishes the mails in hand and closes the database. */
  close: () => Promise<void>;
};

export type TegataOptions = {
  /**
   * Runs before a closed account goes, for the application to remove what it holds of the user. Throwing keeps the
   * account, and the caller gets a 500. It may run again for the same user, also when the account then stayed: let it be
   * repeatable, and delete by `userId` alone.
   */
  beforeAccountCloses?: (user: { userId: string }) => Promise<void>;
};

/**
 * Tegata as a library. `settings` are the same names and values as the environment variables of the server, or a
 * configuration that `parseConfig` made.
 * @throws ConfigError with every mistake in the settings at once.
 */
export const createTegata = async (settings: Environment | Config, options: TegataOptions = {}): Promise<Tegata> => {
  const config = isConfig(settings) ? settings : parseConfig(settings);
  const engine = await composeEngine(config, options);
  let stopping = false;
  const app = composeApp(config, engine, { isStopping: () => stopping });
  const fetch: Tegata['fetch'] = (request, bindings = {}) => app.fetch(request, bindings);
  return {
    fetch,
    nodeListener: createNodeListener(fetch),
    guards: composeGuards(config, engine),
    start: engine.start,
    prepareToStop: () => {
      stopping = true;
      engine.prepareToStop();
    },
    close: async () => {
      stopping = true;
      await engine.close();
    },
  };
};

const isConfig = (settings: Environment | Config): settings is Config => 'ttl' in settings && typeof settings.ttl === 'object';
