import type { CookieClient, Failure, Result } from '@tegata/client';

// The application's own calls. `auth.fetch` adds the CSRF token, and refreshes when the access token has run out.

export type Status = 'todo' | 'in_progress' | 'completed' | 'cancelled';
export type Task = { id: string; title: string; description: string; status: Status; due_date: string | null };
export type TaskChange = Partial<Omit<Task, 'id'>>;
export type TaskPage = { tasks: Task[]; pagination: { page: number; total_items: number; total_pages: number } };

type Refusal = { error?: string; error_type?: string; errors?: { field: string; message: string }[] };

export const createTasksApi = (auth: CookieClient) => {
  const send = async <Value>(method: string, path: string, body?: TaskChange): Promise<Result<Value, Failure<string>>> => {
    let response: Response;
    let answer: Refusal & Value;
    try {
      const content = body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
      response = await auth.fetch(`/tasks${path}`, { method, ...content });
      answer = response.status === 204 ? {} : await response.json();
    } catch {
      return { ok: false, failure: { code: 'network', message: '', status: 0 } };
    }
    if (response.ok) return { ok: true, value: answer };
    const { status } = response;
    const { error = '', error_type: type = 'unavailable', errors } = answer;
    const code = status === 401 ? 'logged_out' : status >= 500 ? 'unavailable' : type;
    const fields = errors && Object.fromEntries(errors.map(({ field, message }) => [field, message]));
    return { ok: false, failure: { code, message: error, status, fields } };
  };
  return {
    list: ({ page, status }: { page: number; status: Status | '' }) =>
      send<TaskPage>('GET', `?${new URLSearchParams({ page: String(page), ...(status && { status }) })}`),
    add: (task: TaskChange) => send<Task>('POST', '', task),
    change: (id: string, change: TaskChange) => send<Task>('PATCH', `/${id}`, change),
    remove: (id: string) => send<unknown>('DELETE', `/${id}`),
  };
};
