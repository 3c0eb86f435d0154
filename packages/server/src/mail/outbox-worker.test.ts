import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as pause } from 'node:timers/promises';
import { type Mail, type MailRequest, Unavailable } from '@tegata/core';
import { address, aResetMail, day, hour, minute, second, startOfTest } from '@tegata/core/testing';
import { pino } from 'pino';
import { afterEach, describe, expect, it } from 'vitest';
import { deriveKeys } from '../adapters/derived-keys.ts';
import { createSeal } from '../adapters/seal.ts';
import { openSqlStores, type SqlStores } from '../stores/sql/sql-stores.ts';
import { MailNotDelivered } from './mail-not-delivered.ts';
import { createOutboxWorker, type OutboxWorkerOptions } from './outbox-worker.ts';
import { createSmtpDelivery } from './smtp.ts';
import { parseSmtpUrl } from './smtp-settings.ts';
import { type MailSinkOptions, openMailSink } from './testing/mail-sink.ts';

const publicUrl = 'https://auth.example.com';
const seal = createSeal(deriveKeys(['a secret for tests, long enough to be one']).ring('outbox'));

const cleanUp: (() => unknown)[] = [];
afterEach(async () => {
  for (const clean of cleanUp.splice(0).reverse()) await clean();
});

/** A database file of its own, a clock that only the test moves, and a log that can be read. */
const given = async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tegata-outbox-'));
  cleanUp.push(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'tegata.db');
  const open = async (outboxAdded = () => {}): Promise<SqlStores> => {
    const opened = await openSqlStores({ url: `sqlite:${file}`, seal, onCommitted: { audit: () => {}, outboxAdded } });
    cleanUp.push(opened.close);
    return opened;
  };
  const log: string[] = [];
  const logger = pino({ level: 'trace' }, { write: (line: string) => log.push(line) });
  const time = { now: startOfTest };
  const { stores } = await open();

  const worker = (change: Partial<OutboxWorkerOptions> = {}) => {
    const created = createOutboxWorker({
      outbox: stores.outbox,
      answerRequest: async () => {},
      deliver: async () => {},
      keepBodies: false,
      publicUrl,
      clock: () => time.now,
      logger,
      jitter: () => 0.5,
      ...change,
    });
    cleanUp.push(created.stop);
    return created;
  };
  const smtp = (port: number) => {
    const server = parseSmtpUrl(`smtp://127.0.0.1:${port}`, { production: false });
    const delivery = createSmtpDelivery({ server, from: { name: 'Tegata', address: 'no-reply@example.com' }, publicUrl });
    cleanUp.push(delivery.close);
    return delivery.deliver;
  };
  const sink = async (options?: MailSinkOptions) => {
    const opened = await openMailSink(options);
    cleanUp.push(opened.close);
    return opened;
  };
  const mailTo = (...recipients: string[]) => Promise.all(recipients.map((to) => stores.outbox.add(aResetMail(to), time.now)));
  const people = (count: number) => Array.from({ length: count }, (_, index) => `person-${index}@example.com`);
  const waiting = async () => (await stores.outbox.backlog(time.now)).waiting;
  return { file, open, stores, log, time, worker, smtp, sink, mailTo, people, waiting };
};

const until = async (holds: () => boolean): Promise<void> => {
  for (let tries = 0; !holds(); tries += 1) {
    if (tries > 500) throw new Error('it never came true');
    await pause(10);
  }
};

