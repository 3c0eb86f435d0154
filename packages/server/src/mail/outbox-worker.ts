import type { ClaimedMessage, Clock, EmailAddress, Mail, MailRequest, Outbox } from '@tegata/core';
import type { Logger } from 'pino';
import type { Brand } from '../http/pages/theme.ts';
import { MailNotDelivered } from './mail-not-delivered.ts';
import { type RenderedMail, renderMail } from './render-mail.ts';
import { nextTry } from './retry-schedule.ts';

// Empties the outbox. A mail is a row written with what it announces; this worker claims rows for a minute each, sends
// them, and marks them. Nothing is lost when the process or the mail server dies: an unmarked row comes due again. The
// price is that a crash in the moment between the server's "accepted" and our mark sends that one mail twice.

export type OutboxWorker = {
  /**
   * Something was committed: look soon instead of at the next poll. Not at once, and not after a fixed time: the caller
   * gets its answer first, and cannot learn from its timing whether the worker found an account to write to.
   */
  wake: () => void;
  /** Handles everything that is due, and what that adds; returns how many messages it took in hand. */
  drain: () => Promise<number>;
  start: () => void;
  /** Takes nothing new, and waits (10 s at most, from the first call on) for what is in hand. */
  stop: () => Promise<void>;
};

export type OutboxWorkerOptions = {
  outbox: Outbox;
  /** Answers a stranger's request for mail: removes the request and adds the mail, if any, to the outbox. */
  answerRequest: (message: MailRequest, outboxId: string) => Promise<void>;
  /** Resolves once somebody else is responsible for the mail. A rejection with `MailNotDelivered` says whether to retry. */
  deliver: (id: string, mail: RenderedMail, to: EmailAddress) => Promise<void>;
  /** Keep the bodies of sent mails, for the development mailbox. */
  keepBodies: boolean;
  publicUrl: string;
  brand?: Partial<Brand>;
  clock: Clock;
  logger: Pick<Logger, 'info' | 'warn' | 'error'>;
  /** A number from 0 to 1. */
  jitter?: () => number;
  /** How long `stop` waits, in milliseconds. */
  stopWithinMilliseconds?: number;
};

/** Longer than a delivery may take: as long as a mail is in our hands, nobody else's lease on it can begin. */
const leaseSeconds = 60;
const concurrency = 4;
const pollMilliseconds = 1000;

const isRequest = (message: Mail | MailRequest): message is MailRequest =>
  message.kind === 'verification_requested' || message.kind === 'reset_requested';

