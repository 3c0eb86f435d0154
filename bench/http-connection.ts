import { connect } from 'node:net';

export type Reply = { status: number; head: string; body: string };

export type HttpConnection = { send: (request: string) => Promise<Reply>; close: () => void };

/**
 * One kept HTTP/1.1 connection, one request at a time, written by hand: `fetch` would need more of the processor for
 * asking than the server needs for answering, and this machine has to do both. Text is latin1, so a character is a byte.
 */
export const openConnection = async (host: string, port: number): Promise<HttpConnection> => {
  const socket = connect({ host, port, noDelay: true });
  let received = '';
  let waiting: PromiseWithResolvers<Reply> | undefined;
  const fail = (error?: Error) => waiting?.reject(error ?? new Error('the connection was closed'));

  socket.setEncoding('latin1').on('data', (text: string) => {
    received += text;
    const endOfHead = received.indexOf('\r\n\r\n');
    if (endOfHead < 0) return;
    const head = received.slice(0, endOfHead);
    const length = /\r\ncontent-length: (\d+)/i.exec(head)?.[1];
    // Chunks are left as they came: of answers that have them nobody reads more than the head.
    const isComplete =
      length === undefined ? received.endsWith('\r\n0\r\n\r\n') : received.length >= endOfHead + 4 + Number(length);
    if (length === undefined && !/\r\ntransfer-encoding: chunked/i.test(head)) {
      return fail(new Error(`an answer without a length: ${head}`));
    }
    if (!isComplete) return;
    const reply = { status: Number(head.slice(9, 12)), head, body: received.slice(endOfHead + 4) };
    received = '';
    waiting?.resolve(reply);
  });
  socket.on('error', fail).on('close', () => fail());
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve).once('error', reject);
  });
  return {
    send: (request) => {
      waiting = Promise.withResolvers();
      socket.write(request, 'latin1');
      return waiting.promise;
    },
    close: () => {
      waiting = undefined;
      socket.destroy();
    },
  };
};

export const httpRequest = (method: string, path: string, headers: Record<string, string>, body = ''): string => {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const length = method === 'GET' ? '' : `Content-Length: ${body.length}\r\n`;
  return `${method} ${path} HTTP/1.1\r\nHost: localhost\r\n${lines.join('')}${length}\r\n${body}`;
};
