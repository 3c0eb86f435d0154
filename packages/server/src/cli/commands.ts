import { Unavailable } from '@tegata/core';
import { SigningKeyUnreadable } from '../adapters/access-keys.ts';
import { ConfigError } from '../config/config-error.ts';
import { type Command, rootCause, UsageError } from './command.ts';

/** Loaded when called: the process that only supervises workers stays small. */
const commands: Record<string, () => Promise<Command>> = {
  serve: async () => (await import('./serve.ts')).serve,
  migrate: async () => (await import('./migrate.ts')).migrate,
  transfer: async () => (await import('./transfer.ts')).transfer,
  backup: async () => (await import('./backup.ts')).backup,
  restore: async () => (await import('./backup.ts')).restore,
  users: async () => (await import('./users.ts')).users,
  keys: async () => (await import('./keys.ts')).keys,
  services: async () => (await import('./services.ts')).services,
  audit: async () => (await import('./audit.ts')).audit,
  doctor: async () => (await import('./doctor.ts')).doctor,
};

const help = (all: readonly Command[]) => `Tegata, the authentication server you can read.

Usage: tegata <command> [arguments]

${all
  .flatMap(({ lines }) => lines)
  .map(([call, meaning]) => `  tegata ${call.padEnd(34)} ${meaning}`)
  .join('\n')}

Settings are environment variables; every one has a default for development:
  PORT (3000), TEGATA_URL, TEGATA_DATA_DIR (./.tegata), DATABASE_URL (sqlite:…), SMTP_URL, TEGATA_SECRET, LOG_LEVEL, …
  \`tegata doctor\` says what is set, what is missing, and what to do. The whole list: docs/reference/configuration.md.
  A command acts on the database that the same variables give the server: run it with the same ones.

Exit codes: 0 done, 1 it failed, 2 the call itself was wrong.
`;

/** Runs what the command line asks for; resolves to the exit code. */
export const runCommand = async (argv: string[]): Promise<number> => {
  const [name, ...rest] = argv;
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') {
    console.log(help(await Promise.all(Object.values(commands).map((load) => load()))));
    return name === undefined ? 2 : 0;
  }
  const command = Object.hasOwn(commands, name) ? await commands[name]?.() : undefined;
  if (!command) {
    console.error(`There is no command "${name}". \`tegata --help\` lists them.`);
    return 2;
  }
  if (rest.includes('--help') || rest.includes('-h')) {
    console.log(command.lines.map(([call, meaning]) => `tegata ${call}\n    ${meaning}`).join('\n'));
    return 0;
  }
  try {
    return await command.run(rest);
  } catch (error) {
    if (error instanceof UsageError) {
      console.error(`${error.message}\n\n${command.lines.map(([call]) => `  tegata ${call}`).join('\n')}`);
      return 2;
    }
    const text = textForOperator(error);
    if (text === undefined) throw error;
    console.error(text);
    return 1;
  }
};

/** What the operator can mend is told without a stack trace; undefined for a mistake of ours. */
const textForOperator = (error: unknown): string | undefined => {
  if (error instanceof ConfigError) return `${error.message}\n\`tegata doctor\` checks everything else too.`;
  if (error instanceof SigningKeyUnreadable) return error.message;
  const cause = rootCause(error);
  const isOfTheMachine = error instanceof Unavailable || (cause instanceof Error && 'syscall' in cause);
  if (!isOfTheMachine) return undefined;
  const what = error instanceof Unavailable && cause instanceof Error ? `${error.message}: ${cause.message}` : String(cause);
  return `${what}\nCheck TEGATA_DATA_DIR, DATABASE_URL and REDIS_URL, the permissions and the disk; \`tegata doctor\` looks at each.`;
};
