import type { CookieUser } from '@tegata/client';
import { useState } from 'react';
import { EditDialog, LeaveDialog } from './dialogs.tsx';
import { Field, Form, Heading } from './form.tsx';
import type { Status, Task } from './tasks-api.ts';
import { type Tasks, useTasks } from './use-tasks.ts';
import { dayOf, statusNames, wordsFor } from './words.ts';

/** What a signed-in person sees: a line to add, a filter, the list. */
export const TaskList = ({ user, say }: { user: CookieUser; say: (notice: string) => void }) => {
  const tasks = useTasks();
  const [edited, edit] = useState<Task>();
  const [leaving, setLeaving] = useState(false);
  const { query, setQuery, shown, failure } = tasks;

  return (
    <main id="tasks">
      <Heading>Your tasks</Heading>
      <Form
        className="card"
        submit="Add"
        action={async ({ title = '', description = '', due_date }) => {
          say('');
          const result = await tasks.add({ title, description, due_date: due_date || null });
          if (!result.ok) return result.failure;
          setQuery({ page: 1, status: query.status === 'todo' ? 'todo' : '' });
          return undefined;
        }}
      >
        <Field name="title" label="New task" required maxLength={100} autoComplete="off" enterKeyHint="done" />
        <details>
          <summary>Details</summary>
          <Field as="textarea" name="description" label="Description" maxLength={1000} rows={3} />
          <Field name="due_date" label="Due" type="date" />
        </details>
      </Form>

      <div className="bar">
        <label htmlFor="filter">Show</label>
        <select
          id="filter"
          value={query.status}
          onChange={({ target }) => setQuery({ page: 1, status: target.value as Status | '' })}
        >
          <option value="">all tasks</option>
          {Object.entries(statusNames).map(([status, name]) => (
            <option key={status} value={status}>
              {name.toLowerCase()}
            </option>
          ))}
        </select>
      </div>

      {failure && (
        <p className="note" role="alert">
          {wordsFor(failure)}{' '}
          <button type="button" className="link" onClick={() => void tasks.reload()}>
            Try again
          </button>
        </p>
      )}
      {!shown && !failure && <p className="hint">Loading…</p>}
      <ul id="list">
        {shown?.tasks.map((task) => (
          <Row key={task.id} task={task} tasks={tasks} onEdit={() => edit(task)} say={say} />
        ))}
      </ul>
      {shown?.pagination.total_items === 0 && (
        <p id="empty">
          {query.status ? 'Nothing here. Show all tasks to see the others.' : 'Nothing to do yet. Add your first task above.'}
        </p>
      )}
      {shown && shown.pagination.total_pages > 1 && (
        <nav className="bar" aria-label="Pages">
          <button
            type="button"
            className="quiet"
            disabled={query.page <= 1}
            onClick={() => setQuery({ ...query, page: query.page - 1 })}
          >
            Newer
          </button>
          <span>
            Page {query.page} of {shown.pagination.total_pages}, {shown.pagination.total_items} tasks
          </span>
          <button
            type="button"
            className="quiet"
            disabled={query.page >= shown.pagination.total_pages}
            onClick={() => setQuery({ ...query, page: query.page + 1 })}
          >
            Older
          </button>
        </nav>
      )}

      <footer>
        <span>{user.email}</span>
        <button type="button" className="link" onClick={() => setLeaving(true)}>
          Delete account
        </button>
      </footer>
      {edited && <EditDialog task={edited} tasks={tasks} onClose={() => edit(undefined)} />}
      {leaving && <LeaveDialog email={user.email} onClose={() => setLeaving(false)} />}
    </main>
  );
};

type RowProps = { task: Task; tasks: Tasks; onEdit: () => void; say: (notice: string) => void };

const Row = ({ task, tasks, onEdit, say }: RowProps) => {
  const [busy, setBusy] = useState(false);
  const attempt = async (change: ReturnType<Tasks['remove']>, done = '') => {
    setBusy(true);
    const result = await change;
    setBusy(false);
    say(result.ok ? done : wordsFor(result.failure));
  };
  return (
    <li className={`task ${task.status}`}>
      <label className="choice">
        <input
          type="checkbox"
          checked={task.status === 'completed'}
          disabled={busy}
          onChange={({ target }) => void attempt(tasks.change(task.id, { status: target.checked ? 'completed' : 'todo' }))}
        />
        <span className="title">{task.title}</span>
      </label>
      <p className="description">{task.description}</p>
      <p className="facts">
        <span className="status">{statusNames[task.status]}</span>
        <span>{task.due_date ? `Due ${dayOf(task.due_date)}` : ''}</span>
      </p>
      <p className="actions">
        <button type="button" className="quiet" aria-label={`Edit ${task.title}`} onClick={onEdit}>
          Edit
        </button>
        <button
          type="button"
          className="quiet"
          aria-label={`Delete ${task.title}`}
          onClick={() => {
            if (confirm(`Delete “${task.title}”?`)) void attempt(tasks.remove(task.id), `“${task.title}” is deleted.`);
          }}
        >
          Delete
        </button>
      </p>
    </li>
  );
};
