import { composeApp, composeEngine } from './compose.ts';
import { type Config, type Environment, parseConfig } from './config/config.ts';

export { type Config, ConfigError, type Environment, parseConfig } from './config/config.ts';

export type Tegata = {
  /**
   * A web-standard handler: mount it in any server that speaks `Request` and `Response`. In `bindings`, `incoming` is the
   * request of node:http, whose socket tells the caller's address; without it all callers share one limit.
   */
  fetch: (request: Request, bindings?: object) => Response | Promise<Response>;
  /** Begins to send mail. Requests are answered without it; mail waits. */
  start: () => void;
  /** Readiness turns false, so that balancers send no more, and no further mail is taken in hand; requests are still answered. */
  prepareToStop: () => void;
  /** Finishes the mails in hand and closes the database. */
  close: () => Promise<void>;
};

/**
 * Tegata as a library. `settings` are the same names and values as the environment variables of the server, or a
 * configuration that `parseConfig` made.
 * @throws ConfigError with every mistake in the settings at once.
 */
export const createTegata = async (settings: Environment | Config): Promise<Tegata> => {
  const config = isConfig(settings) ? settings : parseConfig(settings);
  const engine = await composeEngine(config);
  let stopping = false;
  const app = composeApp(config, engine, { isStopping: () => stopping });
  return {
    fetch: (request, bindings = {}) => app.fetch(request, bindings),
    start: () => engine.mailWorker.start(),
    prepareToStop: () => {
      stopping = true;
      void engine.mailWorker.stop();
    },
    close: async () => {
      stopping = true;
      await engine.close();
    },
  };
};

const isConfig = (settings: Environment | Config): settings is Config => 'ttl' in settings && typeof settings.ttl === 'object';
