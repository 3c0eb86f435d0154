import { expect, onTestFinished, test } from 'vitest';
import { openMailSink } from '../../packages/server/src/mail/testing/mail-sink.ts';
import { startServer } from '../server.ts';
import { forgot, register } from '../standard/people.ts';

test('three nodes over one database send each mail exactly once, and answer each request for mail once', async () => {
  const sink = await openMailSink();
  onTestFinished(sink.close);
  const shared = { TEGATA_SECRET: 'Only4Tests-0123456789-abcdefghijklmnop', SMTP_URL: `smtp://127.0.0.1:${sink.port}` };
  const first = await startServer(shared);
  const nodes = [first];
  for (let each = 0; each < 2; each += 1) nodes.push(await startServer({ ...shared, DATABASE_URL: first.databaseUrl }));

  const everybody = Array.from({ length: 30 }, (_, index) => `person-${index}@example.com`);
  for (const email of everybody) expect((await register(first, email)).status).toBe(201);
  const drain = () => Promise.all(nodes.map(({ engine }) => engine.mailWorker.drain()));
  const handled = await drain();
  expect(handled.reduce((sum, count) => sum + count)).toBe(30);
  expect(sink.recipients().sort()).toEqual([...everybody].sort());
  expect(handled.filter((count) => count > 0).length).toBeGreaterThan(1);

  // Each request becomes one more verification mail, whoever answers it.
  for (const node of nodes) node.advance({ minutes: 10 });
  for (const email of everybody) expect((await forgot(first, email)).status).toBe(200);
  await drain();
  await drain();
  expect(sink.recipients().sort()).toEqual([...everybody, ...everybody].sort());
});
