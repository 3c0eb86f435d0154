import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { startTasks } from '../../examples/tasks/server.ts';
import { freePort } from '../free-port.ts';
import { type Answer, type CallOptions, cookiePair } from '../server.ts';
import { temporaryFolder } from '../server-process.ts';

// The tasks application as it ships, over real HTTP and with its real files, and people who use it.

export type TasksServer = {
  url: string;
  call: (method: string, path: string, options?: CallOptions) => Promise<Answer>;
  /** What is really in the application's own file. */
  rows: (sql: string, ...parameters: SQLInputValue[]) => Record<string, unknown>[];
};

const settingsFor = (dataDir: string, settings: Record<string, string>) => ({
  TEGATA_DATA_DIR: dataDir,
  TEGATA_RATE_LIMITS: 'off',
  LOG_LEVEL: 'silent',
  ...settings,
});

const serverAt = (url: string, dataDir: string): TasksServer => ({
  url,
  call: async (method, path, { body, token, cookie, headers } = {}) => {
    const response = await fetch(url + path, {
      method,
      redirect: 'manual',
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(cookie === undefined ? {} : { cookie }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = text !== '' && response.headers.get('content-type')?.startsWith('application/json');
    const { status, headers: answered } = response;
    return { status, body: isJson ? JSON.parse(text) : text, headers: answered, cookies: answered.getSetCookie() };
  },
  rows: (sql, ...parameters) => {
    const database = new DatabaseSync(join(dataDir, 'tasks.db'));
    try {
      return database.prepare(sql).all(...parameters);
    } finally {
      database.close();
    }
  },
});

export const startTasksServer = async (settings: Record<string, string> = {}): Promise<TasksServer> => {
  const dataDir = await temporaryFolder();
  const tasks = await startTasks(settingsFor(dataDir, { PORT: '0', ...settings }));
  onTestFinished(() => tasks.close());
  return serverAt(`http://127.0.0.1:${tasks.port}`, dataDir);
};

/** The commands that start the example. */
export const starts = {
  npm: ['npm', 'run', '--silent', 'example:tasks'],
  node: [process.execPath, 'examples/tasks/server.ts'],
} as const;

/** Runs the example as a process of its own. `stop` ends it as a terminal or supervisor does: its whole group, so that npm's child hears it too. */
export const runExample = async (
  [command, ...args]: (typeof starts)[keyof typeof starts],
  dataDir: string,
): Promise<TasksServer & { stop: () => Promise<number | null> }> => {
  const port = await freePort();
  const { PATH = '', HOME = '' } = process.env;
  const child = spawn(command, args, {
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
    env: { PATH, HOME, ...settingsFor(dataDir, { PORT: String(port) }) },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const ended = once(child, 'close');
  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null) process.kill(-(child.pid as number), 'SIGTERM');
    return (await ended)[0] as number | null;
  };
  onTestFinished(async () => void (await stop()));
  let written = '';
  await new Promise<void>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (text) => {
        written += text;
        if (written.includes(`Tasks is ready: http://localhost:${port}\n`)) resolve();
      });
    }
    ended.then(() => reject(new Error(`it ended: ${written}`)), reject);
  });
  return { ...serverAt(`http://127.0.0.1:${port}`, dataDir), stop };
};

export const password = 'correct horse battery';

export type Person = { userId: string; accessToken: string; accessCookie: string; csrfCookie: string; csrfToken: string };

export const signedUp = async (server: TasksServer, email: string): Promise<Person> => {
  const answer = await server.call('POST', '/auth/signup', { body: { email, password } });
  if (answer.status !== 201) throw new Error(`signing up answered ${answer.status}: ${JSON.stringify(answer.body)}`);
  return personOf(answer);
};

/** One more session of somebody who has signed up. */
export const signedIn = async (server: TasksServer, email: string): Promise<Person> => {
  const answer = await server.call('POST', '/auth/signin', { body: { email, password } });
  if (answer.status !== 200) throw new Error(`signing in answered ${answer.status}: ${JSON.stringify(answer.body)}`);
  return personOf(answer);
};

const personOf = (answer: Answer): Person => {
  const accessCookie = cookiePair(answer, 'access_token');
  return {
    userId: answer.body.user.id,
    accessToken: accessCookie.slice('access_token='.length),
    accessCookie,
    csrfCookie: cookiePair(answer, 'csrf_token'),
    csrfToken: answer.body.csrf_token,
  };
};

/** The browser with the application's page in it: the cookies that it sends to /tasks, and the header that the page adds. */
export const asBrowser = ({ accessCookie, csrfCookie, csrfToken }: Person): CallOptions => ({
  cookie: `${accessCookie}; ${csrfCookie}`,
  headers: { 'x-csrf-token': csrfToken },
});

export const deleteAccount = (server: TasksServer, person: Person): Promise<Answer> =>
  server.call('DELETE', '/auth/account', { ...asBrowser(person), body: { password } });

export const addTask = (server: TasksServer, person: Person, task: unknown = { title: 'Water the plants' }): Promise<Answer> =>
  server.call('POST', '/tasks', { ...asBrowser(person), body: task });

/** The id of a new task. */
export const added = async (server: TasksServer, person: Person, task?: unknown): Promise<string> => {
  const answer = await addTask(server, person, task);
  if (answer.status !== 201) throw new Error(`adding a task answered ${answer.status}: ${JSON.stringify(answer.body)}`);
  return answer.body.id;
};
