import type { IncomingMessage, ServerResponse } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { refuseUnreadable } from './listen.ts';

// For applications that embed Tegata in a server of theirs: from what node:http, Express and Fastify hand around to
// web-standard requests, and back.

type Fetch = (request: Request, bindings: { incoming: IncomingMessage }) => Response | Promise<Response>;

export type NodeListener = (incoming: IncomingMessage, outgoing: ServerResponse) => void;

/**
 * The handler as a listener of node:http, with the address of the caller's socket. Unlike `listen`, which has the process
 * to itself, it leaves the global `Request` and `Response` as they are.
 */
export const createNodeListener = (fetch: Fetch): NodeListener => {
  const listener = getRequestListener(
    (request, bindings) => {
      const incoming = bindings.incoming as IncomingMessage;
      return fetch(realRequest(request, incoming), { incoming });
    },
    { hostname: 'localhost', overrideGlobalObjects: false, errorHandler: refuseUnreadable },
  );
  return (incoming, outgoing) => {
    // Where a framework mounts under a prefix it cuts that off the URL; the routes of contracts are whole paths.
    incoming.url = wholeUrl(incoming);
    void listener(incoming, outgoing);
  };
};

/**
 * The head of what node:http received as a web-standard request, for the guards. It has no body: the application reads that
 * from `incoming` as it always does.
 */
export const webRequest = (incoming: IncomingMessage): Request => {
  const target = wholeUrl(incoming);
  const url = URL.parse(`http://localhost${target.startsWith('/') ? target : '/'}`) ?? 'http://localhost/';
  return new Request(url, { method: incoming.method ?? 'GET', headers: headersOf(incoming) });
};

/** Answers with a web-standard response, such as a guard's refusal. */
export const sendResponse = async (outgoing: ServerResponse, response: Response): Promise<void> => {
  outgoing.statusCode = response.status;
  outgoing.setHeaders(response.headers);
  outgoing.end(Buffer.from(await response.arrayBuffer()));
};

/** As Express and Connect keep it for whoever comes after a prefix was cut off. */
const wholeUrl = (incoming: IncomingMessage & { originalUrl?: string }): string => incoming.originalUrl ?? incoming.url ?? '/';

/** From the raw list: of a header that came twice, `incoming.headers` would keep one and say nothing. */
const headersOf = ({ rawHeaders }: IncomingMessage): Headers => {
  const headers = new Headers();
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] as string;
    if (!name.startsWith(':')) headers.append(name, rawHeaders[at + 1] as string);
  }
  return headers;
};

/** The listener's own request object is light, and cannot be copied as the limit on bodies of unknown length does it. */
const realRequest = (request: Request, incoming: IncomingMessage): Request => {
  const { method, url, signal } = request;
  // The standard has no request of this method; as the light one it still gets its 404 or 405.
  if (method === 'TRACE') return request;
  const head = { method, signal, headers: headersOf(incoming) };
  const { 'transfer-encoding': chunked, 'content-length': length } = incoming.headers;
  const hasBody = chunked !== undefined || Number(length ?? 0) > 0;
  if (!hasBody || method === 'GET' || method === 'HEAD') return new Request(url, head);
  return new Request(url, { ...head, body: incoming.readableDidRead ? alreadyRead() : request.body, duplex: 'half' });
};

/** Told to the developer, in the log; the caller gets a 500. Reading nothing would look like an empty body, and blame the caller. */
const alreadyRead = () =>
  new ReadableStream({
    start: (controller) =>
      controller.error(new Error('The body was read before Tegata got the request: mount Tegata before any body parser.')),
  });
