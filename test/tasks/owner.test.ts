import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { openTasksDatabase } from '../../examples/tasks/tasks-database.ts';
import { createTaskStore } from '../../examples/tasks/tasks-store.ts';
import { temporaryFolder } from '../server-process.ts';
import { added, addTask, asBrowser, deleteAccount, signedIn, signedUp, startTasksServer } from './people.ts';

const ada = 'ada@example.com';
const bob = 'bob@example.com';
const nobody = '00000000-0000-4000-8000-000000000000';

const calls = (id: string) =>
  [
    ['GET', '/tasks'],
    ['POST', '/tasks', { title: 'x' }],
    ['GET', `/tasks/${id}`],
    ['PATCH', `/tasks/${id}`, { title: 'x' }],
    ['DELETE', `/tasks/${id}`],
  ] as const;

test('S0.28 S0.57 every row has an owner: user_id is NOT NULL and indexed with the time', async () => {
  const server = await startTasksServer();
  const columns = server.rows('pragma table_info(tasks)');
  expect(columns.find(({ name }) => name === 'user_id')).toMatchObject({ type: 'TEXT', notnull: 1 });
  expect(server.rows('pragma index_info(tasks_of_user)').map(({ name }) => name)).toEqual(['user_id', 'created_at']);
  const list = 'select * from tasks where user_id = ? order by created_at desc, rowid desc';
  const plan = server.rows(`explain query plan ${list}`, nobody).map(({ detail }) => detail);
  expect(plan).toEqual(['SEARCH tasks USING INDEX tasks_of_user (user_id=?)']);
});

test('S0.56 no task call works without a login, whatever else is wrong with it', async () => {
  const server = await startTasksServer();
  const person = await signedUp(server, ada);
  const id = await added(server, person);
  for (const [method, path, body] of [
    ...calls(id),
    ...calls('malformed'),
    ['PUT', '/tasks'],
    ['GET', '/tasks?page=0'],
  ] as const) {
    const answer = await server.call(method, path, { body });
    expect(answer).toMatchObject({ status: 401, body: { error: 'Missing authentication token', error_type: 'unauthorized' } });
    expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="tegata"');
    const forged = await server.call(method, path, { body, token: `${person.accessToken}x` });
    expect(forged).toMatchObject({ status: 401, body: { error: 'Invalid access token', error_type: 'unauthorized' } });
    // A bad header is not rescued by a good cookie.
    const both = await server.call(method, path, { ...asBrowser(person), body, token: 'nonsense' });
    expect(both.status).toBe(401);
  }
  expect(server.rows('select title from tasks')).toEqual([{ title: 'Water the plants' }]);
});

test('S0.58 another user’s task is not found on read, change and delete, and stays as it is', async () => {
  const server = await startTasksServer();
  const [adaHere, bobHere] = [await signedUp(server, ada), await signedUp(server, bob)];
  const id = await added(server, adaHere, { title: 'Ada’s', description: 'hers', due_date: '2030-01-15' });
  const before = server.rows('select * from tasks');
  for (const caller of [asBrowser(bobHere), { token: bobHere.accessToken }]) {
    for (const [method, body] of [['GET'], ['PATCH', { title: 'Bob’s', status: 'cancelled' }], ['DELETE']] as const) {
      const foreign = await server.call(method, `/tasks/${id}`, { ...caller, body });
      const missing = await server.call(method, `/tasks/${nobody}`, { ...caller, body });
      expect(foreign).toMatchObject({ status: 404, body: { error: 'Task not found', error_type: 'not_found' } });
      expect(foreign.body).toEqual(missing.body);
    }
  }
  expect(server.rows('select * from tasks')).toEqual(before);
});

