import { createServer, type Server } from 'node:http';
import { type AddressInfo, Server as NetServer } from 'node:net';
import { getRequestListener, RequestError } from '@hono/node-server';
import { securityHeaders } from './security-headers.ts';

type Fetch = (request: Request, bindings: object) => Response | Promise<Response>;

export type Listening = {
  /** The port it really has, where 0 was asked for. */
  port: number;
  /**
   * Takes no new connection, ends the kept ones with their next answer, lets running requests finish for `withinMs`, then
   * cuts them. Connections without a request are ended after `keepIdleMs`: a client that is busy meets the end of its
   * connection in an answer, and not while it sends.
   */
  close: (options?: { withinMs?: number; keepIdleMs?: number }) => Promise<void>;
};

/** Serves a web-standard handler over node:http. Slow clients are cut and big headers refused, well above honest needs. */
export const listen = async (fetch: Fetch, { port, host }: { port: number; host: string }): Promise<Listening> => {
  const server: Server = createServer(
    { headersTimeout: 10_000, requestTimeout: 30_000, maxHeaderSize: 16_384, keepAliveTimeout: 65_000 },
    // The name stands in where HTTP/1.0 sends none, as balancers do that only ask for health. Nothing depends on it.
    getRequestListener(fetch, { hostname: 'localhost', errorHandler: refuseUnreadable }),
  );
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: ({ withinMs = 5_000, keepIdleMs = 0 } = {}) =>
      new Promise((resolve) => {
        const idleSince = performance.now();
        const forced = setTimeout(() => server.closeAllConnections(), withinMs);
        const endIdle = () => {
          if (performance.now() - idleSince >= keepIdleMs) server.closeIdleConnections();
        };
        // A connection whose request was running when we began to close is kept by node:http when it is answered.
        const sweep = setInterval(endIdle, 50);
        server.prependListener('request', (_request, response) => response.setHeader('Connection', 'close'));
        // The one of node:http would begin with ending the idle connections.
        NetServer.prototype.close.call(server, () => {
          clearTimeout(forced);
          clearInterval(sweep);
          resolve();
        });
        endIdle();
      }),
  };
};

/** A target or host that makes no URL never reaches the app: refused here, with the headers that every answer has. */
export const refuseUnreadable = (error: unknown): Response =>
  new Response(null, {
    status: error instanceof RequestError ? 400 : 500,
    headers: { ...Object.fromEntries(securityHeaders), 'X-Request-Id': crypto.randomUUID() },
  });
