// The primary of `TEGATA_WORKERS`: it starts the workers, hands them the connections (`node:cluster` does), replaces one
// that ends, and counts what has to be counted once. It opens no database and answers no request.

import cluster, { type Worker } from 'node:cluster';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { createLimits } from '../adapters/limits.ts';
import { createLogger } from '../observe/logger.ts';
import { type Channel, createChannel, type OtherSide } from './channel.ts';
import { createLostConnections } from './lost-connections.ts';
import { nextRestart } from './restart-schedule.ts';
import type { MetricParts } from './shared-metrics.ts';

type Member = {
  pid: number | undefined;
  worker: Worker;
  channel: Channel;
  /** True once it takes requests, false when it ended before. */
  ready: Promise<boolean>;
  readyAt: number | undefined;
  ended: Promise<{ code: number | null; signal: string | null }>;
  /** It is on trial or on leave: nobody takes its place when it ends. */
  mayEnd: boolean;
  figures: MetricParts;
};

/** Workers stop within eight seconds by themselves; Docker kills after ten. */
const stopWithinMs = 9_000;
/** So many starts in a row that fail while nobody serves, and the primary gives up: its own supervisor shall know. */
const mostFailedStarts = 5;

/**
 * Runs `count` workers until this process is told to stop; resolves to its exit code. SIGTERM and SIGINT finish what is
 * in hand. SIGUSR2 replaces the workers one by one (not SIGHUP, which a closed terminal sends).
 */
export const supervise = async ({ count, print }: { count: number; print: (text: string) => void }): Promise<number> => {
  const limits = createLimits();
  const closeLostConnections = createLostConnections();
  const members = new Set<Member>();
  const over = Promise.withResolvers<number>();
  const stopping = new AbortController();
  let logger = createLogger({ level: 'warn' });
  let banner = '';
  let failedStarts = 0;
  let isReplacing = false;
  let remainsOfEnded: MetricParts = [];

  const figuresOfOthers = (asking: Member): Promise<MetricParts[]> => {
    const others = [...members].filter((member) => member !== asking && member.readyAt !== undefined);
    const asked = others.map(async (member) => {
      // One that is busy or dying is counted as it was when it answered last.
      member.figures = ((await member.channel.ask({ about: 'metrics' }).catch(() => undefined)) ?? member.figures) as MetricParts;
      return member.figures;
    });
    return Promise.all([remainsOfEnded, ...asked]);
  };

  const launch = (mayEnd: boolean): Member => {
    const worker = cluster.fork();
    closeLostConnections(worker);
    // Its channel broke. What counts is its end.
    worker.on('error', () => {});
    const ready = Promise.withResolvers<boolean>();
    const ended = once(worker, 'exit').then(([code, signal]) => ({ code, signal }));
    void ended.then(() => ready.resolve(false));
    const channel = createChannel(worker as unknown as OtherSide, {
      answer: (question) => (question.about === 'limit' ? limits.take(question.bucket, question.key) : figuresOfOthers(member)),
      hear: (news) => {
        if (news.about === 'last-metrics') member.figures = news.parts as MetricParts;
        if (news.about !== 'ready') return;
        logger = createLogger({ level: news.logLevel });
        banner = news.banner;
        member.readyAt = performance.now();
        failedStarts = 0;
        logger.info({ worker: member.pid }, 'worker serves');
        ready.resolve(true);
      },
    });
    const member: Member = {
      pid: worker.process.pid,
      worker,
      channel,
      ready: ready.promise,
      readyAt: undefined,
      ended,
      mayEnd,
      figures: [],
    };
    members.add(member);
    return member;
  };

  const add = (crashes: number): Member => {
    const member = launch(false);
    void replaceWhenEnded(member, crashes);
    return member;
  };

  const forget = async (member: Member): Promise<void> => {
    members.delete(member);
    if (member.figures.length === 0) return;
    const { remains } = await import('./shared-metrics.ts');
    remainsOfEnded = await remains(remainsOfEnded, member.figures);
  };

  const replaceWhenEnded = async (member: Member, crashesBefore: number): Promise<void> => {
    const { code, signal } = await member.ended;
    await forget(member);
    if (stopping.signal.aborted || member.mayEnd) return;
    if (member.readyAt === undefined) failedStarts += 1;
    if (members.size === 0 && failedStarts >= mostFailedStarts) {
      logger.fatal({ failedStarts, exitCode: code, signal }, 'no worker can be started');
      return over.resolve(1);
    }
    const livedMs = member.readyAt === undefined ? 0 : performance.now() - member.readyAt;
    const { crashes, delayMs } = nextRestart(crashesBefore, livedMs);
    logger.error(
      { worker: member.pid, exitCode: code, signal, restartInMs: delayMs },
      'worker ended, another one takes its place',
    );
    await sleep(delayMs, undefined, { signal: stopping.signal }).catch(() => {});
    if (!stopping.signal.aborted) add(crashes);
  };

  const stop = async (): Promise<boolean> => {
    stopping.abort();
    const forced = setTimeout(() => {
      for (const { worker } of members) worker.process.kill('SIGKILL');
    }, stopWithinMs);
    const ends = [...members].map(async ({ worker, ended, readyAt }) => {
      worker.process.kill('SIGTERM');
      const { code } = await ended;
      // One that has not begun to serve knows no signal yet, and has nothing to finish.
      return code === 0 || readyAt === undefined;
    });
    const inOrder = (await Promise.all(ends)).every(Boolean);
    clearTimeout(forced);
    return inOrder;
  };

  /** The new one serves before the old one stops taking connections, so that there is always somebody. */
  const replaceOneByOne = async (): Promise<void> => {
    for (const old of [...members]) {
      if (stopping.signal.aborted || !members.has(old)) continue;
      old.mayEnd = true;
      const fresh = launch(true);
      void replaceWhenEnded(fresh, 0);
      if (!(await fresh.ready)) {
        old.mayEnd = false;
        if (stopping.signal.aborted) return;
        logger.error({ worker: old.pid }, 'the new worker did not start: the old ones stay');
        if (!members.has(old)) add(0);
        return;
      }
      fresh.mayEnd = false;
      old.channel.tell({ about: 'retire' });
      const forced = setTimeout(() => old.worker.process.kill('SIGKILL'), stopWithinMs);
      await old.ended;
      clearTimeout(forced);
      logger.info({ worker: old.pid, by: fresh.pid }, 'worker replaced');
    }
  };

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => void stop().then((inOrder) => over.resolve(inOrder ? 0 : 1)));
  }
  process.on('SIGUSR2', () => {
    if (isReplacing) return;
    isReplacing = true;
    void replaceOneByOne().finally(() => {
      isReplacing = false;
    });
  });

  const start = async (): Promise<void> => {
    // Alone at first: it makes the secret and the schema where they are missing, and says what is wrong with the settings.
    const first = launch(true);
    if (!(await first.ready)) return over.resolve((await first.ended).code || 1);
    const others = Array.from({ length: count - 1 }, () => launch(true));
    const allServe = (await Promise.all(others.map(({ ready }) => ready))).every(Boolean);
    if (stopping.signal.aborted) return;
    if (!allServe) return void stop().then(() => over.resolve(1));
    for (const member of [first, ...others]) {
      member.mayEnd = false;
      void replaceWhenEnded(member, 0);
    }
    print(banner);
  };
  void start();

  const code = await over.promise;
  stopping.abort();
  return code;
};