export const createOutboxWorker = (options: OutboxWorkerOptions): OutboxWorker => {
  const { outbox, clock, logger, jitter = Math.random } = options;
  const inHand = new Set<Promise<void>>();
  /** The messages of `inHand`: a clock that is set ahead ends a lease while we still hold what it stands for. */
  const handling = new Set<string>();
  /** Sent, but the mark could not be written: to be marked, never to be sent again by this process. */
  const unmarked = new Set<string>();
  let stopping = false;
  let stopped: Promise<void> | undefined;
  let poll: NodeJS.Timeout | undefined;
  let wakeUp: NodeJS.Timeout | undefined;
  let round: Promise<number> | undefined;
  let outboxIsDown = false;
  let woken = Promise.withResolvers<void>();
  let lookAgain = false;

  const markSent = async (id: string): Promise<void> => {
    await outbox.markSent(id, clock(), options.keepBodies);
    unmarked.delete(id);
  };

  const send = async (id: string, mail: Mail): Promise<void> => {
    const now = clock();
    if ('expiresAt' in mail && mail.expiresAt <= now) {
      throw new MailNotDelivered('its link expired before it could be delivered', { permanent: true });
    }
    await options.deliver(id, renderMail(mail, { publicUrl: options.publicUrl, brand: options.brand, now }), mail.to);
    unmarked.add(id);
  };

  const handle = async ({ id, message, attempts, createdAt }: ClaimedMessage): Promise<void> => {
    const about = { outboxId: id, kind: message.kind };
    try {
      if (isRequest(message)) return await options.answerRequest(message, id);
      if (!unmarked.has(id)) await send(id, message);
    } catch (error) {
      const final = error instanceof MailNotDelivered && error.permanent;
      const retryAt = final ? null : nextTry({ attempts, createdAt }, clock(), jitter());
      const reason = safeReason(error);
      if (retryAt === null) logger.error({ ...about, attempts, reason }, 'mail given up');
      else logger.warn({ ...about, attempts, reason, retryAt: new Date(retryAt).toISOString() }, 'mail not sent, will try again');
      return await outbox.markFailed({ id, attempts }, reason, retryAt, clock());
    }
    await markSent(id);
    logger.info(about, 'mail sent');
  };

  const take = (message: ClaimedMessage): void => {
    if (handling.has(message.id)) return;
    handling.add(message.id);
    const task = handle(message)
      // Only the outbox itself can fail here. The row stays as it is and comes due again when its lease ends.
      .catch((error: unknown) => logger.error({ outboxId: message.id, reason: safeReason(error) }, 'outbox not updated'))
      .finally(() => {
        inHand.delete(task);
        handling.delete(message.id);
      });
    inHand.add(task);
  };

  /** Claims what fits into the free hands, again and again, until nothing is due and nothing is in hand. */
  const work = async (): Promise<number> => {
    let handled = 0;
    for (const id of unmarked) await markSent(id);
    for (;;) {
      lookAgain = false;
      const free = stopping ? 0 : concurrency - inHand.size;
      // What ends during the claim may have added a mail that the claim did not see.
      const wasIdle = inHand.size === 0;
      const claimed = free > 0 ? await outbox.claim(free, leaseSeconds, clock()) : [];
      handled += claimed.length;
      for (const message of claimed) take(message);
      if (wasIdle && claimed.length === 0 && (stopping || !lookAgain)) return handled;
      // A slow recipient keeps one hand busy; the others go on as soon as one is free or something new arrives.
      if (claimed.length < free || inHand.size >= concurrency || stopping) {
        woken = Promise.withResolvers<void>();
        if (!lookAgain && inHand.size > 0) await Promise.race([...inHand, woken.promise]);
      }
    }
  };

  const drain = (): Promise<number> => {
    lookAgain = true;
    woken.resolve();
    round ??= work().finally(() => {
      round = undefined;
    });
    return round;
  };

  const look = (): void => {
    drain().then(
      () => {
        if (outboxIsDown) logger.info('outbox reachable again');
        outboxIsDown = false;
      },
      (error: unknown) => {
        if (!outboxIsDown) logger.error({ reason: safeReason(error) }, 'outbox not reachable, mail waits');
        outboxIsDown = true;
      },
    );
  };

  const finish = async (): Promise<void> => {
    stopping = true;
    clearInterval(poll);
    clearTimeout(wakeUp);
    poll = undefined;
    woken.resolve();
    const limit = Promise.withResolvers<'late'>();
    const timer = setTimeout(() => limit.resolve('late'), options.stopWithinMilliseconds ?? 10_000);
    const done = Promise.allSettled([round, ...inHand]);
    if ((await Promise.race([done, limit.promise])) === 'late') {
      logger.warn({ inHand: inHand.size }, 'stopped while mail was in hand; it is sent again when its lease ends');
    }
    clearTimeout(timer);
  };

  return {
    wake: () => {
      if (poll === undefined || wakeUp !== undefined) return;
      const soon = () => {
        wakeUp = undefined;
        look();
      };
      wakeUp = setTimeout(soon, 20 + 60 * jitter()).unref();
    },
    drain,
    start: () => {
      if (poll !== undefined || stopping) return;
      // Catches what no wake announces: retries that come due, mails of other processes, leases of crashed ones.
      poll = setInterval(look, pollMilliseconds).unref();
      look();
    },
    stop: () => {
      stopped ??= finish();
      return stopped;
    },
  };
};

/**
 * What may be kept and logged of an error. Ours are written for that; any other message could quote the mail or the
 * query that held it, so only its name and code are kept.
 */
const safeReason = (error: unknown): string => {
  if (error instanceof MailNotDelivered) return error.message;
  if (!(error instanceof Error)) return 'unknown error';
  const code = (error as { code?: unknown }).code;
  return typeof code === 'string' && /^\w{1,40}$/u.test(code) ? `${error.name} ${code}` : error.name;
};
