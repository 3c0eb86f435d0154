// Database, Redis, mail, workers and lifetimes: settings that are each fine by themselves and do not fit together.

import type { Config } from '../config/config.ts';
import { isPostgresUrl } from '../config/database-url.ts';
import type { Finding } from './finding.ts';
import { isPrivateHost, siteOf } from './site.ts';

/** What PostgreSQL allows when nobody has said otherwise. */
const usualConnections = 100;

export const partsFindings = (config: Config): Finding[] => [
  ...databaseFindings(config),
  ...redisFindings(config),
  ...mailFindings(config),
  ...lifetimeFindings(config),
];

const databaseFindings = ({ databaseUrl, postgres, workers, production, hashConcurrency }: Config): Finding[] => {
  const findings: Finding[] = [];
  if (!isPostgresUrl(databaseUrl)) {
    if (production && databaseUrl === 'sqlite::memory:') {
      findings.push({
        id: 'database.in-memory',
        level: 'error',
        text: 'DATABASE_URL=sqlite::memory: forgets every account when the server stops.',
        remedy: 'Leave it out for a file in TEGATA_DATA_DIR, or name a PostgreSQL database.',
      });
    }
    if (workers > 1) {
      findings.push({
        id: 'database.sqlite-workers',
        level: 'note',
        text: `${workers} workers write to one SQLite file in turns: reading becomes faster, writing hardly.`,
        remedy: 'For more writes, PostgreSQL: `tegata transfer` moves everything.',
      });
    }
    return findings;
  }
  const url = new URL(databaseUrl);
  const connections = workers * postgres.poolSize;
  if (connections >= usualConnections) {
    findings.push({
      id: 'database.connections',
      level: 'warning',
      text: `${workers} workers with ${postgres.poolSize} connections each are ${connections}; PostgreSQL allows ${usualConnections} unless it was told otherwise.`,
      remedy: 'Lower TEGATA_DATABASE_POOL, or raise max_connections.',
    });
  }
  if (postgres.poolSize <= hashConcurrency) {
    findings.push({
      id: 'database.small-pool',
      level: 'warning',
      text: `TEGATA_DATABASE_POOL=${postgres.poolSize}, with ${hashConcurrency} hashes at once: while log-ins write, session checks wait.`,
      remedy: `Give it at least ${hashConcurrency + 2}.`,
    });
  }
  if (production && !isPrivateHost(url.hostname) && url.hostname !== '' && isWithoutTls(url)) {
    findings.push({
      id: 'database.plain',
      level: 'warning',
      text: `DATABASE_URL asks for no TLS, and ${url.hostname} is beyond this network: passwords' hashes travel in the clear.`,
      remedy: 'Add ?sslmode=verify-full.',
    });
  }
  return findings;
};

const isWithoutTls = ({ searchParams }: URL): boolean =>
  [null, 'disable', 'allow', 'prefer'].includes(searchParams.get('sslmode')) && searchParams.get('ssl') !== 'true';

const redisFindings = ({ redis, production, sessionStore, databaseUrl }: Config): Finding[] => {
  if (!redis) return [];
  const { protocol, hostname, password } = new URL(redis.url);
  const findings: Finding[] = [];
  if (production && protocol === 'redis:' && !isPrivateHost(hostname)) {
    findings.push({
      id: 'redis.plain',
      level: 'warning',
      text: `REDIS_URL asks for no TLS, and ${hostname} is beyond this network.`,
      remedy: 'Use rediss://.',
    });
  }
  if (production && password === '' && !isPrivateHost(hostname)) {
    findings.push({
      id: 'redis.open',
      level: 'warning',
      text: `REDIS_URL has no password, and ${hostname} is beyond this network.`,
      remedy: 'Give Redis a user and a password for Tegata.',
    });
  }
  if (sessionStore === 'redis' && databaseUrl === 'sqlite::memory:') {
    findings.push({
      id: 'redis.outlives-database',
      level: 'warning',
      text: 'Sessions are in Redis and their owners in memory: after a restart they belong to nobody.',
      remedy: 'Give DATABASE_URL a file or PostgreSQL, or set TEGATA_SESSION_STORE=database.',
    });
  }
  return findings;
};

const mailFindings = ({ smtpUrl, mailFrom, publicUrl, production }: Config): Finding[] => {
  if (smtpUrl === undefined || !production) return [];
  const sender = /@([^\s>]+)>?\s*$/.exec(mailFrom)?.[1]?.toLowerCase();
  const { hostname } = new URL(publicUrl);
  if (!sender || siteOf(sender) === siteOf(hostname)) return [];
  return [
    {
      id: 'mail.foreign-sender',
      level: 'note',
      text: `Mail comes from ${sender} and its links lead to ${hostname}: filters look twice at that.`,
      remedy: `Let MAIL_FROM be an address of ${siteOf(hostname)}, with SPF, DKIM and DMARC for it.`,
    },
  ];
};

const lifetimeFindings = ({ ttl }: Config): Finding[] => {
  const findings: Finding[] = [];
  if (ttl.access >= ttl.refresh) {
    findings.push({
      id: 'tokens.access-outlives-refresh',
      level: 'warning',
      text: 'TEGATA_ACCESS_TTL is not shorter than TEGATA_REFRESH_TTL: a session that nobody refreshes ends before its token does.',
      remedy: 'Minutes for the one, days for the other.',
    });
  }
  if (Math.max(ttl.refresh, ttl.remember) > ttl.sessionMaxAge) {
    findings.push({
      id: 'tokens.session-too-short',
      level: 'note',
      text: 'TEGATA_SESSION_MAX_AGE is shorter than what a refresh promises: sessions end there however often they are refreshed.',
      remedy: 'Raise it, or lower TEGATA_REFRESH_TTL and TEGATA_REMEMBER_TTL.',
    });
  }
  return findings;
};
