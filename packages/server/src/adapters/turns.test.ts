import { Unavailable } from '@tegata/core';
import { expect, test } from 'vitest';
import { createTurns } from './turns.ts';

/** A work that lasts until it is told to end, and notes when it began. */
const work = (began: string[], name: string) => {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const run = () => {
    began.push(name);
    return promise;
  };
  return { run, end: () => resolve(name), fail: () => reject(new Error(name)) };
};

const settled = () => new Promise((resolve) => setImmediate(resolve));

test('works with one key run one after another, in the order in which they came', async () => {
  const inTurn = createTurns({ maxWaiting: 10, deadlineMs: 5_000 });
  const began: string[] = [];
  const [a, b, c] = ['a', 'b', 'c'].map((name) => work(began, name)) as [
    ReturnType<typeof work>,
    ReturnType<typeof work>,
    ReturnType<typeof work>,
  ];
  const all = [a, b, c].map(({ run }) => inTurn('ada', run));
  await settled();
  expect(began).toEqual(['a']);
  b.end();
  await settled();
  expect(began).toEqual(['a']);
  a.end();
  await settled();
  expect(began).toEqual(['a', 'b', 'c']);
  c.end();
  expect(await Promise.all(all)).toEqual(['a', 'b', 'c']);
});

test('works with different keys do not wait for one another', async () => {
  const inTurn = createTurns({ maxWaiting: 1, deadlineMs: 5_000 });
  const began: string[] = [];
  const ada = work(began, 'ada');
  const ben = work(began, 'ben');
  const both = [inTurn('ada', ada.run), inTurn('ben', ben.run)];
  await settled();
  expect(began).toEqual(['ada', 'ben']);
  ben.end();
  expect(await both[1]).toBe('ben');
  ada.end();
  expect(await both[0]).toBe('ada');
});

test('a work that fails fails alone', async () => {
  const inTurn = createTurns({ maxWaiting: 10, deadlineMs: 5_000 });
  const began: string[] = [];
  const bad = work(began, 'bad');
  const good = work(began, 'good');
  const [failing, fine] = [inTurn('ada', bad.run), inTurn('ada', good.run)];
  bad.fail();
  good.end();
  await expect(failing).rejects.toThrow('bad');
  expect(await fine).toBe('good');
  expect(
    await inTurn('ada', async () => {
      throw new Error('at once');
    }).catch((error: Error) => error.message),
  ).toBe('at once');
});

test('the lines have an end, all together: who does not fit is told so, whoever need not wait is served, and all fit again later', async () => {
  const inTurn = createTurns({ maxWaiting: 1, deadlineMs: 5_000 });
  const began: string[] = [];
  const first = work(began, 'first');
  const second = work(began, 'second');
  const ben = work(began, 'ben');
  const all = [inTurn('ada', first.run), inTurn('ada', second.run), inTurn('ben', ben.run)];
  await settled();
  expect(began).toEqual(['first', 'ben']);
  await expect(inTurn('ada', async () => 'third')).rejects.toThrow(Unavailable);
  await expect(inTurn('ben', async () => 'another')).rejects.toThrow(Unavailable);
  for (const { end } of [first, second, ben]) end();
  await Promise.all(all);
  const again = work(began, 'again');
  const both = [inTurn('ada', again.run), inTurn('ada', async () => 'third')];
  again.end();
  expect(await Promise.all(both)).toEqual(['again', 'third']);
});

test('whoever has waited for too long leaves the line without having begun, and the others go on', async () => {
  const inTurn = createTurns({ maxWaiting: 10, deadlineMs: 20 });
  const began: string[] = [];
  const slow = work(began, 'slow');
  const late = work(began, 'late');
  const running = inTurn('ada', slow.run);
  await expect(inTurn('ada', late.run)).rejects.toThrow(Unavailable);
  // A work that has begun may last as long as it needs, and still nobody overtakes it.
  const next = inTurn('ada', async () => {
    began.push('next');
    return 'next';
  });
  slow.end();
  expect(await running).toBe('slow');
  expect(await next).toBe('next');
  expect(began).toEqual(['slow', 'next']);
});

test('in a storm whoever waits hears sooner that it is for nothing; without one a line may take its time', async () => {
  let stormy = true;
  const inTurn = createTurns({ maxWaiting: 10, deadlineMs: 60_000, inStorm: { isOn: () => stormy, deadlineMs: 20 } });
  const began: string[] = [];
  const slow = work(began, 'slow');
  const running = inTurn('ada', slow.run);
  await expect(inTurn('ada', work(began, 'late').run)).rejects.toThrow(Unavailable);
  stormy = false;
  const patient = inTurn('ada', async () => 'patient');
  // It was asked a moment ago, and is none any more.
  await new Promise((resolve) => setTimeout(resolve, 60));
  stormy = true;
  slow.end();
  expect(await Promise.all([running, patient])).toEqual(['slow', 'patient']);
  expect(began).toEqual(['slow']);
});
