import { Unavailable } from '@tegata/core';
import { expect, test } from 'vitest';
import { createChannel, type News, type OtherSide, type Question } from './channel.ts';

/** Two ends of one line, as a process and its parent have them: what is sent at one is heard at the other, as a copy. */
const line = (): [OtherSide, OtherSide] => {
  const listeners: ((message: unknown) => void)[][] = [[], []];
  const side = (own: number): OtherSide => ({
    send: (message, _handle, _options, sent) => {
      for (const listener of listeners[1 - own]!) queueMicrotask(() => listener(structuredClone(message)));
      sent(null);
    },
    on: (_event, listener) => listeners[own]!.push(listener),
  });
  return [side(0), side(1)];
};

const bucket = { name: 'log-in', points: 3, windowSeconds: 60 };

test('both sides ask over one line, and each answer reaches the question it belongs to', async () => {
  const [here, there] = line();
  const later = Promise.withResolvers<void>();
  const worker = createChannel(here, { answer: async () => 'figures', hear: () => {} });
  const primary = createChannel(there, {
    answer: async (question: Question) => {
      if (question.about !== 'limit') return 'others';
      if (question.key === 'slow') await later.promise;
      return question.key;
    },
    hear: () => {},
  });
  const slow = worker.ask({ about: 'limit', bucket, key: 'slow' });
  expect(await worker.ask({ about: 'limit', bucket, key: 'quick' })).toBe('quick');
  expect(await worker.ask({ about: 'metrics' })).toBe('others');
  expect(await primary.ask({ about: 'metrics' })).toBe('figures');
  later.resolve();
  expect(await slow).toBe('slow');
});

test('no answer in time is Unavailable, whether the other side is silent, fails or is gone', async () => {
  const [here, there] = line();
  const options = { answer: async () => undefined, hear: () => {}, answerWithinMs: 10 };
  await expect(createChannel(here, options).ask({ about: 'metrics' })).rejects.toThrow(Unavailable);
  const failing = async () => {
    throw new Error('cannot');
  };
  createChannel(there, { ...options, answer: failing });
  await expect(createChannel(here, options).ask({ about: 'metrics' })).rejects.toThrow(Unavailable);
  await expect(createChannel({ on: () => {} }, options).ask({ about: 'metrics' })).rejects.toThrow(Unavailable);
});

test('news is heard once, and what is not ours is left alone', async () => {
  const [here, there] = line();
  const heard: News[] = [];
  createChannel(there, { answer: async () => undefined, hear: (news) => heard.push(news) });
  const send = here.send as (message: unknown, ...rest: unknown[]) => void;
  for (const foreign of ['text', 7, null, { cmd: 'NODE_CLUSTER' }, []]) send(foreign, undefined, undefined, () => {});
  createChannel(here, { answer: async () => undefined, hear: () => {} }).tell({ about: 'retire' });
  await new Promise(setImmediate);
  expect(heard).toEqual([{ about: 'retire' }]);
});
