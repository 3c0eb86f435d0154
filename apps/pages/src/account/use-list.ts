import type { Failure, Result } from '@tegata/client';
import { useCallback, useEffect, useState } from 'react';
import { isTrouble, type Trouble } from '../form/use-form.ts';

/** A list that is fetched when its section opens, and again after each change. While it is fetched again the old one stays. */
export const useList = <Item>(fetchList: () => Promise<Result<readonly Item[], Failure<string>>>) => {
  const [items, setItems] = useState<readonly Item[]>();
  const [trouble, setTrouble] = useState<Trouble>();

  // biome-ignore lint/correctness/useExhaustiveDependencies: what is fetched stays the same for the life of the section.
  const reload = useCallback(async () => {
    setTrouble(undefined);
    const result = await fetchList();
    if (result.ok) setItems(result.value);
    else if (isTrouble(result.failure))
      setTrouble({ failure: result.failure, retryAt: result.failure.code === 'rate_limited' ? undefined : Date.now() + 5_000 });
  }, []);

  useEffect(() => void reload(), [reload]);

  const retryAt = trouble?.retryAt;
  useEffect(() => {
    if (retryAt === undefined) return undefined;
    const timer = setTimeout(() => void reload(), Math.max(0, retryAt - Date.now()));
    return () => clearTimeout(timer);
  }, [retryAt, reload]);

  return { items, trouble, reload };
};

/** Buttons of a list: one request at a time, and what came of it in words. */
export const useAction = () => {
  const [busy, setBusy] = useState<string>();
  const [said, setSaid] = useState<{ text: string; problem: boolean }>();
  const run = async (key: string, action: () => Promise<{ text: string; problem: boolean } | undefined>) => {
    if (busy !== undefined) return;
    setBusy(key);
    setSaid(undefined);
    setSaid(await action());
    setBusy(undefined);
  };
  return { busy, said, run };
};