describe('mails in the outbox', () => {
  it('go out once each, and then their bodies are gone', async () => {
    const { stores, worker, smtp, sink, mailTo, people, waiting } = await given();
    const server = await sink();
    await mailTo(...people(15));
    const { drain } = worker({ deliver: smtp(server.port) });
    expect(await drain()).toBe(15);
    expect(server.recipients().sort()).toEqual(people(15).sort());
    expect(await drain()).toBe(0);
    expect(await waiting()).toBe(0);
    expect(await stores.outbox.listKept(100)).toEqual([]);
  });

  it('keep their bodies where the mailbox is all there is', async () => {
    const { stores, worker, mailTo } = await given();
    await mailTo('ada@example.com');
    await worker({ keepBodies: true }).drain();
    expect(await stores.outbox.listKept(100)).toMatchObject([{ mail: { to: 'ada@example.com', kind: 'reset_password' } }]);
  });

  it('wait while the server is down, and arrive exactly once each after it is back', async () => {
    const { time, worker, smtp, sink, mailTo, people, waiting } = await given();
    const down = await openMailSink();
    await down.close();
    const { drain } = worker({ deliver: smtp(down.port) });
    await mailTo(...people(10));
    for (let minutes = 0; minutes < 10; minutes += 1, time.now += minute) await drain();
    expect(await waiting()).toBe(10);

    const up = await sink({ port: down.port });
    time.now += 10 * minute;
    await drain();
    expect(up.recipients().sort()).toEqual(people(10).sort());
    expect(await waiting()).toBe(0);
  });

  it('two workers on connections of their own never send the same one', async () => {
    const { open, worker, smtp, sink, mailTo, people } = await given();
    const server = await sink();
    await mailTo(...people(40));
    const { stores: others } = await open();
    const counts = await Promise.all([
      worker({ deliver: smtp(server.port) }).drain(),
      worker({ deliver: smtp(server.port), outbox: others.outbox }).drain(),
    ]);
    expect(counts[0] + counts[1]).toBe(40);
    expect(server.recipients().sort()).toEqual(people(40).sort());
  });

  it('are sent by another worker when the lease of a crashed one ends, not before', async () => {
    const { stores, time, worker, smtp, sink, mailTo, people } = await given();
    const server = await sink();
    await mailTo(...people(3));
    await stores.outbox.claim(2, 60, time.now);
    const { drain } = worker({ deliver: smtp(server.port) });
    expect(await drain()).toBe(1);
    time.now += 59 * second;
    expect(await drain()).toBe(0);
    time.now += second;
    expect(await drain()).toBe(2);
    expect(server.recipients().sort()).toEqual(people(3));
  });

  it('are not sent a second time when the clock is set ahead while they are in hand', async () => {
    const { time, worker, mailTo, waiting } = await given();
    await mailTo('ada@example.com');
    const mayArrive = Promise.withResolvers<void>();
    let sent = 0;
    const deliver = async () => {
      sent += 1;
      await mayArrive.promise;
    };
    const { drain } = worker({ deliver });
    const sending = drain();
    await until(() => sent > 0);
    time.now += 10 * minute;
    const again = drain();
    await pause(50);
    mayArrive.resolve();
    await Promise.all([sending, again]);
    expect(await drain()).toBe(0);
    expect({ sent, waiting: await waiting() }).toEqual({ sent: 1, waiting: 0 });
  });

  it('a crash between sending and marking repeats that one mail, under the same Message-ID', async () => {
    const { stores, time, worker, smtp, sink, mailTo, people } = await given();
    const server = await sink();
    await mailTo(...people(3));
    let unlucky: string | undefined;
    const outbox = {
      ...stores.outbox,
      markSent: async (id: string, now: number, keep: boolean) => {
        unlucky ??= id;
        if (id === unlucky) throw new Error('the process is gone');
        await stores.outbox.markSent(id, now, keep);
      },
    };
    await worker({ outbox, deliver: smtp(server.port) }).drain();
    time.now += minute;
    await worker({ deliver: smtp(server.port) }).drain();
    const ids = server.received.map((mail) => mail.header('Message-ID'));
    expect(ids).toHaveLength(4);
    expect(new Set(ids).size).toBe(3);
    expect(ids.filter((id) => id === `<${unlucky}@auth.example.com>`)).toHaveLength(2);
  });

  it('a database that is away while a mail is marked makes the same process mark it later, not send it again', async () => {
    const { stores, time, worker, mailTo, waiting } = await given();
    await mailTo('ada@example.com');
    let away = true;
    const outbox = {
      ...stores.outbox,
      markSent: async (id: string, now: number, keep: boolean) => {
        if (away) throw new Unavailable('the database is not available');
        await stores.outbox.markSent(id, now, keep);
      },
    };
    const deliveries: string[] = [];
    const count = async (id: string) => {
      deliveries.push(id);
    };
    const { drain } = worker({ outbox, deliver: count });
    await drain();
    await expect(drain()).rejects.toThrow(Unavailable);
    away = false;
    await drain();
    time.now += hour;
    await drain();
    expect(deliveries).toHaveLength(1);
    expect(await waiting()).toBe(0);
  });
});

