// How servers over one database wake one another. A message is a hint and nothing more: the truth is a table, so a lost
// message costs a moment and never a revocation.

export type Channel = {
  /** Resolves once the message is on its way; rejects when it is not. */
  publish(message: string): Promise<void>;
  /**
   * `onGap` says that messages may have been missed: look for yourself. Resolves to a function that ends the subscription.
   */
  subscribe(listener: (message: string) => void, onGap: () => void): Promise<() => Promise<void>>;
};

/** For servers that have nobody to tell but themselves. */
export const createLocalChannel = (): Channel => {
  const listeners = new Set<(message: string) => void>();
  return {
    publish: async (message) => {
      for (const listener of listeners) listener(message);
    },
    subscribe: async (listener) => {
      // One of its own, so that whoever subscribes twice hears everything twice, and unsubscribes once at a time.
      const own = (message: string) => listener(message);
      listeners.add(own);
      return async () => void listeners.delete(own);
    },
  };
};
