import { execFileSync } from 'node:child_process';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { tegataFile } from '../server-process.ts';
import { pages, root, snippets } from './page.ts';
import { commandsIn } from './shell.ts';

// Every command that a page names exists, with the options that it is given there: those of `tegata` by its own help,
// those of npm by package.json, those of a test runner by its projects and files.

/** Shown as a snippet to be saved under that name; walks.test.ts does so and runs it. */
const writtenByReaders = ['hello.ts'];

type Line = { path: string[]; options: string[] };

/** What `tegata --help` says can be called. */
const help: Line[] = execFileSync(process.execPath, [tegataFile, '--help'], { encoding: 'utf8' })
  .split('\n')
  .flatMap((line) => {
    const [, call = ''] = /^ {2}tegata (.+)$/.exec(line) ?? [];
    const [, path = ''] = /^((?:[a-z][a-z-]*(?: |$)(?! ))*(?:[a-z][a-z-]*)?)/.exec(call) ?? [];
    return call === '' ? [] : [{ path: path.trim().split(' '), options: call.match(/--[a-z][a-z-]*/g) ?? [] }];
  });

const scripts: Record<string, string> = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).scripts;
const ofNpm = ['ci', 'install', 'pack', 'publish', 'sbom', 'audit', 'start', 'test'];
const projects = [...readFileSync(join(root, 'vitest.config.ts'), 'utf8').matchAll(/name: '(\w+)'/g)].map(([, name]) => name!);

const unknownToTegata = (words: readonly string[]): string[] => {
  if (words.length === 0 || words[0] === '--help' || words[0] === '<command>') return [];
  const isCalled = ({ path }: Line) => path.every((word, index) => words[index] === word);
  // `tegata users` alone speaks of all its commands.
  const speaksOf = ({ path }: Line) => words.every((word, index) => path[index] === word);
  const lines = help.filter(isCalled);
  if (lines.length === 0) return help.some(speaksOf) ? [] : ['no such command'];
  const most = Math.max(...lines.map(({ path }) => path.length));
  const options = lines.filter(({ path }) => path.length === most).flatMap((line) => line.options);
  const given = words.filter((word) => word.startsWith('--')).map((word) => word.split('=')[0]!);
  return given.filter((option) => ![...options, '--help'].includes(option)).map((option) => `no option ${option}`);
};

const unknownToVitest = (words: readonly string[]): string[] => {
  const project = words[words.indexOf('--project') + 1]!;
  const files = words.slice(1).filter((word) => word.includes('/'));
  return [
    ...(words.includes('--project') && !projects.includes(project) ? [`no project ${project}`] : []),
    ...files.filter((file) => !existsSync(join(root, file))).map((file) => `no file ${file}`),
  ];
};

/** Words that name a test, as vitest takes them: a part of a file's path. */
const unknownTests = (folder: string, words: readonly string[]): string[] =>
  words
    .filter((word) => !word.startsWith('-') && globSync(`test/${folder}/*${word}*`, { cwd: root }).length === 0)
    .map((word) => `no test ${word}`);

/** What is wrong with a command; nothing when it can be given as it stands. */
const troubleWith = (words: readonly string[]): string[] => {
  const [program, first = '', ...rest] = words;
  if (program === 'tegata') return unknownToTegata(words.slice(1));
  if (program === 'npx') {
    if (first === 'tegata') return unknownToTegata(rest);
    if (first === 'vitest') return unknownToVitest(rest);
    if (first === 'tsc' || first === 'biome') return [];
    if (first === 'node') return troubleWith([first, ...rest]);
    return [`nothing is known of npx ${first}`];
  }
  if (program === 'npm') {
    if (first !== 'run') return ofNpm.includes(first) ? [] : [`nothing is known of npm ${first}`];
    const script = rest.find((word) => !word.startsWith('-')) ?? '';
    const given = rest.includes('--') ? rest.slice(rest.indexOf('--') + 1) : [];
    if (!Object.hasOwn(scripts, script)) return [`no script ${script}`];
    if (script === 'tegata') return unknownToTegata(given);
    const [, folder] = /^test:(faults|attack|browser)$/.exec(script) ?? [];
    return folder ? unknownTests(folder, given) : [];
  }
  if (program === 'node') {
    if (writtenByReaders.includes(first)) return [];
    const file = words.slice(1).find((word) => /\.[cm]?[jt]s$/.test(word));
    return file && !file.includes('<') && !existsSync(join(root, file)) ? [`no file ${file}`] : [];
  }
  return [];
};

const programs = ['tegata', 'npx', 'npm', 'node'];

/** Those of shell snippets, and those that a sentence names. */
const shown = [
  ...snippets.filter(({ language }) => language === 'sh').map(({ at, text }) => ({ at, text })),
  ...pages
    .filter(({ path }) => path !== 'CHANGELOG.md')
    .flatMap(({ words }) => words)
    .filter(({ text }) => programs.includes(text.replace(/^([A-Z_]+=\S+ )*/, '').split(' ')[0]!)),
].flatMap(({ at, text }) =>
  // A placeholder such as <id|email> is one word, and no pipe.
  commandsIn(text.replaceAll(/<([^<>\n]+)>/g, (all) => `'${all}'`)).map(({ words }) => ({ at, words })),
);

test('the help is read whole', () => {
  expect(help).toContainEqual({ path: ['users', 'import'], options: ['--dry-run', '--report'] });
  expect(help).toContainEqual({ path: ['serve'], options: [] });
  expect(help.length).toBeGreaterThan(25);
});

test('what is wrong would be seen', () => {
  expect(troubleWith(['tegata', 'users', 'remove', 'ada'])).toEqual(['no such command']);
  expect(troubleWith(['npx', 'tegata', 'audit', '--sins', '1h'])).toEqual(['no option --sins']);
  expect(troubleWith(['npm', 'run', 'tegata', '--', 'keys', 'turn'])).toEqual(['no such command']);
  expect(troubleWith(['npm', 'run', 'text'])).toEqual(['no script text']);
  expect(troubleWith(['npx', 'vitest', 'run', '--project', 'units', 'test/none.test.ts'])).toEqual([
    'no project units',
    'no file test/none.test.ts',
  ]);
  expect(troubleWith(['npm', 'run', 'test:faults', '--', 'crush'])).toEqual(['no test crush']);
});

test('every command that a page names exists, with its options', () => {
  const named = shown.filter(({ words }) => programs.includes(words[0]!));
  expect(named.length).toBeGreaterThan(60);
  const trouble = named.flatMap(({ at, words }) => troubleWith(words).map((what) => `${at} ${words.join(' ')}: ${what}`));
  expect(trouble).toEqual([]);
});
