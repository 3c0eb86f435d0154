// What else the server needs: its secret, Redis, a mail server, a collector of traces, a clock.

import { existsSync, statSync } from 'node:fs';
import { connect as connectTcp } from 'node:net';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import type { Config } from '../config/config.ts';
import { parseSmtpUrl } from '../mail/smtp-settings.ts';
import { parseRedisUrl } from '../stores/redis/redis-url.ts';
import type { Finding } from './finding.ts';

export const secretFinding = ({ secret, dataDir }: Config): Finding => {
  if (secret !== undefined) return { id: 'secret.set', level: 'ok', text: 'TEGATA_SECRET is set and strong enough' };
  const file = join(dataDir, 'secret');
  if (!existsSync(file)) return { id: 'secret.new', level: 'ok', text: `none yet; the first start makes one in ${file}` };
  if ((statSync(file).mode & 0o077) === 0) {
    return { id: 'secret.file', level: 'ok', text: `from ${file}; deleting it signs everybody out` };
  }
  return { id: 'secret.readable', level: 'error', text: `${file} can be read by others`, remedy: `chmod 600 ${file}` };
};

export const redisFindings = async ({ redis, sessionStore }: Config): Promise<Finding[]> => {
  if (!redis) return [];
  const { host, port } = parseRedisUrl(redis.url);
  const { examineRedis } = await import('../stores/redis/risks.ts');
  const examined = await examineRedis(redis);
  if (!examined.ok) {
    // Without sessions in it, the server starts without Redis and limits by its own memory.
    const level = sessionStore === 'redis' ? 'error' : 'note';
    return [{ id: 'redis.unusable', level, text: `${host}:${port}: ${examined.failure.reason}` }];
  }
  const keeps = sessionStore === 'redis' ? 'sessions, lockouts and limits' : 'limits';
  const risks = sessionStore === 'redis' ? examined.value : [];
  return [
    { id: 'redis.answers', level: 'ok', text: `${host}:${port} answers, and keeps ${keeps}` },
    ...risks.map((text): Finding => ({ id: 'redis.risk', level: 'note', text })),
  ];
};

export const mailFinding = async ({ smtpUrl, publicUrl, production }: Config): Promise<Finding> => {
  if (smtpUrl === undefined) {
    return { id: 'mail.kept', level: 'note', text: `no SMTP_URL: mail stays in ${publicUrl}/dev/mailbox` };
  }
  const server = parseSmtpUrl(smtpUrl, { production });
  const greeting = await readGreeting(server);
  const text = `${server.host}:${server.port} ${greeting}`;
  if (greeting === 'greets') return { id: 'mail.answers', level: 'ok', text };
  return {
    id: 'mail.unreachable',
    level: 'error',
    text,
    remedy: 'Check SMTP_URL and the network; mail waits in the outbox meanwhile.',
  };
};

const readGreeting = ({ host, port, secure }: { host: string; port: number; secure: boolean }) =>
  new Promise<string>((resolve) => {
    const socket = secure ? connectTls({ host, port, servername: host }) : connectTcp({ host, port });
    const done = (text: string) => {
      socket.destroy();
      resolve(text);
    };
    socket.setTimeout(5000, () => done('does not answer within 5 s'));
    socket.once('error', (error: NodeJS.ErrnoException) => done(`refuses (${error.code ?? error.message})`));
    socket.once('data', (data) => done(data.toString().startsWith('220') ? 'greets' : 'does not greet like a mail server'));
  });

/** The server works without its collector, so nothing here stands in the way. An export without a span leaves nothing there. */
export const tracesFindings = async ({ tracing }: Config): Promise<Finding[]> => {
  if (!tracing) return [];
  const { url, headers } = tracing;
  const said = await postEmptyExport(url, headers);
  if (said === 'takes traces') return [{ id: 'traces.taken', level: 'ok', text: `${url} ${said}` }];
  const setting = /40[13]/.test(said) ? 'OTEL_EXPORTER_OTLP_HEADERS' : 'OTEL_EXPORTER_OTLP_ENDPOINT';
  const remedy = `Check ${setting}; the server works without traces meanwhile.`;
  return [{ id: 'traces.refused', level: 'warning', text: `${url} ${said}`, remedy }];
};

const postEmptyExport = async (url: string, headers: Record<string, string>): Promise<string> => {
  try {
    const { ok, status } = await fetch(url, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body: '{"resourceSpans":[]}',
      redirect: 'manual',
      signal: AbortSignal.timeout(5000),
    });
    return ok ? 'takes traces' : `answers ${status}`;
  } catch (error) {
    const { name, cause } = error as Error & { cause?: NodeJS.ErrnoException };
    return name === 'TimeoutError' ? 'does not answer within 5 s' : `refuses (${cause?.code ?? cause?.message ?? name})`;
  }
};

/** Tokens and locks are made of times: a clock before this release was built is certainly wrong. */
export const clockFinding = (now = new Date()): Finding => {
  if (now.getTime() > Date.UTC(2026, 0, 1)) return { id: 'clock.plausible', level: 'ok', text: now.toISOString() };
  return {
    id: 'clock.past',
    level: 'error',
    text: `${now.toISOString()} is in the past: tokens would be wrong`,
    remedy: 'Set up time synchronization (NTP).',
  };
};
