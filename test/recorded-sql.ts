import { StatementSync } from 'node:sqlite';
import { Client } from 'pg';
import { vi } from 'vitest';

/** The text of every statement that this process runs on any of its databases during `work`, in order. They run all the same. */
export const recordSql = async (work: () => Promise<unknown>): Promise<string[]> => {
  const recorded: string[] = [];
  const record = (name: 'run' | 'all') => {
    const original = StatementSync.prototype[name] as (...input: unknown[]) => never;
    return vi.spyOn(StatementSync.prototype, name).mockImplementation(function (this: StatementSync, ...input: unknown[]) {
      recorded.push(this.sourceSQL);
      return original.apply(this, input);
    });
  };
  const send = Client.prototype.query as (...input: unknown[]) => never;
  const sent = vi.spyOn(Client.prototype, 'query').mockImplementation(function (this: Client, ...input: unknown[]) {
    recorded.push((input[0] as { text: string }).text);
    return send.apply(this, input);
  });
  const spies = [record('run'), record('all'), sent];
  try {
    await work();
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
  return recorded;
};