describe('a mail that fails', () => {
  it('for good is given up at once and delays no other', async () => {
    const { time, log, worker, smtp, sink, mailTo, waiting } = await given();
    const server = await sink({
      refuse: (to) => (to.startsWith('gone') ? { code: 550, text: `5.1.1 ${to} unknown` } : undefined),
    });
    await mailTo('gone-1@example.com', 'gone-2@example.com', 'ada@example.com', 'gone-3@example.com', 'ben@example.com');
    const { drain } = worker({ deliver: smtp(server.port) });
    await drain();
    expect(server.recipients().sort()).toEqual(['ada@example.com', 'ben@example.com']);
    expect(await waiting()).toBe(0);
    time.now += day;
    expect(await drain()).toBe(0);
    expect(log.filter((line) => line.includes('mail given up'))).toHaveLength(3);
  });

  it('slowly keeps one hand busy while the others, and what arrives meanwhile, go on', async () => {
    const { worker, smtp, sink, mailTo, people } = await given();
    const release = Promise.withResolvers<void>();
    const server = await sink({
      beforeAccepting: (mail) => (mail.recipients.includes('slow@example.com') ? release.promise : Promise.resolve()),
    });
    await mailTo('slow@example.com', ...people(10));
    const { drain } = worker({ deliver: smtp(server.port) });
    const draining = drain();
    await until(() => server.received.length === 10);
    await mailTo('late@example.com');
    void drain();
    await until(() => server.recipients().includes('late@example.com'));
    expect(server.recipients()).not.toContain('slow@example.com');
    release.resolve();
    await draining;
    expect(server.recipients()).toContain('slow@example.com');
  });

  it('is tried with growing pauses for a day, and then given up with an error in the log', async () => {
    const { stores, time, log, worker, waiting } = await given();
    await stores.outbox.add({ ...aResetMail('ada@example.com'), expiresAt: startOfTest + 3 * day } as Mail, time.now);
    const tries: number[] = [];
    const deliver = async () => {
      tries.push(time.now - startOfTest);
      throw new MailNotDelivered('ESOCKET CONN', { permanent: false });
    };
    const { drain } = worker({ deliver });
    const step = () => (time.now < startOfTest + 5 * minute ? 5 * second : minute);
    for (; time.now < startOfTest + 1.5 * day; time.now += step()) await drain();
    expect(tries.slice(0, 6)).toEqual([0, 5, 15, 35, 75, 155].map((seconds) => seconds * second));
    expect(tries.at(-1)! / hour).toBeGreaterThan(22.9);
    expect(tries.at(-1)! / hour).toBeLessThan(24);
    expect(await waiting()).toBe(0);
    const last = JSON.parse(log.at(-1)!);
    expect(last).toMatchObject({ level: 50, msg: 'mail given up', kind: 'reset_password', reason: 'ESOCKET CONN' });
  });

  it('until its link has expired is not sent: a dead link helps nobody', async () => {
    const { time, worker, mailTo, waiting } = await given();
    await mailTo('ada@example.com');
    time.now += hour;
    const deliveries: string[] = [];
    const count = async (id: string) => {
      deliveries.push(id);
    };
    await worker({ deliver: count }).drain();
    expect(deliveries).toEqual([]);
    expect(await waiting()).toBe(0);
  });

  it('leaves neither address, link nor token in log or database', async () => {
    const { file, log, time, worker, mailTo } = await given();
    await mailTo('ada@example.com');
    const errors = [
      new Error('450 <ada@example.com> said: the-secret-of-the-reset-link'),
      Object.assign(new TypeError('https://auth.example.com/auth/reset-password?token=x'), { code: 'ada@example.com' }),
      'ada@example.com',
      Object.assign(new Error('refused ada@example.com'), { code: 'ECONNREFUSED' }),
    ];
    const kept: unknown[] = [];
    const database = new DatabaseSync(file, { readOnly: true });
    cleanUp.push(() => database.close());
    const { drain } = worker({ deliver: () => Promise.reject(errors.shift()) });
    while (errors.length > 0) {
      await drain();
      kept.push(database.prepare('select last_error from mail_outbox').get()?.last_error);
      time.now += minute;
    }
    expect(kept).toEqual(['Error', 'TypeError', 'unknown error', 'Error ECONNREFUSED']);
    expect(log.join('')).not.toMatch(/ada@|the-secret|token=|reset-password\?/);
    expect(log).toHaveLength(4);
  });
});

