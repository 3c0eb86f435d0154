import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { connect as connectTcp } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { sql } from 'kysely';
import { type Config, ConfigError, parseConfig } from '../config/config.ts';
import { isPostgresUrl, shownDatabaseUrl } from '../config/database-url.ts';
import { readEnvironment } from '../config/env.ts';
import { parseSmtpUrl } from '../mail/smtp.ts';
import { openDatabase } from '../stores/sql/sql-stores.ts';
import { sqlitePath } from '../stores/sql/sqlite.ts';
import { type Command, refuseArguments, rootCause } from './command.ts';

type Finding = { level: 'ok' | 'note' | 'problem'; about: string; text: string };

/** Looks at everything the server will need and says what to do about what is wrong. Changes nothing. */
export const doctor: Command = {
  lines: [['doctor', 'Check configuration, database, mail and clock, and say what to fix.']],
  run: async (args) => {
    refuseArguments(args);
    const findings = await examine();
    const signs = { ok: 'ok     ', note: 'note   ', problem: 'PROBLEM' };
    for (const { level, about, text } of findings) console.log(`${signs[level]}  ${about.padEnd(13)} ${text}`);
    const problems = findings.filter(({ level }) => level === 'problem').length;
    console.log(problems === 0 ? '\nNothing stands in the way.' : `\n${problems} to fix before the server can serve.`);
    return problems === 0 ? 0 : 1;
  },
};

const examine = async (): Promise<Finding[]> => {
  let config: Config;
  try {
    config = parseConfig(readEnvironment());
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map((text) => ({ level: 'problem', about: 'configuration', text }));
  }
  const mode = config.production ? 'production' : 'development';
  return [
    {
      level: 'ok',
      about: 'configuration',
      text: `${mode}; contracts ${config.contracts.join(', ')}; public address ${config.publicUrl}`,
    },
    ...configurationNotes(config),
    secretFinding(config),
    await databaseFinding(config),
    await mailFinding(config),
    clockFinding(),
  ];
};

const configurationNotes = (config: Config): Finding[] => {
  const note = (text: string): Finding => ({ level: 'note', about: 'configuration', text });
  const notes: Finding[] = [];
  if (!config.rateLimits) notes.push(note('TEGATA_RATE_LIMITS=off: guessing is slowed by the lockout alone. Meant for tests.'));
  if (config.ttl.refreshGrace === 0) notes.push(note('TEGATA_REFRESH_GRACE=0s: a lost answer will sign its user out.'));
  if (config.production && config.trustedProxies.length === 0) {
    notes.push(
      note(
        'TEGATA_TRUSTED_PROXIES is empty: behind a proxy every client would share one limit. Set its CIDR, unless clients connect directly.',
      ),
    );
  }
  if (config.passwordHash === 'bcrypt')
    notes.push(note('TEGATA_PASSWORD_HASH=bcrypt: passwords over 72 bytes are refused; argon2id is stronger.'));
  return notes;
};

const secretFinding = ({ secret, dataDir }: Config): Finding => {
  if (secret !== undefined) return { level: 'ok', about: 'secret', text: 'TEGATA_SECRET is set and strong enough' };
  const file = join(dataDir, 'secret');
  if (!existsSync(file)) return { level: 'ok', about: 'secret', text: `none yet; the first start makes one in ${file}` };
  const open = (statSync(file).mode & 0o077) !== 0;
  if (open) return { level: 'problem', about: 'secret', text: `${file} can be read by others: chmod 600 ${file}` };
  return { level: 'ok', about: 'secret', text: `from ${file}; deleting it signs everybody out` };
};

const databaseFinding = async (config: Config): Promise<Finding> => {
  const { databaseUrl } = config;
  const finding = (level: Finding['level'], text: string): Finding => ({
    level,
    about: 'database',
    text: `${shownDatabaseUrl(databaseUrl)} ${text}`,
  });
  if (isPostgresUrl(databaseUrl)) return postgresFinding(config, finding);
  const path = sqlitePath(databaseUrl);
  if (path === ':memory:') return finding('note', 'forgets everything when the server stops');
  if (!existsSync(path)) {
    const folder = nearestFolder(path);
    if (folder.isWritable) return finding('ok', 'does not exist yet; the first start makes it');
    return finding('problem', `cannot be made: ${folder.path} is not a folder that this user may write to`);
  }
  try {
    const database = await openDatabase(databaseUrl);
    await database.db.selectNoFrom((eb) => eb.val(1).as('one')).execute();
    await database.db.destroy();
    const open = (statSync(path).mode & 0o077) !== 0;
    return open ? finding('note', `answers, but its file can be read by others: chmod 600 ${path}`) : finding('ok', 'answers');
  } catch (error) {
    return finding(
      'problem',
      `does not answer (${(rootCause(error) as Error).message}): check the path, its permissions and the disk`,
    );
  }
};

const postgresFinding = async (
  { databaseUrl, postgres }: Config,
  finding: (level: Finding['level'], text: string) => Finding,
): Promise<Finding> => {
  const database = await openDatabase(databaseUrl, postgres);
  try {
    const asked = sql<{ version: string; commits: string }>`
      select current_setting('server_version') as version, current_setting('synchronous_commit') as commits`;
    const [row] = (await asked.execute(database.db)).rows;
    const answers = `answers (PostgreSQL ${row?.version})`;
    if (row?.commits !== 'off') return finding('ok', answers);
    return finding(
      'note',
      `${answers}, but synchronous_commit is off: a crash forgets what was just acknowledged. Set it to on.`,
    );
  } catch (error) {
    const cause = (rootCause(error) as Error).message;
    return finding('problem', `does not answer (${cause}): check DATABASE_URL, the network and the role's rights`);
  } finally {
    await database.close();
  }
};

/** The part of the path that exists already: everything missing below it is made at the first start. */
const nearestFolder = (path: string): { path: string; isWritable: boolean } => {
  let folder = dirname(resolve(path));
  while (!existsSync(folder)) folder = dirname(folder);
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
    return { path: folder, isWritable: statSync(folder).isDirectory() };
  } catch {
    return { path: folder, isWritable: false };
  }
};

const mailFinding = async ({ smtpUrl, publicUrl, production }: Config): Promise<Finding> => {
  if (smtpUrl === undefined) return { level: 'note', about: 'mail', text: `no SMTP_URL: mail stays in ${publicUrl}/dev/mailbox` };
  const server = parseSmtpUrl(smtpUrl, { production });
  const greeting = await readGreeting(server);
  const text = `${server.host}:${server.port} ${greeting}`;
  if (greeting === 'greets') return { level: 'ok', about: 'mail', text };
  return { level: 'problem', about: 'mail', text: `${text}: check SMTP_URL and the network; mail waits in the outbox meanwhile` };
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

/** Tokens and locks are made of times: a clock before this release was built is certainly wrong. */
const clockFinding = (): Finding => {
  const now = new Date();
  if (now.getTime() > Date.UTC(2026, 0, 1)) return { level: 'ok', about: 'clock', text: now.toISOString() };
  return {
    level: 'problem',
    about: 'clock',
    text: `${now.toISOString()} is in the past: tokens would be wrong. Set up time synchronization (NTP).`,
  };
};
