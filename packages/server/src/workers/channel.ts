// Questions and answers between the primary and its workers, over the channel that Node gives a forked process. Either
// side may ask. Nobody waits forever: the other side may be dying.

import type { Bucket } from '@tegata/core';
import { Unavailable } from '@tegata/core';

export type Question =
  /** To the primary, which counts for all workers. */
  | { about: 'limit'; bucket: Bucket; key: string }
  /** To the primary: the figures of all other workers; to a worker: its own. */
  | { about: 'metrics' };

/** What is told without an answer. */
export type News =
  | { about: 'ready'; banner: string; logLevel: string }
  /** To a worker: finish and go, another one takes the place. */
  | { about: 'retire' }
  /** The last figures of a worker that ends in order. */
  | { about: 'last-metrics'; parts: unknown };

type Message =
  | { tegata: 'ask'; id: number; question: Question }
  | { tegata: 'answer'; id: number; value: unknown }
  | { tegata: 'tell'; news: News };

/** The other side: `process` in a worker, a `Worker` of the cluster in the primary. */
export type OtherSide = {
  send?: (message: Message, handle: undefined, options: undefined, sent: (error: Error | null) => void) => unknown;
  on: (event: 'message', listener: (message: unknown) => void) => unknown;
};

export type Channel = {
  /** @throws Unavailable when no answer came in time. */
  ask: (question: Question) => Promise<unknown>;
  tell: (news: News) => void;
};

export const createChannel = (
  other: OtherSide,
  {
    answer,
    hear,
    answerWithinMs = 1_000,
  }: {
    answer: (question: Question) => Promise<unknown>;
    hear: (news: News) => void;
    answerWithinMs?: number;
  },
): Channel => {
  const waiting = new Map<number, (value: unknown) => void>();
  let asked = 0;
  // That the other side is gone is seen by its end, not here.
  const send = (message: Message) => void other.send?.(message, undefined, undefined, () => {});

  other.on('message', (received) => {
    if (!isMessage(received)) return;
    if (received.tegata === 'tell') hear(received.news);
    else if (received.tegata === 'answer') waiting.get(received.id)?.(received.value);
    else {
      const { id, question } = received;
      // No answer is an answer: whoever asked has a way on for it.
      answer(question).then(
        (value) => send({ tegata: 'answer', id, value }),
        () => {},
      );
    }
  });

  return {
    ask: (question) =>
      new Promise((resolve, reject) => {
        asked += 1;
        const id = asked;
        const timer = setTimeout(() => {
          waiting.delete(id);
          reject(new Unavailable('another process of this server does not answer'));
        }, answerWithinMs);
        waiting.set(id, (value) => {
          clearTimeout(timer);
          waiting.delete(id);
          resolve(value);
        });
        send({ tegata: 'ask', id, question });
      }),
    tell: (news) => send({ tegata: 'tell', news }),
  };
};

/** Node's own messages travel on the same channel. */
const isMessage = (received: unknown): received is Message =>
  typeof received === 'object' && received !== null && 'tegata' in received;
