import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { User } from '@tegata/core';
import { composeEngine, type Engine } from '../compose.ts';
import { parseConfig } from '../config/config.ts';
import { isPostgresUrl } from '../config/database-url.ts';
import { readEnvironment } from '../config/env.ts';
import { sqlitePath } from '../stores/sql/sqlite.ts';
import { type Command, UsageError } from './command.ts';

type Action = (engine: Engine, rest: string[]) => Promise<number>;

const list: Action = async ({ auth }, rest) => {
  const { values } = parse(rest, { search: { type: 'string' }, limit: { type: 'string' }, before: { type: 'string' } });
  const limit = Number(values.limit ?? 50);
  if (!Number.isInteger(limit) || limit < 1 || limit > 1000) throw new UsageError('--limit takes a whole number from 1 to 1000.');
  const page = { limit, ...definedOnly({ search: values.search, before: values.before }) };
  const found = await auth.listUsers(page);
  for (const user of found) console.log(line(user));
  const last = found.at(-1);
  if (found.length === 0) console.log('No user found.');
  else if (last && found.length === limit) console.log(`There may be more: add --before ${last.id}`);
  return 0;
};

const show: Action = async ({ auth }, rest) => {
  const idOrEmail = theOneNamed(rest);
  const shown = await auth.showUser({ idOrEmail });
  if (!shown.ok) return notFound(idOrEmail);
  const { user, emails, sessions, hasPassword } = shown.value;
  console.log(line(user));
  console.log(`  registered ${time(user.createdAt)}, ${hasPassword ? 'has a password' : 'has no password'}`);
  for (const email of emails) {
    console.log(
      `  address  ${email.email}${email.isPrimary ? ' (primary)' : ''}${email.verifiedAt === null ? ' (not verified)' : ''}`,
    );
  }
  for (const session of sessions) {
    console.log(
      `  session  ${session.id} from ${session.ipAddress ?? 'an unknown address'}, last used ${time(session.lastUsedAt)}, ${printable(session.userAgent ?? 'an unknown program')}`,
    );
  }
  if (sessions.length === 0) console.log('  no live session');
  return 0;
};

const setStatus =
  (status: 'active' | 'suspended' | 'deactivated'): Action =>
  async ({ auth }, rest) => {
    const idOrEmail = theOneNamed(rest);
    const shown = await auth.showUser({ idOrEmail });
    if (!shown.ok) return notFound(idOrEmail);
    const { user } = shown.value;
    const changed = await auth.setUserStatus({ userId: user.id, status });
    if (!changed.ok) return notFound(idOrEmail);
    const ended = changed.value.endedSessions;
    console.log(`${user.email} is ${status} now${ended > 0 ? `; ${ended} session${ended === 1 ? '' : 's'} ended` : ''}.`);
    return 0;
  };

const unlock: Action = async ({ auth }, rest) => {
  const idOrEmail = theOneNamed(rest);
  const shown = await auth.showUser({ idOrEmail });
  if (!shown.ok) return notFound(idOrEmail);
  await auth.unlockUser({ userId: shown.value.user.id });
  console.log(`${shown.value.user.email} may log in again: failed attempts are forgotten.`);
  return 0;
};

const actions: Record<string, Action> = {
  list,
  show,
  suspend: setStatus('suspended'),
  deactivate: setStatus('deactivated'),
  activate: setStatus('active'),
  unlock,
};

export const users: Command = {
  lines: [
    ['users list [--search TEXT]', 'Users, newest first; --limit N, --before ID to go on.'],
    ['users show <id|email>', 'One user with addresses and live sessions.'],
    ['users suspend <id|email>', 'Stop log-ins and end every session at once.'],
    ['users deactivate <id|email>', 'The same, for an account given up.'],
    ['users activate <id|email>', 'Let the user log in again (a pending one without verification).'],
    ['users unlock <id|email>', 'Forget failed log-ins and lift the lock.'],
  ],
  run: async ([name, ...rest]) => {
    const action = actions[name ?? ''];
    if (!action) throw new UsageError(name ? `There is no "users ${name}".` : 'Say what to do with users:');
    const config = parseConfig(readEnvironment());
    const file = isPostgresUrl(config.databaseUrl) ? undefined : sqlitePath(config.databaseUrl);
    // A new and empty one would only hide that the settings are not the server's.
    if (file !== undefined && !existsSync(file)) {
      console.error(
        `There is no database at ${file}. Are DATABASE_URL and TEGATA_DATA_DIR the server's? Has it ever been started?`,
      );
      return 1;
    }
    // What happened is told in words, not as a line of the log too.
    const engine = await composeEngine({ ...config, logLevel: 'warn' });
    try {
      return await action(engine, rest);
    } finally {
      await engine.close();
    }
  },
};

const parse = <const Options extends NonNullable<Parameters<typeof parseArgs>[0]>['options']>(
  args: string[],
  options: Options,
) => {
  try {
    return parseArgs({ args, options: options as NonNullable<Options> });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
};

const definedOnly = (values: { search?: string | undefined; before?: string | undefined }) =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as { search?: string; before?: string };

const theOneNamed = ([idOrEmail, ...others]: string[]): string => {
  if (!idOrEmail || others.length > 0) throw new UsageError('Name one user, by id or address.');
  return idOrEmail;
};

const notFound = (idOrEmail: string): number => {
  console.error(`No user ${idOrEmail} in this database. Are DATABASE_URL and TEGATA_DATA_DIR the server's?`);
  return 1;
};

const time = (ms: number) => new Date(ms).toISOString();
const line = (user: User) => `${user.id}  ${user.status.padEnd(11)}  ${user.email}  ${printable(user.name)}`;

/** Names and programs are what strangers wrote: nothing in them may command the operator's terminal. */
const printable = (text: string) => text.replace(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu, '\ufffd');
