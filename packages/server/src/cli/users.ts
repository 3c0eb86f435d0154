import { text as readAll } from 'node:stream/consumers';
import { parseArgs } from 'node:util';
import type { Role, User } from '@tegata/core';
import type { Engine } from '../compose.ts';
import { type Command, UsageError } from './command.ts';
import { printable, withExistingEngine } from './existing-engine.ts';
import { exportPeople, importPeople } from './people.ts';

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

/** From standard input, because arguments are seen by everybody on the machine and kept by the shell. */
const setPassword: Action = async ({ auth }, rest) => {
  const idOrEmail = theOneNamed(rest);
  const shown = await auth.showUser({ idOrEmail });
  if (!shown.ok) return notFound(idOrEmail);
  if (process.stdin.isTTY) console.error('Type the new password, Enter, Ctrl-D:');
  const password = (await readAll(process.stdin)).replace(/\r?\n$/, '');
  const set = await auth.setUserPassword({ userId: shown.value.user.id, password });
  if (set.ok) {
    console.log(`${shown.value.user.email} has a new password, and is told by mail; sessions ended: ${set.value.endedSessions}.`);
    return 0;
  }
  if (set.failure.code === 'user_not_found') return notFound(idOrEmail);
  console.error(`That password is refused: ${set.failure.problem.replaceAll('_', ' ')}.`);
  return 1;
};

const roles: readonly string[] = ['user', 'admin', 'owner'] satisfies Role[];

const changeRole: Action = async ({ auth }, rest) => {
  const [idOrEmail = '', role = '', ...others] = rest;
  if (!roles.includes(role) || others.length > 0) throw new UsageError(`Name one user and a role: ${roles.join(', ')}.`);
  const shown = await auth.showUser({ idOrEmail });
  if (!shown.ok) return notFound(idOrEmail);
  const changed = await auth.changeRole({ userId: shown.value.user.id, role: role as Role });
  if (!changed.ok) {
    console.error(`${shown.value.user.email} belongs to no organization.`);
    return 1;
  }
  console.log(`${shown.value.user.email} is ${role} now, and was ${changed.value.before}.`);
  return 0;
};

const actions: Record<string, Action> = {
  list,
  show,
  suspend: setStatus('suspended'),
  deactivate: setStatus('deactivated'),
  activate: setStatus('active'),
  unlock,
  'set-password': setPassword,
  role: changeRole,
};

export const users: Command = {
  lines: [
    ['users list [--search TEXT]', 'Users, newest first; --limit N, --before ID to go on.'],
    ['users show <id|email>', 'One user with addresses and live sessions.'],
    ['users suspend <id|email>', 'Stop log-ins and end every session at once.'],
    ['users deactivate <id|email>', 'The same, for an account given up.'],
    ['users activate <id|email>', 'Let the user log in again (a pending one without verification).'],
    ['users unlock <id|email>', 'Forget failed log-ins and lift the lock.'],
    ['users set-password <id|email>', 'A new password, read from standard input; ends every session.'],
    ['users role <id|email> <role>', 'user, admin or owner of their organization.'],
    ['users import <file>', 'Users from lines of JSON, with their password hashes; --dry-run, --report FILE. docs/import.md'],
    ['users export [file]', 'Everybody as lines of JSON; --with-password-hashes.'],
  ],
  run: async ([name, ...rest]) => {
    if (name === 'import') return importPeople(rest);
    if (name === 'export') return exportPeople(rest);
    const action = actions[name ?? ''];
    if (!action) throw new UsageError(name ? `There is no "users ${name}".` : 'Say what to do with users:');
    return withExistingEngine((engine) => action(engine, rest));
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
