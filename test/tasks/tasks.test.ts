import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { type RawAnswer, rawRequest, sendRaw } from '../raw-http.ts';
import { added, addTask, asBrowser, type Person, signedUp, startTasksServer, type TasksServer } from './people.ts';

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const iso = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const ada = 'ada@example.com';

const invalid = (...errors: { field: string; message: string }[]) => ({
  error: 'validation failed',
  error_type: 'validation_errors',
  errors,
});

const adaAt = async (): Promise<{ server: TasksServer; person: Person }> => {
  const server = await startTasksServer();
  return { server, person: await signedUp(server, ada) };
};

test('S0.57 S0.59 a new task belongs to its caller and has the defaults of the contract', async () => {
  const { server, person } = await adaAt();
  const answer = await addTask(server, person, { title: 'Water the plants' });
  expect(answer.status).toBe(201);
  expect(answer.body).toEqual({
    id: expect.stringMatching(uuid),
    title: 'Water the plants',
    description: '',
    status: 'todo',
    due_date: null,
    user_id: person.userId,
    created_at: expect.stringMatching(iso),
    updated_at: answer.body.created_at,
  });
  expect(Object.keys(answer.body)).toEqual([
    'id',
    'title',
    'description',
    'status',
    'due_date',
    'user_id',
    'created_at',
    'updated_at',
  ]);
  expect(answer.headers.get('location')).toBe(`/tasks/${answer.body.id}`);
  expect(answer.headers.get('cache-control')).toBe('no-store');
  expect(answer.headers.get('x-request-id')).toBeTruthy();
  const read = await server.call('GET', answer.headers.get('location') as string, asBrowser(person));
  expect(read).toMatchObject({ status: 200, body: answer.body });
});

test('S0.59 a user_id, an id and times in the body count for nothing', async () => {
  const { server, person } = await adaAt();
  const bob = await signedUp(server, 'bob@example.com');
  const planted = {
    title: 'Mine',
    user_id: bob.userId,
    id: '01890000-0000-7000-8000-000000000000',
    created_at: '2001-01-01T00:00:00Z',
  };
  const created = await addTask(server, person, planted);
  expect(created).toMatchObject({ status: 201, body: { user_id: person.userId } });
  expect(created.body.id).not.toBe(planted.id);
  expect(created.body.created_at).not.toContain('2001');
  const changed = await server.call('PATCH', `/tasks/${created.body.id}`, { ...asBrowser(person), body: planted });
  expect(changed).toMatchObject({ status: 200, body: { id: created.body.id, user_id: person.userId } });
});

test('what a task may be, it gives back as it was sent', async () => {
  const { server, person } = await adaAt();
  const tasks = [
    { title: 'é'.repeat(100) },
    // Characters outside of the basic plane are counted once.
    { title: '🪴'.repeat(100), description: '🪴'.repeat(1000) },
    { title: 'x', description: 'd'.repeat(1000) },
    { title: 'x', due_date: '2028-02-29' },
    { title: 'x', due_date: '2030-01-15T09:30:00Z' },
    { title: 'x', due_date: '2030-01-15T09:30:00.250+09:00' },
    { title: 'x', due_date: null },
    ...['todo', 'in_progress', 'completed', 'cancelled'].map((status) => ({ title: 'x', status })),
  ];
  for (const task of tasks) expect(await addTask(server, person, task)).toMatchObject({ status: 201, body: task });
});

const titleError = { field: 'title', message: 'title must be 1 to 100 characters' };
const descriptionError = { field: 'description', message: 'description must be at most 1000 characters' };
const statusError = { field: 'status', message: 'status must be one of todo, in_progress, completed, cancelled' };
const dueDateError = {
  field: 'due_date',
  message: 'due_date must be an ISO 8601 date, a date and time with its offset, or null',
};

