import { readFile } from 'node:fs/promises';

/** What a reader is told to type, one block after the other. */
export type Walk = {
  /** For which contracts it is; empty for a server as it starts by itself. */
  contracts: string;
  script: string;
};

/** The shell blocks between each pair of marks, as a reader would paste them. */
export const walksOf = async (file: string): Promise<Walk[]> => {
  const text = await readFile(new URL(`../${file}`, import.meta.url), 'utf8');
  return [...text.matchAll(/<!-- walk:start ?(\S*) -->(.*?)<!-- walk:end -->/gs)].map(([, contracts = '', walk = '']) => ({
    contracts,
    script: [...walk.matchAll(/```sh\n(.*?)```/gs)].map(([, block]) => block).join('\n'),
  }));
};

/** The only one of a page. */
export const walkOf = async (file: string): Promise<string> => {
  const [walk, ...others] = await walksOf(file);
  if (!walk || others.length > 0) throw new Error(`${file} does not have one walk`);
  return walk.script;
};
