import { connect } from 'node:net';
import type { TestServer } from './server.ts';

/** One answer as it came over the wire: header names in lower case, every occurrence kept. */
export type RawAnswer = { status: number; headers: [name: string, value: string][]; body: string };

/**
 * Sends these very bytes and gives every answer that came back. For requests that a well-behaved client cannot make:
 * duplicate headers, broken cookies, odd targets, chunked bodies. Ask for `Connection: close`, or wait for the end.
 */
export const sendRaw = ({ url }: Pick<TestServer, 'url'>, request: string | Buffer, waitMs = 5_000): Promise<RawAnswer[]> =>
  new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url);
    const chunks: Buffer[] = [];
    const socket = connect(Number(port), hostname, () => socket.write(request));
    const done = () => {
      clearTimeout(timer);
      socket.destroy();
      resolve(parseAnswers(Buffer.concat(chunks)));
    };
    const timer = setTimeout(done, waitMs);
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('close', done);
    socket.on('error', (error: NodeJS.ErrnoException) => {
      // A server that refuses an upload may close before it has read it all; its answer counts.
      if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE') reject(error);
    });
  });

/** A request line and header lines, closed with `Connection: close`. */
export const rawRequest = (line: string, headers: readonly string[] = [], body = ''): string =>
  [
    `${line} HTTP/1.1`,
    ...(headers.some((header) => /^host:/i.test(header)) ? [] : ['Host: localhost']),
    ...headers,
    'Connection: close',
    '',
    body,
  ].join('\r\n');

const parseAnswers = (bytes: Buffer): RawAnswer[] => {
  const answers: RawAnswer[] = [];
  let rest = bytes;
  while (rest.length > 0) {
    const end = rest.indexOf('\r\n\r\n');
    if (end < 0) break;
    const [statusLine = '', ...lines] = rest.subarray(0, end).toString('latin1').split('\r\n');
    const headers = lines.map((line): [string, string] => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    });
    rest = rest.subarray(end + 4);
    const header = (wanted: string) => headers.find(([name]) => name === wanted)?.[1];
    const status = Number(statusLine.split(' ')[1]);
    const empty = status < 200 || status === 204 || header('transfer-encoding') !== undefined;
    const length = empty ? 0 : Number(header('content-length') ?? rest.length);
    answers.push({ status, headers, body: rest.subarray(0, length).toString('utf8') });
    // Chunks come only with bodies that are empty or asked for with HEAD, and end the connection.
    rest = header('transfer-encoding') === undefined ? rest.subarray(length) : Buffer.alloc(0);
  }
  return answers;
};