test('what a task may not be is a validation error of each field, on creation and on change', async () => {
  const { server, person } = await adaAt();
  const id = await added(server, person, { title: 'Stays', description: 'as it is' });
  const wrong: [Record<string, unknown>, { field: string; message: string }[]][] = [
    [{ title: '' }, [titleError]],
    [{ title: ' \t\n\u3000' }, [titleError]],
    [{ title: 'x'.repeat(101) }, [titleError]],
    [{ title: 7 }, [titleError]],
    [{ title: null }, [titleError]],
    [{ title: '\ud800' }, [titleError]],
    [{ title: 'x', description: 'd'.repeat(1001) }, [descriptionError]],
    [{ title: 'x', description: null }, [descriptionError]],
    [{ title: 'x', status: 'done' }, [statusError]],
    [{ title: 'x', status: 'TODO' }, [statusError]],
    [{ title: 'x', due_date: 'tomorrow' }, [dueDateError]],
    [{ title: 'x', due_date: '2027-02-29' }, [dueDateError]],
    [{ title: 'x', due_date: '2030-01-15T09:30:00' }, [dueDateError]],
    [{ title: 'x', due_date: 1893456000 }, [dueDateError]],
    [{ title: '', status: '', due_date: '' }, [titleError, statusError, dueDateError]],
  ];
  for (const [body, errors] of wrong) {
    expect(await addTask(server, person, body)).toMatchObject({ status: 400, body: invalid(...errors) });
    const changed = await server.call('PATCH', `/tasks/${id}`, { ...asBrowser(person), body });
    expect(changed).toMatchObject({ status: 400, body: invalid(...errors) });
  }
  expect(await addTask(server, person, {})).toMatchObject({ status: 400, body: invalid(titleError) });
  expect(server.rows('select title, description from tasks')).toEqual([{ title: 'Stays', description: 'as it is' }]);
});

test('a change touches what it names and nothing else, null takes the due date away, nothing named changes nothing', async () => {
  const { server, person } = await adaAt();
  const task = { title: 'Old', description: 'why', status: 'in_progress', due_date: '2030-01-15' };
  const id = await added(server, person, task);
  const change = async (body: unknown) => (await server.call('PATCH', `/tasks/${id}`, { ...asBrowser(person), body })).body;
  expect(await change({ title: 'New' })).toMatchObject({ ...task, title: 'New' });
  expect(await change({ status: 'completed', description: '' })).toMatchObject({
    title: 'New',
    description: '',
    status: 'completed',
    due_date: '2030-01-15',
  });
  expect(await change({ due_date: null })).toMatchObject({ title: 'New', due_date: null });
  const last = await change({});
  expect(last).toMatchObject({ title: 'New', description: '', status: 'completed', due_date: null, user_id: person.userId });
  expect(last.updated_at >= last.created_at).toBe(true);
});

test('a deleted task is gone', async () => {
  const { server, person } = await adaAt();
  const id = await added(server, person);
  const deleted = await server.call('DELETE', `/tasks/${id}`, asBrowser(person));
  expect(deleted).toMatchObject({ status: 204, body: '' });
  for (const method of ['GET', 'DELETE']) {
    const answer = await server.call(method, `/tasks/${id}`, asBrowser(person));
    expect(answer).toMatchObject({ status: 404, body: { error: 'Task not found', error_type: 'not_found' } });
  }
});

test('the list is newest first, in pages, with totals, and of one status where asked', async () => {
  const { server, person } = await adaAt();
  for (let number = 1; number <= 25; number += 1) {
    await added(server, person, { title: `Task ${number}`, status: number % 5 === 0 ? 'completed' : 'todo' });
  }
  const list = async (query: string) => {
    const { body } = await server.call('GET', `/tasks${query}`, asBrowser(person));
    return { titles: body.tasks.map(({ title }: { title: string }) => title), pagination: body.pagination };
  };
  const titles = (from: number, to: number) => Array.from({ length: from - to + 1 }, (_, index) => `Task ${from - index}`);
  expect(await list('')).toEqual({
    titles: titles(25, 6),
    pagination: { page: 1, page_size: 20, total_items: 25, total_pages: 2 },
  });
  expect((await list('?page=2')).titles).toEqual(titles(5, 1));
  expect(await list('?page=3')).toEqual({
    titles: [],
    pagination: { page: 3, page_size: 20, total_items: 25, total_pages: 2 },
  });
  expect((await list('?page=2&page_size=10')).titles).toEqual(titles(15, 6));
  expect((await list('?page_size=1')).titles).toEqual(['Task 25']);
  expect((await list('?page_size=100')).titles).toHaveLength(25);
  expect(await list('?status=completed&page_size=2')).toEqual({
    titles: ['Task 25', 'Task 20'],
    pagination: { page: 1, page_size: 2, total_items: 5, total_pages: 3 },
  });
  expect(await list('?status=cancelled')).toEqual({
    titles: [],
    pagination: { page: 1, page_size: 20, total_items: 0, total_pages: 0 },
  });
});

