import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { parsePage, root, snippets } from './page.ts';

// Every snippet of every page is held against something. Those in TypeScript are compiled in typescript.test.ts, walks
// are walked in walks.test.ts, and what commands, calls and settings are named exists: commands, calls, settings.

const written = (language: string) =>
  snippets.filter((snippet) => snippet.language === language).map((each) => [each.at, each] as const);

/** Drawings and what a program prints; nothing could check them. */
const shownOnly = ['text'];
const checked = ['sh', 'ts', 'tsx', 'json', 'yaml', 'ini', 'html', 'mermaid'];

test('a page is read as its readers see it', () => {
  const page = parsePage(
    'docs/one.md',
    [
      '# One `two`',
      '[a](b.md#c) `x [d](e)`',
      '<!-- with: declare const a: string; -->',
      '```ts',
      'a;',
      '```',
      '1. x',
      '   ```',
      '   [f](g)',
      '   ```',
    ].join('\n'),
  );
  expect(page).toMatchObject({
    headings: [{ depth: 1, title: 'One `two`', anchor: 'one-two' }],
    links: [{ at: 'docs/one.md:2', target: 'b.md#c' }],
    words: [{ text: 'two' }, { text: 'x [d](e)' }],
    snippets: [
      { at: 'docs/one.md:4', language: 'ts', text: 'a;\n', hidden: 'declare const a: string;' },
      { at: 'docs/one.md:8', language: '', text: '[f](g)\n', hidden: '' },
    ],
  });
});

test('every snippet says what it is written in, and it is something that is checked', () => {
  expect(snippets.length).toBeGreaterThan(50);
  const unknown = snippets.filter(({ language }) => ![...shownOnly, ...checked].includes(language));
  expect(unknown.map(({ at, language }) => `${at} ${language || '(none: say text, if it is no code)'}`)).toEqual([]);
});

test('no fence is left open', () => {
  const texts = snippets.filter(({ text }) => /^ *```/m.test(text));
  expect(texts.map(({ at }) => at)).toEqual([]);
});

test.each(written('json'))('%s is JSON', (_, { text }) => {
  const documents = text.includes('\n{') ? text.trim().split('\n') : [text];
  for (const document of documents) JSON.parse(document);
});

test.each(written('sh'))('%s is what a shell reads', (_, { text }) => {
  // Placeholders such as <id> would be redirections.
  execFileSync('bash', ['-n', '-c', text.replaceAll(/<([\w|-]+)>/g, '$1')], { stdio: 'pipe' });
});

test('YAML is read by a parser, and settings of systemd have sections', () => {
  for (const [at, { text }] of written('yaml')) expect(() => parse(text), at).not.toThrow();
  for (const [at, { text }] of written('ini')) {
    for (const line of text.split('\n')) expect(line, at).toMatch(/^($|[#;]|\[[\w-]+\]$|[\w-]+ ?=)/);
  }
});

test.each(written('html'))('%s closes what it opens', (_, { text }) => {
  const open: string[] = [];
  for (const [, end, name] of text.matchAll(/<(\/?)([a-z][\w-]*)[^>]*?>/g)) {
    if (end) expect(open.pop()).toBe(name);
    else if (!['img', 'input', 'br', 'meta', 'link'].includes(name!)) open.push(name!);
  }
  expect(open).toEqual([]);
});

test('a drawing is one of the kinds that are read here', () => {
  for (const [at, { text }] of written('mermaid')) expect(text, at).toMatch(/^(sequenceDiagram|flowchart (LR|TD))\n/);
});

const sequences = written('mermaid').filter(([, { text }]) => text.startsWith('sequenceDiagram'));
test.each(sequences)('%s is a sequence of messages between those who take part', (_, { text }) => {
  const lines = text.trim().split('\n').slice(1);
  const taking = new Set([...text.matchAll(/^ *participant (\w+)/gm)].map(([, name]) => name));
  for (const line of lines.map((each) => each.trim())) {
    if (/^(participant \w+( as .+)?|alt .+|else .+|opt .+|loop .+|end)$/.test(line)) continue;
    const [, from, to] = /^(\w+)-{1,2}>>(\w+): .+$/.exec(line) ?? [];
    expect(taking, line).toContain(from);
    expect(taking, line).toContain(to);
  }
});

const flowcharts = written('mermaid').filter(([, { text }]) => text.startsWith('flowchart'));
test.each(flowcharts)('%s has arrows between nodes alone', (_, { text }) => {
  const node = String.raw`\w+(\(\[[^\]]*\]\)|\[\([^)]*\)\]|\[[^\]]*\]|\([^)]*\))?`;
  for (const line of text.trim().split('\n').slice(1))
    expect(line.trim()).toMatch(new RegExp(`^${node}( <?-->(\\|[^|]+\\|)? ${node})+$`));
});

test('what a snippet shows of a file stands in that file, in the same order', () => {
  const excerpts = snippets.flatMap((snippet) => {
    const [, name] = /^\/\/ ([\w./-]+\.tsx?)\n/.exec(snippet.text) ?? [];
    const file = name && join(root, dirname(snippet.at), name);
    return file && existsSync(file) ? [{ ...snippet, file }] : [];
  });
  expect(excerpts.length).toBeGreaterThan(1);
  for (const { at, text, file } of excerpts) {
    let rest = readFileSync(file, 'utf8');
    for (const line of text.trim().split('\n').slice(1)) {
      const found = rest.indexOf(line.trim());
      expect(found, `${at}: ${line}`).not.toBe(-1);
      rest = rest.slice(found + line.trim().length);
    }
  }
});
