import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';

type Fetch = (request: Request, bindings: object) => Response | Promise<Response>;

export type Listening = {
  /** The port it really has, where 0 was asked for. */
  port: number;
  /** Takes no new connection, lets running requests finish for `withinMs`, then cuts them. */
  close: (withinMs?: number) => Promise<void>;
};

/** Serves a web-standard handler over node:http. Slow clients are cut and big headers refused, well above honest needs. */
export const listen = async (fetch: Fetch, { port, host }: { port: number; host: string }): Promise<Listening> => {
  const server: Server = createServer(
    { headersTimeout: 10_000, requestTimeout: 30_000, maxHeaderSize: 16_384, keepAliveTimeout: 65_000 },
    getRequestListener(fetch),
  );
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: (withinMs = 10_000) =>
      new Promise((resolve) => {
        const forced = setTimeout(() => server.closeAllConnections(), withinMs);
        server.close(() => {
          clearTimeout(forced);
          resolve();
        });
        server.closeIdleConnections();
      }),
  };
};
