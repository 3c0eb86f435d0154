import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { listen } from './listen.ts';

const megabytes = (count: number) => new Uint8Array(count * 1_000_000);
const asking = 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n';

const serving = async (
  fetch: () => Response | Promise<Response>,
  { unreadMs, allowHalfOpen = false }: { unreadMs?: number; allowHalfOpen?: boolean } = {},
) => {
  const server = await listen(fetch, { port: 0, host: '127.0.0.1', ...(unreadMs !== undefined && { unreadMs }) });
  onTestFinished(() => server.close({ withinMs: 0 }));
  const socket = connect({ host: '127.0.0.1', port: server.port, allowHalfOpen }).on('error', () => {});
  onTestFinished(() => {
    socket.destroy();
  });
  await once(socket, 'connect');
  return socket;
};

test('an answer that nobody takes ends its connection', async () => {
  const socket = await serving(() => new Response(megabytes(64)), { unreadMs: 200 });
  socket.pause();
  socket.write(asking);
  await sleep(1_000);
  let read = 0;
  socket.on('data', (data: Buffer) => {
    read += data.length;
  });
  socket.resume();
  await once(socket, 'close');
  // What the system had taken arrives; the rest is gone.
  expect(read).toBeGreaterThan(0);
  expect(read).toBeLessThan(60_000_000);
});

test('an answer that takes its time is waited for', async () => {
  const socket = await serving(
    async () => {
      await sleep(700);
      return new Response('at last');
    },
    { unreadMs: 200 },
  );
  socket.write(asking);
  const [data] = await once(socket, 'data');
  expect(String(data)).toMatch(/^HTTP\/1\.1 200/);
});

test('one connection has so many unanswered requests at most, and more end it', async () => {
  let asked = 0;
  const answers: (() => void)[] = [];
  const fetch = () => {
    asked += 1;
    return new Promise<Response>((resolve) => answers.push(() => resolve(new Response('x'))));
  };
  const patient = await serving(fetch);
  patient.write(asking.repeat(16));
  await expect.poll(() => asked).toBe(16);
  for (const answer of answers.splice(0)) answer();
  await once(patient, 'data');
  await expect.poll(() => patient.write(asking) && asked).toBeGreaterThan(16);

  asked = 0;
  const greedy = await serving(fetch);
  greedy.resume().write(asking.repeat(1_000));
  await once(greedy, 'close');
  expect(asked).toBeLessThanOrEqual(17);
});

const tooMany = `GET / HTTP/1.1\r\nHost: localhost\r\nCookie: ${'a=b; '.repeat(20_000)}`;

test('whoever is refused while it still sends reads the answer', async () => {
  const socket = await serving(() => new Response('x'));
  let read = '';
  socket.on('data', (data) => {
    read += data;
  });
  socket.pause();
  // The server has answered long before the rest comes, and the answer is read only after it.
  for (let part = 0; part < 3; part += 1) {
    socket.write(tooMany);
    await sleep(50);
  }
  const closed = once(socket, 'close');
  socket.resume();
  await closed;
  expect(read).toMatch(/^HTTP\/1\.1 431 /);
  expect(read).toMatch(/\r\nX-Content-Type-Options: nosniff\r\n/);
  expect(read.match(/HTTP\/1\.1/g)).toHaveLength(1);
});

/** Somebody who was refused, and neither hears that the server has ended nor ends by itself. */
const refusedAndDeaf = async () => {
  const socket = await serving(() => new Response('x'), { allowHalfOpen: true });
  socket.resume().write(tooMany);
  await once(socket, 'end');
  return socket;
};

test('whoever was refused and goes on slowly is cut off soon', async () => {
  const socket = await refusedAndDeaf();
  const more = setInterval(() => socket.write('x'), 50);
  onTestFinished(() => clearInterval(more));
  await expect.poll(() => socket.destroyed, { timeout: 5_000 }).toBe(true);
});

test('whoever was refused and goes on with all it has is cut off after a megabyte', async () => {
  const socket = await refusedAndDeaf();
  let sent = 0;
  const more = () => {
    while (socket.writable && sent < 1_000_000_000) {
      sent += 65_536;
      if (!socket.write(new Uint8Array(65_536))) return;
    }
  };
  socket.on('drain', more);
  more();
  await expect.poll(() => socket.destroyed, { timeout: 5_000 }).toBe(true);
  // What the system holds between the two is counted as sent.
  expect(sent).toBeLessThan(30_000_000);
});

test('nothing is written into an answer that has begun', async () => {
  const socket = await serving(() => {
    const begun = new ReadableStream({ start: (controller) => controller.enqueue(new Uint8Array(10)) });
    return new Response(begun);
  });
  let read = '';
  socket.on('data', (data) => {
    read += data;
  });
  socket.write(asking);
  await expect.poll(() => read).toContain('200 OK');
  socket.write('nonsense\r\n\r\n');
  await expect.poll(() => socket.destroyed).toBe(true);
  expect(read.match(/HTTP\/1\.1/g)).toHaveLength(1);
});
