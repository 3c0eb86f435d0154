import type { CookieClient, Failure, Result } from '@tegata/client';
import { useAuthClient } from '@tegata/react';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { createTasksApi, type Status, type TaskChange, type TaskPage } from './tasks-api.ts';

/** One page of the list, which follows what other tabs change. */
export const useTasks = () => {
  const auth = useAuthClient<CookieClient>();
  const api = useMemo(() => createTasksApi(auth), [auth]);
  const [query, setQuery] = useState<{ page: number; status: Status | '' }>({ page: 1, status: '' });
  const [shown, setShown] = useState<TaskPage>();
  const [failure, setFailure] = useState<Failure<string>>();
  const asked = useRef(0);
  const channel = useRef<BroadcastChannel>(undefined);

  const load = useCallback(async () => {
    asked.current += 1;
    const mine = asked.current;
    const result = await api.list(query);
    // A slow answer must not stand in for a newer one.
    if (mine !== asked.current) return;
    setFailure(result.ok ? undefined : result.failure);
    if (!result.ok) return;
    const { tasks, pagination } = result.value;
    // The last task of the last page is gone.
    if (tasks.length === 0 && query.page > 1) setQuery({ ...query, page: Math.max(1, pagination.total_pages) });
    else setShown(result.value);
  }, [api, query]);

  useEffect(() => {
    void load();
    const opened = new BroadcastChannel('tasks');
    opened.onmessage = () => void load();
    channel.current = opened;
    return () => opened.close();
  }, [load]);

  /** After a change: this list and those of the other tabs. What failed may have changed elsewhere, so the list is read anew too. */
  const changed = async <Value>(change: Promise<Result<Value, Failure<string>>>) => {
    const result = await change;
    if (result.ok) channel.current?.postMessage('changed');
    await load();
    return result;
  };

  return {
    query,
    setQuery,
    shown,
    failure,
    reload: load,
    add: (task: TaskChange) => changed(api.add(task)),
    change: (id: string, change: TaskChange) => changed(api.change(id, change)),
    remove: (id: string) => changed(api.remove(id)),
  };
};

export type Tasks = ReturnType<typeof useTasks>;
