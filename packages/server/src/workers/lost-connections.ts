// The primary accepts connections and hands each to a worker. One that is on its way when the worker is killed would
// stay open with nobody behind it, and its client would wait until it gave up: `node:cluster` forgets it. Here it is
// closed, so that the client hears at once and tries again.

import type { Worker } from 'node:cluster';

type Handle = { close?: () => void };
type Send = (message: unknown, handle?: Handle, ...rest: unknown[]) => boolean;

/** What the worker said before its end has been read by then: it may have declined the connection, and another one has it. */
const readByThenMs = 200;

/** Call it for each worker that is forked. The cluster hands over one connection at a time to each. */
export const createLostConnections = () => {
  const onTheirWay = new Map<Worker, Handle>();

  return (worker: Worker): void => {
    const child = worker.process as unknown as { send: Send };
    const send = child.send.bind(child);
    child.send = (message, handle, ...rest) => {
      if (handle) onTheirWay.set(worker, handle);
      return send(message, handle, ...rest);
    };
    // Not `disconnect`, which does not come while a connection is on its way.
    worker.once('exit', () => {
      const close = () => {
        const handle = onTheirWay.get(worker);
        onTheirWay.delete(worker);
        // Closing what has been taken over, and is closed here already, does nothing.
        if (handle && ![...onTheirWay.values()].includes(handle)) handle.close?.();
      };
      setTimeout(close, readByThenMs).unref();
    });
  };
};
