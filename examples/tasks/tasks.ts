import type { Tegata } from '@tegata/server';
import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { requestId } from 'hono/request-id';
import { answerError, refusal } from './refusal.ts';
import { listQuery, newTask, taskChange, taskPath, valid, validBody } from './task-input.ts';
import type { Task, TaskStore } from './tasks-store.ts';

// The API under /tasks. Whose tasks, only Tegata's guard says; never the request itself.

type Env = { Variables: { userId: string; requestId: string } };

const present = (task: Task) => ({
  ...task,
  created_at: new Date(task.created_at).toISOString(),
  updated_at: new Date(task.updated_at).toISOString(),
});

/** Another user's task is not found either: whether there is one is nobody else's business. */
const notFound = () => refusal(404, 'not_found', 'Task not found');

const notAllowed = (allow: string) => () => {
  throw refusal(405, 'bad_request', 'Method not allowed', { headers: { Allow: allow } });
};

export const createTaskRoutes = ({ requireUser }: Tegata['guards'], tasks: TaskStore): Hono<Env> => {
  const app = new Hono<Env>();

  app.use(requestId(), async (c, next) => {
    await next();
    c.res.headers.set('X-Request-Id', c.get('requestId'));
    c.res.headers.set('X-Content-Type-Options', 'nosniff');
    c.res.headers.set('Cache-Control', 'no-store');
  });

  // Ahead of every route, so that none is left open. It asks for the CSRF token too where a cookie is the credential.
  app.use(async (c, next) => {
    const login = await requireUser(c.req.raw);
    if (!login.ok) return login.response;
    c.set('userId', login.user.id);
    return next();
  });

  app.use(
    bodyLimit({
      maxSize: 64 * 1024,
      onError: () => {
        throw refusal(413, 'bad_request', 'Request body is too large');
      },
    }),
  );

  app.post('/', async (c) => {
    const task = tasks.create(c.get('userId'), await validBody(c, newTask));
    if (!task) throw refusal(409, 'conflict', 'This account is being deleted');
    return c.json(present(task), 201, { Location: `/tasks/${task.id}` });
  });

  app.get('/', (c) => {
    const { status, page, page_size } = valid(listQuery, c.req.query());
    const { tasks: found, total } = tasks.list(c.get('userId'), { status, page, pageSize: page_size });
    const pagination = { page, page_size, total_items: total, total_pages: Math.ceil(total / page_size) };
    return c.json({ tasks: found.map(present), pagination });
  });

  app.get('/:id', (c) => {
    const { id } = valid(taskPath, c.req.param());
    const task = tasks.find(c.get('userId'), id);
    if (!task) throw notFound();
    return c.json(present(task));
  });

  app.patch('/:id', async (c) => {
    const { id } = valid(taskPath, c.req.param());
    const task = tasks.update(c.get('userId'), id, await validBody(c, taskChange));
    if (!task) throw notFound();
    return c.json(present(task));
  });

  app.delete('/:id', (c) => {
    const { id } = valid(taskPath, c.req.param());
    if (!tasks.remove(c.get('userId'), id)) throw notFound();
    return c.body(null, 204);
  });

  app.all('/', notAllowed('GET, HEAD, POST'));
  app.all('/:id', notAllowed('GET, HEAD, PATCH, DELETE'));
  app.onError(answerError);
  return app;
};
