import type { CookieClient } from '@tegata/client';
import { useAuthClient } from '@tegata/react';
import { Dialog, Field, Form } from './form.tsx';
import type { Task, TaskChange } from './tasks-api.ts';
import type { Tasks } from './use-tasks.ts';
import { statusNames } from './words.ts';

export const EditDialog = ({ task, tasks, onClose }: { task: Task; tasks: Tasks; onClose: () => void }) => {
  const before = { ...task, due_date: task.due_date?.slice(0, 10) ?? '' };
  return (
    <Dialog heading="Edit task" onClose={onClose}>
      <Form
        submit="Save"
        more={<Cancel onClick={onClose}>Cancel</Cancel>}
        action={async (typed) => {
          // Only what was changed: what another window changed meanwhile stays, and so does the time of day of a due date.
          const entries = Object.entries(typed).filter(([name, value]) => value !== before[name as keyof Task]);
          const change: TaskChange = Object.fromEntries(entries);
          if (change.due_date === '') change.due_date = null;
          const result = await tasks.change(task.id, change);
          if (!result.ok) return result.failure;
          onClose();
          return undefined;
        }}
      >
        <Field name="title" label="Title" defaultValue={before.title} required maxLength={100} autoComplete="off" />
        <Field as="textarea" name="description" label="Description" defaultValue={before.description} maxLength={1000} rows={3} />
        <Field as="select" name="status" label="Status" defaultValue={before.status}>
          {Object.entries(statusNames).map(([status, name]) => (
            <option key={status} value={status}>
              {name.toLowerCase()}
            </option>
          ))}
        </Field>
        <Field name="due_date" label="Due" type="date" defaultValue={before.due_date} />
      </Form>
    </Dialog>
  );
};

export const LeaveDialog = ({ email, onClose }: { email: string; onClose: () => void }) => {
  const auth = useAuthClient<CookieClient>();
  return (
    <Dialog heading="Delete your account?" onClose={onClose}>
      <Form
        submit="Delete everything"
        destructive
        words={{ unauthorized: 'That is not your password. Your account is still there.' }}
        more={<Cancel onClick={onClose}>Keep my account</Cancel>}
        action={async ({ password = '' }) => {
          const result = await auth.closeAccount({ password });
          return result.ok ? undefined : result.failure;
        }}
      >
        <p>Your account and all your tasks are deleted at once. Nobody can bring them back.</p>
        {/* For password managers: whose password it is. */}
        <input type="email" autoComplete="username" value={email} readOnly hidden />
        <Field name="password" label="Password" type="password" autoComplete="current-password" required />
      </Form>
    </Dialog>
  );
};

const Cancel = ({ onClick, children }: { onClick: () => void; children: string }) => (
  <button type="button" className="quiet" onClick={onClick}>
    {children}
  </button>
);
