import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

/** What can be wrong with a provider, for one of its paths. */
export type Fault =
  | 'status 500'
  | 'status 503'
  | 'garbage'
  | 'html'
  | 'silence'
  | 'half an answer'
  | 'redirect'
  | 'huge'
  | 'hang up';

export type FaultyServer = {
  url: string;
  /** Paths that were asked for, in order. */
  asked: string[];
  /** From now on that path fails in this way; without a fault it works again. */
  fails: (path: string, fault: Fault | undefined) => void;
};

/** A server on loopback that answers with `listener`, but for the paths that are told to fail. */
export const startFaultyServer = async (
  listenerFor: (url: string) => RequestListener,
  host = '127.0.0.1',
): Promise<FaultyServer> => {
  const faults = new Map<string, Fault>();
  const asked: string[] = [];
  let listener: RequestListener | undefined;
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://loopback');
    asked.push(pathname);
    const fault = faults.get(pathname);
    if (fault) answerWith(fault, request, response);
    else listener?.(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://${host}:${(server.address() as AddressInfo).port}`;
  listener = listenerFor(url);
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return {
    url,
    asked,
    fails: (path, fault) => {
      if (fault) faults.set(path, fault);
      else faults.delete(path);
    },
  };
};

const answerWith = (fault: Fault, request: IncomingMessage, response: ServerResponse) => {
  request.resume();
  const json = { 'content-type': 'application/json' };
  switch (fault) {
    case 'status 500':
      response.writeHead(500, json).end('{"error":"server_error"}');
      return;
    case 'status 503':
      response.writeHead(503).end();
      return;
    case 'garbage':
      response.writeHead(200, json).end('{"access_token": ');
      return;
    case 'html':
      response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>It works!</h1>');
      return;
    case 'silence':
      return;
    case 'half an answer':
      response.writeHead(200, { ...json, 'content-length': '5000' }).write('{"access_token":"');
      return;
    case 'redirect':
      response.writeHead(302, { location: 'http://127.0.0.1:9/elsewhere' }).end();
      return;
    case 'huge':
      response.writeHead(200, json).end(`{"access_token":"${'x'.repeat(1_100_000)}"}`);
      return;
    case 'hang up':
      request.socket.destroy();
  }
};
