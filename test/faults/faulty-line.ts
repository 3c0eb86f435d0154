import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/**
 * What stands between a server and something it needs, and how well it does today:
 * - `whole` passes everything on at once;
 * - `refusing` cuts every connection and takes no new one;
 * - `swallowing` takes connections and bytes, and nothing comes back; what was under way arrives late, as over a network
 *   that was down for a while;
 * - the others hold what comes back, all of it for a while, or byte by byte.
 */
export type Condition = 'whole' | 'refusing' | 'swallowing' | { delayMs: number } | { bytesPerSecond: number };

export type FaultyLine = { port: number; become: (condition: Condition) => Promise<void> };

/** A TCP line to `port` of the loopback. */
export const openFaultyLine = async (port: number): Promise<FaultyLine> => {
  let condition: Condition = 'whole';
  const open = new Set<Socket>();

  const later = (bytes: Buffer, send: (part: Buffer) => void, before: Promise<void>): Promise<void> => {
    if (typeof condition === 'string') return before.then(() => send(bytes));
    if ('delayMs' in condition) return Promise.all([before, pause(condition.delayMs)]).then(() => send(bytes));
    const { bytesPerSecond } = condition;
    const dripping = async () => {
      for (const byte of bytes) {
        await pause(1_000 / bytesPerSecond);
        send(Buffer.of(byte));
      }
    };
    return before.then(dripping);
  };

  const carry = (client: Socket) => {
    const server = connect(port, '127.0.0.1');
    for (const socket of [client, server]) {
      open.add(socket);
      if (condition === 'swallowing') socket.pause();
      socket.on('error', () => {});
      socket.on('close', () => {
        open.delete(socket);
        client.destroy();
        server.destroy();
      });
    }
    client.on('data', (bytes) => server.write(bytes));
    // In order, whatever the condition becomes meanwhile.
    let before = Promise.resolve();
    server.on('data', (bytes) => {
      before = later(bytes, (part) => void (client.destroyed || client.write(part)), before);
    });
  };

  const listener = createServer(carry).listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const own = (listener.address() as AddressInfo).port;
  const cutAll = () => {
    for (const socket of open) socket.destroy();
  };
  onTestFinished(() => {
    listener.close();
    cutAll();
  });
  return {
    port: own,
    become: async (next) => {
      condition = next;
      for (const socket of open) next === 'swallowing' ? socket.pause() : socket.resume();
      if (next === 'refusing') {
        listener.close();
        cutAll();
      } else if (!listener.listening) {
        listener.listen(own, '127.0.0.1');
        await once(listener, 'listening');
      }
    },
  };
};

const pause = (milliseconds: number) => new Promise<void>((resolve) => setTimeout(resolve, milliseconds));