test('pages have bounds: outside of them is a validation error, never a crash', async () => {
  const { server, person } = await adaAt();
  await added(server, person);
  const list = (query: string) => server.call('GET', `/tasks?${query}`, asBrowser(person));
  const pageError = { field: 'page', message: 'page must be a whole number from 1 to 1000000' };
  const sizeError = { field: 'page_size', message: 'page_size must be a whole number from 1 to 100' };
  for (const value of ['0', '-1', '1.5', '1e3', '0x10', 'NaN', 'x', '', '%00', '9'.repeat(400), '18446744073709551616']) {
    expect(await list(`page=${value}`)).toMatchObject({ status: 400, body: invalid(pageError) });
    expect(await list(`page_size=${value}`)).toMatchObject({ status: 400, body: invalid(sizeError) });
  }
  expect(await list('page_size=101&page=1000001&status=done')).toMatchObject({
    status: 400,
    body: invalid(statusError, pageError, sizeError),
  });
  expect(await list('page=1000000&page_size=100')).toMatchObject({ status: 200, body: { tasks: [] } });
  expect((await list('')).status).toBe(200);
});

test('whatever page and page size are asked for, the answer is a page or a validation error', async () => {
  const { server, person } = await adaAt();
  const value = fc.oneof(
    fc.integer().map(String),
    fc.double().map(String),
    fc.bigInt().map(String),
    fc.string({ unit: 'binary' }),
  );
  await fc.assert(
    fc.asyncProperty(value, value, async (page, size) => {
      const query = new URLSearchParams({ page, page_size: size });
      const { status } = await server.call('GET', `/tasks?${query}`, asBrowser(person));
      expect([200, 400]).toContain(status);
    }),
    { numRuns: 40 },
  );
});

test('whatever JSON comes as a task, it is kept as it was sent or refused', async () => {
  const { server, person } = await adaAt();
  const body = fc.oneof(
    fc.record({ title: fc.string({ unit: 'binary', maxLength: 120 }), description: fc.string({ unit: 'binary' }) }),
    fc.record({ title: fc.jsonValue(), status: fc.jsonValue(), due_date: fc.jsonValue() }, { requiredKeys: [] }),
    fc.jsonValue(),
  );
  await fc.assert(
    fc.asyncProperty(body, async (task) => {
      const answer = await addTask(server, person, JSON.stringify(task));
      expect([201, 400]).toContain(answer.status);
      const sent = task as { title: string; description?: string };
      if (answer.status === 201) {
        expect(answer.body).toMatchObject({ title: sent.title.trim(), description: sent.description ?? '' });
      }
    }),
    { numRuns: 60 },
  );
});

test('a malformed id is 400, a well-formed one that nobody has is 404', async () => {
  const { server, person } = await adaAt();
  const id = await added(server, person);
  for (const method of ['GET', 'PATCH', 'DELETE']) {
    const ask = (segment: string) =>
      server.call(method, `/tasks/${segment}`, { ...asBrowser(person), ...(method === 'PATCH' ? { body: {} } : {}) });
    for (const segment of ['1', 'x'.repeat(3000), `${id}0`, id.replaceAll('-', ''), '%00', '%27%20or%201=1--', '%E0%A4%A']) {
      expect(await ask(segment)).toMatchObject({
        status: 400,
        body: invalid({ field: 'id', message: 'id must be a UUID' }),
      });
    }
    expect((await ask('00000000-0000-0000-0000-000000000000')).status).toBe(404);
    expect((await ask('11111111-1111-1111-1111-111111111111')).status).toBe(404);
  }
  expect((await server.call('GET', `/tasks/${id.toUpperCase()}`, asBrowser(person))).status).toBe(200);
});

