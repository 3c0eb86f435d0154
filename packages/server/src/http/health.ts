import { Hono } from 'hono';
import type { HttpEnv } from './contract.ts';

export type Health = {
  /** Rejects when the database does not answer. */
  ping: () => Promise<void>;
  /** True from the moment the server is asked to stop: balancers should send no more. */
  isStopping: () => boolean;
};

/** `/health/live`: the process runs. `/health/ready`: it can serve. Neither says what is inside. */
export const createHealth = ({ ping, isStopping }: Health): Hono<HttpEnv> => {
  const app = new Hono<HttpEnv>();
  app.get('/health/live', (c) => c.json({ status: 'ok' }));
  app.get('/health/ready', async (c) => {
    const ready =
      !isStopping() &&
      (await ping().then(
        () => true,
        () => false,
      ));
    if (ready) return c.json({ status: 'ok' });
    c.header('Retry-After', '1');
    return c.json({ status: isStopping() ? 'stopping' : 'unavailable' }, 503);
  });
  return app;
};
