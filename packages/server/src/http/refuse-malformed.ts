import type { Socket } from 'node:net';
import { securityHeaders } from './security-headers.ts';

const lines: Record<string, string> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: '413 Content Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
};

/** More than any browser sends by mistake. Whoever goes on is cut off in the middle of it and may miss the answer. */
const most = { bytes: 1_048_576, ms: 1_000 };

/**
 * Answers what node:http could not read, and drops what still comes of it for a moment (a lingering close, RFC 9112, section
 * 9.6). Node alone would close at once: the system resets a connection that has something unread, and a reset overtakes the
 * answer, so that somebody with too many cookies would see a network error instead of 431.
 */
export const refuseMalformed = (error: Error & { code?: string }, socket: Socket): void => {
  const headers = {
    ...Object.fromEntries(securityHeaders),
    'X-Request-Id': crypto.randomUUID(),
    'Content-Length': 0,
    Connection: 'close',
  };
  const fields = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${lines[error.code ?? ''] ?? '400 Bad Request'}\r\n${fields.join('')}\r\n`);
  drop(socket);
};

/** The parser of node:http lets go of a connection that somebody else reads. */
const drop = (socket: Socket): void => {
  let bytes = 0;
  socket.removeAllListeners('data');
  socket.on('data', (data: Buffer) => {
    bytes += data.length;
    if (bytes > most.bytes) socket.destroy();
  });
  socket.resume();
  const late = setTimeout(() => socket.destroy(), most.ms);
  socket.once('close', () => clearTimeout(late));
};