test.each(['POST', 'PATCH'])('%s takes JSON objects of up to 64 KiB and nothing else', async (method) => {
  const { server, person } = await adaAt();
  const path = method === 'POST' ? '/tasks' : `/tasks/${await added(server, person)}`;
  const { cookie, headers } = asBrowser(person);
  const send = async (body: string, type?: string) => {
    const answer = await server.call(method, path, {
      cookie,
      body,
      headers: { ...headers, ...(type ? { 'content-type': type } : {}) },
    });
    return { status: answer.status, body: answer.body };
  };
  const wrongType = { status: 415, body: { error: 'Content-Type must be application/json', error_type: 'bad_request' } };
  const wrongBody = { status: 400, body: { error: 'Invalid request body', error_type: 'bad_request' } };
  const tooLarge = { status: 413, body: { error: 'Request body is too large', error_type: 'bad_request' } };
  for (const type of [
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/jsonp',
  ]) {
    expect(await send('{"title":"x"}', type)).toEqual(wrongType);
  }
  for (const body of ['{', '[]', 'null', '"text"', '7', '[{"title":"x"}]', '['.repeat(60_000), '{"title":"x"} {}', ' ']) {
    expect(await send(body)).toEqual(wrongBody);
  }
  expect(await send(JSON.stringify({ title: 'x', description: 'd'.repeat(64 * 1024) }))).toEqual(tooLarge);
  expect((await send('{"title":"x"}', 'Application/JSON; charset=utf-8')).status).toBeLessThan(300);
});

test('a body that never says its length is cut at the same size', async () => {
  const { server, person } = await adaAt();
  const { cookie } = asBrowser(person);
  const chunk = `${(16_384).toString(16)}\r\n${'a'.repeat(16_384)}\r\n`;
  const head = ['Transfer-Encoding: chunked', 'Content-Type: application/json', `Cookie: ${cookie}`];
  const request = rawRequest('POST /tasks', [...head, `X-CSRF-Token: ${person.csrfToken}`], `${chunk.repeat(5)}0\r\n\r\n`);
  const [answer] = (await sendRaw(server, request)) as [RawAnswer];
  expect(answer.status).toBe(413);
  expect(server.rows('select count(*) as n from tasks')).toEqual([{ n: 0 }]);
});

test('other methods are 405 with those that there are, and HEAD is a GET without a body', async () => {
  const { server, person } = await adaAt();
  const id = await added(server, person);
  const refused = { status: 405, body: { error: 'Method not allowed', error_type: 'bad_request' } };
  for (const [path, method, allow] of [
    ['/tasks', 'PUT', 'GET, HEAD, POST'],
    ['/tasks', 'DELETE', 'GET, HEAD, POST'],
    [`/tasks/${id}`, 'PUT', 'GET, HEAD, PATCH, DELETE'],
    [`/tasks/${id}`, 'POST', 'GET, HEAD, PATCH, DELETE'],
  ] as const) {
    const answer = await server.call(method, path, asBrowser(person));
    expect(answer).toMatchObject(refused);
    expect(answer.headers.get('allow')).toBe(allow);
  }
  for (const path of ['/tasks', `/tasks/${id}`]) {
    expect(await server.call('HEAD', path, asBrowser(person))).toMatchObject({ status: 200, body: '' });
  }
  const beyond = await server.call('GET', `/tasks/${id}/more`, asBrowser(person));
  expect(beyond).toMatchObject({ status: 404, body: { error_type: 'not_found' } });
});

test('while its file cannot be used, the answer is 503 and says when to come back', async () => {
  const { server, person } = await adaAt();
  const logged = vi.spyOn(console, 'error').mockImplementation(() => {});
  server.rows('drop table tasks');
  const answer = await server.call('GET', '/tasks', asBrowser(person));
  logged.mockRestore();
  expect(answer).toMatchObject({ status: 503, body: { error_type: 'service_unavailable' } });
  expect(answer.headers.get('retry-after')).toBe('5');
});
