// The primary accepts connections and hands each to a worker. One that is on its way when the worker is killed would
// stay open with nobody behind it, and its client would wait until it gave up: `node:cluster` forgets it. Here it is
// closed, so that the client hears at once and tries again.

import type { Worker } from 'node:cluster';

type Handle = { close?: () => void };
type Send = (message: unknown, handle?: Handle, ...rest: unknown[]) => boolean;

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
    // After everything that the worker said was heard: it may have declined the connection, and another one has it now.
    worker.once('disconnect', () => {
      const handle = onTheirWay.get(worker);
      onTheirWay.delete(worker);
      if (handle && ![...onTheirWay.values()].includes(handle)) handle.close?.();
    });
  };
};
