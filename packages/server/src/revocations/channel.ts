/** Short messages from every node to every node, while they are connected: what nobody hears is lost. */
export type Channel = {
  publish(message: string): Promise<void>;
  /**
   * `onGap` is told that messages may have been missed: when the connection is lost, and again when it is back. Resolves
   * when messages are heard; where that cannot be now, after `onGap`. Gives what ends the subscription.
   */
  subscribe(listener: (message: string) => void, onGap: () => void): Promise<() => Promise<void>>;
};
