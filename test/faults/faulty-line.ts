import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/**
 * What stands between a server and something it needs, and how well it does today:
 * `whole` passes everything on; `refusing` closes every connection and takes no new one; `swallowing` takes connections
 * and bytes and answers nothing; a number holds every byte that comes back for as many milliseconds.
 */
export type Condition = 'whole' | 'refusing' | 'swallowing' | { delayMs: number } | { bytesPerSecond: number };

export type FaultyLine = { port: number; become: (condition: Condition) => Promise<void> };

/** A TCP line to `port` of the loopback. */
export const openFaultyLine = async (port: number): Promise<FaultyLine> => {
  let condition: Condition = 'whole';
  const open = new Set<Socket>();

  const carry = (client: Socket) => {
    const server = connect(port, '127.0.0.1');
    for (const socket of [client, server]) {
      open.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        open.delete(socket);
        client.destroy();
        server.destroy();
      });
    }
    client.on('data', (bytes) => {
      if (condition !== 'swallowing') server.write(bytes);
    });
    // In order, whatever the condition becomes meanwhile.
    let before = Promise.resolve();
    const later = (work: () => void, ms: number) => {
      before = Promise.all([before, new Promise((resolve) => setTimeout(resolve, ms))]).then(work);
    };
    server.on('data', (bytes) => {
      if (condition === 'swallowing') return;
      if (typeof condition === 'string') return later(() => client.write(bytes), 0);
      if ('delayMs' in condition) return later(() => client.write(bytes), condition.delayMs);
      const { bytesPerSecond } = condition;
      for (const byte of bytes) {
        before = before.then(async () => {
          if (client.destroyed) return;
          await new Promise((resolve) => setTimeout(resolve, 1_000 / bytesPerSecond));
          client.write(Buffer.of(byte));
        });
      }
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
