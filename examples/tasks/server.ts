import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { getRequestListener, type HttpBindings } from '@hono/node-server';
import { createTegata, type Environment, parseConfig } from '@tegata/server';
import { Hono } from 'hono';
import { createPage } from './page.ts';
import { createTaskRoutes } from './tasks.ts';
import { openTasksDatabase } from './tasks-database.ts';
import { createTaskStore } from './tasks-store.ts';

// One process: the task list answers under /tasks and /, and Tegata whatever else is asked for: /auth, /health, /docs.

export type RunningTasks = { port: number; close: () => Promise<void> };

/** `environment` holds the same settings as those of the Tegata server. */
export const startTasks = async (environment: Environment): Promise<RunningTasks> => {
  const config = parseConfig({ ...environment, TEGATA_CONTRACTS: environment.TEGATA_CONTRACTS || 'cookie' });
  const database = openTasksDatabase(join(config.dataDir, 'tasks.db'));
  const tasks = createTaskStore(database);
  const tegata = await createTegata(config, {
    beforeAccountCloses: async ({ userId }) => tasks.removeAll(userId),
  });

  const app = new Hono<{ Bindings: HttpBindings }>();
  app.route('/tasks', createTaskRoutes(tegata.guards, tasks));
  app.route('/', createPage());
  // The bindings tell Tegata from which address the request came.
  app.all('*', (c) => tegata.fetch(c.req.raw, c.env));

  // The name stands in where HTTP/1.0 sends none, as balancers do that only ask for health.
  const listener = getRequestListener(app.fetch, { hostname: 'localhost' });
  const server = createServer({ headersTimeout: 10_000, requestTimeout: 30_000 }, listener);
  server.listen(config.port, config.host);
  await once(server, 'listening');
  tegata.start();

  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      tegata.prepareToStop();
      const closed = once(server.close(), 'close');
      setTimeout(() => server.closeAllConnections(), 5_000).unref();
      await closed;
      await tegata.close();
      database.close();
    },
  };
};

if (import.meta.main) {
  try {
    const tasks = await startTasks(process.env);
    console.log(`Tasks is ready: http://localhost:${tasks.port}`);
    if (!process.env.SMTP_URL) console.log(`Mail waits at http://localhost:${tasks.port}/dev/mailbox`);
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void tasks.close());
  } catch (error) {
    console.error((error as Error).message);
    process.exit(1);
  }
}