test('S0.58 a list, its totals and its pages hold the caller’s own tasks alone', async () => {
  const server = await startTasksServer();
  const [adaHere, bobHere] = [await signedUp(server, ada), await signedUp(server, bob)];
  for (const title of ['A1', 'A2', 'A3']) await added(server, adaHere, { title });
  await added(server, bobHere, { title: 'B1' });
  const list = async (person: typeof adaHere, query = '') => {
    const { body } = await server.call('GET', `/tasks${query}`, asBrowser(person));
    return [body.tasks.map(({ title }: { title: string }) => title), body.pagination.total_items];
  };
  expect(await list(adaHere)).toEqual([['A3', 'A2', 'A1'], 3]);
  expect(await list(bobHere)).toEqual([['B1'], 1]);
  expect(await list(bobHere, `?user_id=${adaHere.userId}`)).toEqual([['B1'], 1]);
  // Sessions are many, the person is one.
  expect(await list(await signedIn(server, ada))).toEqual([['A3', 'A2', 'A1'], 3]);
});

test('deleting an account deletes its tasks, and nobody else’s', async () => {
  const server = await startTasksServer();
  const [adaHere, bobHere] = [await signedUp(server, ada), await signedUp(server, bob)];
  for (const title of ['A1', 'A2']) await added(server, adaHere, { title });
  await added(server, bobHere, { title: 'B1' });

  const wrong = await server.call('DELETE', '/auth/account', { ...asBrowser(adaHere), body: { password: 'not the password' } });
  expect(wrong.status).toBe(401);
  expect(server.rows('select count(*) as n from tasks where user_id = ?', adaHere.userId)).toEqual([{ n: 2 }]);

  expect((await deleteAccount(server, adaHere)).status).toBe(200);
  expect(server.rows('select title, user_id from tasks')).toEqual([{ title: 'B1', user_id: bobHere.userId }]);
  expect((await server.call('GET', '/tasks', asBrowser(adaHere))).status).toBe(401);
  expect((await addTask(server, adaHere)).status).toBe(401);

  const next = await signedUp(server, ada);
  expect((await server.call('GET', '/tasks', asBrowser(next))).body.tasks).toEqual([]);
  expect((await addTask(server, next)).status).toBe(201);
});

test('tasks that are sent while the account is being deleted leave no row behind', async () => {
  const server = await startTasksServer();
  const person = await signedUp(server, ada);
  let isDeleted = false;
  const statuses = new Set<number>();
  const sender = async () => {
    while (!isDeleted) statuses.add((await addTask(server, person)).status);
  };
  const senders = Promise.all([sender(), sender(), sender(), sender()]);
  const deleted = await deleteAccount(server, person);
  isDeleted = true;
  await senders;
  expect(deleted.status).toBe(200);
  expect(statuses).toContain(201);
  for (const status of statuses) expect([201, 401, 409]).toContain(status);
  expect(server.rows('select * from tasks')).toEqual([]);
});

test('an account that is being deleted takes no new task for a minute, and others do', async () => {
  const database = openTasksDatabase(join(await temporaryFolder(), 'tasks.db'));
  const store = createTaskStore(database);
  const content = { title: 'x', description: '', status: 'todo', due_date: null } as const;
  vi.useFakeTimers({ now: Date.UTC(2030, 0, 15) });
  try {
    store.create(ada, content);
    store.removeAll(ada);
    store.removeAll(ada);
    expect(store.create(ada, content)).toBeUndefined();
    expect(store.create(bob, content)).toMatchObject({ user_id: bob });
    vi.advanceTimersByTime(60_000);
    // It was not deleted after all.
    expect(store.create(ada, content)).toMatchObject({ user_id: ada });
    store.removeAll(bob);
    expect(database.prepare('select user_id from closing_accounts').all()).toEqual([{ user_id: bob }]);
  } finally {
    vi.useRealTimers();
    database.close();
  }
});

test('an account whose tasks cannot be deleted is kept', async () => {
  const server = await startTasksServer();
  const person = await signedUp(server, ada);
  await added(server, person);
  server.rows("create trigger stuck before delete on tasks begin select raise(abort, 'stuck'); end");
  expect((await deleteAccount(server, person)).status).toBe(500);
  expect((await server.call('GET', '/auth/me', asBrowser(person))).status).toBe(200);
  server.rows('drop trigger stuck');
  expect((await deleteAccount(server, person)).status).toBe(200);
  expect(server.rows('select * from tasks')).toEqual([]);
});