describe('a request for mail', () => {
  const request: MailRequest = {
    ...{ kind: 'reset_requested', to: address('ada@example.com'), locale: 'en' },
    ...{ ttlSeconds: 3600, verifyTtlSeconds: 86_400 },
  };

  it('is answered, and what the answer adds goes out in the same round', async () => {
    const { stores, time, worker, smtp, sink, waiting } = await given();
    const server = await sink();
    await stores.outbox.add(request, time.now);
    const answerRequest = async (message: MailRequest, id: string) => {
      await stores.outbox.remove(id);
      await stores.outbox.add(aResetMail(message.to), time.now);
    };
    expect(await worker({ deliver: smtp(server.port), answerRequest }).drain()).toBe(2);
    expect(server.recipients()).toEqual(['ada@example.com']);
    expect(await waiting()).toBe(0);
  });

  it('that cannot be answered now is answered later', async () => {
    const { stores, time, worker, waiting } = await given();
    await stores.outbox.add(request, time.now);
    let broken = true;
    const answerRequest = async (_message: MailRequest, id: string) => {
      if (broken) throw new Unavailable('the database is not available');
      await stores.outbox.remove(id);
    };
    const { drain } = worker({ answerRequest });
    await drain();
    expect(await waiting()).toBe(1);
    broken = false;
    time.now += 5 * second;
    await drain();
    expect(await waiting()).toBe(0);
  });
});

describe('a running worker', () => {
  it('sends soon after it is woken, and by itself what comes due', async () => {
    const { open, time, worker, smtp, sink } = await given();
    const server = await sink();
    const started: { wake: () => void }[] = [];
    const { stores } = await open(() => started[0]?.wake());
    const running = worker({ deliver: smtp(server.port), outbox: stores.outbox });
    started.push(running);
    running.start();
    await stores.outbox.add(aResetMail('ada@example.com'), time.now);
    await until(() => server.recipients().includes('ada@example.com'));

    started.pop();
    await stores.outbox.add(aResetMail('ben@example.com'), time.now);
    await until(() => server.recipients().includes('ben@example.com'));
    await running.stop();
    expect(server.recipients()).toEqual(['ada@example.com', 'ben@example.com']);
  });

  it('says once that the outbox is away and once that it is back, and sends what waited', async () => {
    const { stores, log, worker, mailTo } = await given();
    let away = true;
    const outbox = {
      ...stores.outbox,
      claim: async (limit: number, lease: number, now: number) => {
        if (away) throw new Unavailable('the database is not available');
        return stores.outbox.claim(limit, lease, now);
      },
    };
    const deliveries: string[] = [];
    const count = async (id: string) => {
      deliveries.push(id);
    };
    const running = worker({ outbox, deliver: count });
    await mailTo('ada@example.com');
    running.start();
    for (let wakes = 0; wakes < 4; wakes += 1) {
      running.wake();
      await pause(100);
    }
    away = false;
    running.wake();
    await until(() => deliveries.length === 1);
    await running.stop();
    const messages = log.map((line) => JSON.parse(line).msg);
    expect(messages.filter((message) => /outbox/.test(message))).toEqual([
      'outbox not reachable, mail waits',
      'outbox reachable again',
    ]);
  });

  it('stops after what is in hand, and takes nothing new', async () => {
    const { worker, mailTo, people, waiting } = await given();
    const release = Promise.withResolvers<void>();
    let begun = 0;
    const deliver = async () => {
      begun += 1;
      await release.promise;
    };
    await mailTo(...people(10));
    const running = worker({ deliver });
    running.start();
    await until(() => begun === 4);
    const stopping = running.stop();
    await pause(50);
    release.resolve();
    await stopping;
    expect(begun).toBe(4);
    expect(await waiting()).toBe(6);
  });

  it('does not wait for ever for a mail that hangs', async () => {
    const { log, worker, mailTo } = await given();
    const never = Promise.withResolvers<void>();
    await mailTo('ada@example.com');
    const running = worker({ deliver: () => never.promise, stopWithinMilliseconds: 50 });
    running.start();
    await pause(30);
    await running.stop();
    expect(JSON.parse(log.at(-1)!)).toMatchObject({ level: 40, inHand: 1 });
    never.resolve();
    await pause(10);
  });
});
