import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, Server as NetServer, type Socket } from 'node:net';
import { getRequestListener, RequestError } from '@hono/node-server';
import { refuseMalformed } from './refuse-malformed.ts';
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

/**
 * Well above honest needs; docs/configuration.md has them for people. Slow clients are looked for every so often, and not
 * each by a timer of its own: with the 30 seconds of node:http they would live four times as long as allowed.
 */
const limits = {
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  connectionsCheckingInterval: 1_000,
  maxHeaderSize: 16_384,
  keepAliveTimeout: 65_000,
};
/** How long nothing of an answer may be taken. */
const longestUnreadMs = 20_000;
/**
 * Requests of one connection that wait for their answers. Without a bound, one packet full of requests for something big,
 * and nobody to read the answers, is two hundred megabytes. Browsers and proxies send one at a time.
 */
const mostUnanswered = 16;

/** Serves a web-standard handler over node:http. Slow clients are cut and big headers refused. */
export const listen = async (
  fetch: Fetch,
  { port, host, unreadMs = longestUnreadMs }: { port: number; host: string; unreadMs?: number },
): Promise<Listening> => {
  // The name stands in where HTTP/1.0 sends none, as balancers do that only ask for health. Nothing depends on it.
  const answer = getRequestListener(fetch, { hostname: 'localhost', errorHandler: refuseUnreadable });
  const server: Server = createServer(limits, (incoming, outgoing) => {
    if (!hasRoom(incoming.socket, outgoing)) return;
    outgoing.on('timeout', endUnread);
    if (isAmbiguous(incoming)) refuseAmbiguous(outgoing);
    else void answer(incoming, outgoing);
  });
  server.on('clientError', (error, socket) => {
    // In the middle of an answer, another one would be read as a part of it.
    if (socket.writable && !hasBegun(socket as Socket)) refuseMalformed(error, socket as Socket);
    else socket.destroy();
  });
  server.timeout = unreadMs;
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

const unanswered = new WeakMap<Socket, Set<ServerResponse>>();

/** False when the connection has asked for too much at once, and is ended for it. */
const hasRoom = (socket: Socket, outgoing: ServerResponse): boolean => {
  const waiting = unanswered.get(socket) ?? new Set();
  if (waiting.size >= mostUnanswered) {
    socket.destroy();
    return false;
  }
  unanswered.set(socket, waiting.add(outgoing));
  outgoing.on('close', () => waiting.delete(outgoing));
  return true;
};

const hasBegun = (socket: Socket): boolean => [...(unanswered.get(socket) ?? [])].some(({ headersSent }) => headersSent);

/** With an answer that nobody takes, as against one that is still being made: a provider may be given longer. */
const endUnread = (socket: Socket): void => {
  if (socket.writableLength > 0) socket.destroy();
};

/** Two names for one server, of which a proxy may have read the other (RFC 9112, section 3.2); or a line from before HTTP/1.0. */
const isAmbiguous = ({ rawHeaders, httpVersionMajor }: IncomingMessage): boolean => {
  let hosts = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] as string;
    if (name.length === 4 && name.toLowerCase() === 'host') hosts += 1;
  }
  return hosts > 1 || httpVersionMajor < 1;
};

const refuseAmbiguous = (outgoing: ServerResponse): void => {
  const { status, headers } = refuseUnreadable(new RequestError('ambiguous'));
  outgoing.writeHead(status, { ...Object.fromEntries(headers), Connection: 'close' }).end();
};

/** A target or host that makes no URL never reaches the app: refused here, with the headers that every answer has. */
export const refuseUnreadable = (error: unknown): Response =>
  new Response(null, {
    status: error instanceof RequestError ? 400 : 500,
    headers: { ...Object.fromEntries(securityHeaders), 'X-Request-Id': crypto.randomUUID() },
  });
