import { readFile } from 'node:fs/promises';

/** The shell blocks between the walk's marks, as a reader would paste them. */
export const walkOf = async (file: string): Promise<string> => {
  const text = await readFile(new URL(`../${file}`, import.meta.url), 'utf8');
  const walk = /<!-- walk:start -->(.*)<!-- walk:end -->/s.exec(text)?.[1] ?? '';
  return [...walk.matchAll(/```sh\n(.*?)```/gs)].map(([, block]) => block).join('\n');
};
