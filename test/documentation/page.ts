import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

// What a reader finds in a Markdown file, as far as it can be held against the product: snippets, links, headings, and
// words set as code. GitHub's rules, as much of them as these pages use.

export const root = join(import.meta.dirname, '../..');

export type Snippet = {
  /** `docs/client.md:47`, so that a failure leads there. */
  at: string;
  /** The word behind the fence; empty where there is none. */
  language: string;
  text: string;
  /** Code that a comment above the fence adds, unseen by readers: `<!-- with: declare const email: string; -->`. */
  hidden: string;
  /** `<!-- continues -->`: it goes on where the snippet before it on the same page ended. */
  continues: boolean;
};

export type Page = {
  /** From the root of the repository. */
  path: string;
  text: string;
  snippets: Snippet[];
  headings: { depth: number; title: string; anchor: string }[];
  links: { at: string; target: string }[];
  /** What stands between single backticks. */
  words: { at: string; text: string }[];
};

const fence = /^(?<indent> *)```(?<language>\S*)\n(?<text>.*?)^\k<indent>```$/gms;
const hiddenComment = /<!-- (?:with: (?<code>.*?)|(?<continues>continues)) -->\s*$/s;

export const parsePage = (path: string, text: string): Page => {
  const lineOf = (index: number) => `${path}:${text.slice(0, index).split('\n').length}`;
  const snippets = [...text.matchAll(fence)].map((match): Snippet => {
    const { indent = '', language = '', text: shown = '' } = match.groups!;
    const above = text.slice(0, match.index);
    const comment = hiddenComment.exec(above.slice(above.lastIndexOf('<!--')))?.groups;
    return {
      at: lineOf(match.index),
      language,
      text: shown.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
      hidden: comment?.code ?? '',
      continues: comment?.continues !== undefined,
    };
  });
  // Blanked and not cut out, so that lines keep their numbers.
  const blank = (part: string) => part.replaceAll(/[^\n]/g, ' ');
  const prose = text.replaceAll(fence, blank).replaceAll(/<!--.*?-->/gs, blank);
  const plain = prose.replaceAll(/`[^`\n]+`/g, blank);
  const targets = [...plain.matchAll(/\]\(<?([^)\s>]+)>?\)/g), ...plain.matchAll(/\b(?:src|href)="([^"]+)"/g)];
  return {
    path,
    text,
    snippets,
    headings: headingsOf(prose),
    links: targets.map((match) => ({ at: lineOf(match.index), target: match[1]! })),
    words: [...prose.matchAll(/`([^`\n]+)`/g)].map((match) => ({ at: lineOf(match.index), text: match[1]! })),
  };
};

const headingsOf = (prose: string): Page['headings'] => {
  const taken = new Map<string, number>();
  return [...prose.matchAll(/^(#{1,6}) +(.+)$/gm)].map(([, marks, title]) => {
    const written = title!.trim().replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1');
    const slug = written
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\p{M}\s_-]/gu, '')
      .replaceAll(' ', '-');
    const before = taken.get(slug) ?? 0;
    taken.set(slug, before + 1);
    return { depth: marks!.length, title: written, anchor: before === 0 ? slug : `${slug}-${before}` };
  });
};

/** Every page of the repository, read once. */
export const pages: readonly Page[] = globSync('{*.md,{docs,packages,examples,apps,bench,deploy,test,scripts}/**/*.md}', {
  cwd: root,
  exclude: (path) => /(^|\/)(node_modules|dist|results)$/.test(path),
})
  .filter((path) => !path.split('/').some((part) => part.startsWith('zz-')))
  .toSorted()
  .map((path) => parsePage(path, readFileSync(join(root, path), 'utf8')));

export const pageAt = (path: string): Page | undefined => pages.find((page) => page.path === path);

export const snippets = pages.flatMap((page) => page.snippets);
