import { expect, test } from 'vitest';
import { type RawAnswer, sendRaw } from '../raw-http.ts';
import { figure } from '../scorecard/figure.ts';
import { startServerProcess, temporaryFolder } from '../server-process.ts';
import { malformedMessages, toleratedMessages } from './malformed-messages.ts';

/** A good request right behind the bad message: whoever answers it has lost count of where the bad one ends. */
const second = 'GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n';

/** A refusal, or the end of the connection without a word. */
const isRefused = (answers: readonly RawAnswer[]): boolean =>
  answers.length <= 1 && answers.every(({ status }) => status >= 400 && status < 500);

test('a malformed message is refused, the connection ends, and nothing behind it is answered', async () => {
  const server = await startServerProcess({ TEGATA_DATA_DIR: await temporaryFolder(), TEGATA_URL: 'http://localhost:3000' });
  const all = Object.entries(malformedMessages).flatMap(([rule, messages]) => messages.map((message) => ({ rule, message })));
  const taken: string[] = [];
  const fiveHundreds: string[] = [];
  const statuses = new Map<number, number>();
  for (const { rule, message } of all) {
    // Whole, and in two parts as a slow network would bring it.
    for (const withSecond of [message + second, message]) {
      const answers = await sendRaw(server, Buffer.from(withSecond, 'latin1'), 1_500);
      const shown = `${rule}: ${JSON.stringify(message.slice(0, 160))} → ${answers.map(({ status }) => status)}`;
      if (!isRefused(answers)) taken.push(shown);
      if (answers.some(({ status }) => status >= 500)) fiveHundreds.push(shown);
      for (const { status } of answers) statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
  }
  // Each its own answer and no more, as if it were well-formed.
  for (const message of toleratedMessages) expect((await sendRaw(server, message + second, 1_500)).length).toBeLessThanOrEqual(2);
  const [alive] = await sendRaw(server, second);
  figure({
    row: 'raw-http',
    part: 'direct',
    tried: all.length,
    failed: taken.length,
    detail: `each alone and with a good request behind it; ${Object.keys(malformedMessages).length} rules broken; answers ${[...statuses].map(([status, count]) => `${status}: ${count}`).join(', ')}, the other connections ended without one; ${toleratedMessages.length} that the parser mends are not counted`,
    reached: taken.length === 0 && fiveHundreds.length === 0 && alive?.status === 200,
  });
  expect(taken).toEqual([]);
  expect(fiveHundreds).toEqual([]);
  expect(alive?.status).toBe(200);
});
