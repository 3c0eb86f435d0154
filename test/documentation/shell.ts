/** One command of a shell text: the settings before it, and its words without their quotes. */
export type Command = { settings: string[]; words: string[] };

/**
 * The commands in a shell text, those in `$(…)` too. As much of a shell's grammar as documentation uses: quotes,
 * comments, continued lines, pipes and lists.
 */
export const commandsIn = (text: string): Command[] => {
  const commands: string[][] = [];
  let words: string[] = [];
  let word: string | undefined;
  const endWord = () => {
    if (word !== undefined) words.push(word);
    word = undefined;
  };
  const endCommand = () => {
    endWord();
    if (words.length > 0) commands.push(words);
    words = [];
  };
  const pattern = /\\\n|\s#[^\n]*|^#[^\n]*|'([^']*)'|"((?:\\.|[^"\\])*)"|\$\(|\\(.)|([\n;|&()])|(\s)|(.)/gms;
  for (const match of text.matchAll(pattern)) {
    const [whole, single, double, escaped, separator, space, other] = match;
    if (single !== undefined || double !== undefined) word = (word ?? '') + (single ?? double!.replaceAll(/\\(["\\])/g, '$1'));
    else if (escaped !== undefined) word = (word ?? '') + escaped;
    else if (whole === '$(' || separator !== undefined || whole.includes('#')) endCommand();
    else if (space !== undefined || whole === '\\\n') endWord();
    else word = (word ?? '') + other;
  }
  endCommand();
  return commands.map((all) => {
    const first = all.findIndex((each) => !/^[A-Za-z_]\w*=/.test(each));
    const settings = first === -1 ? all : all.slice(0, first);
    return { settings, words: first === -1 ? [] : all.slice(first) };
  });
};

/** What a call of curl asks for. */
export type Asked = { method: string; url: string };

/** Options of curl that take a value, as far as the pages use any. */
const withValue = new Set([
  '-H',
  '-d',
  '-b',
  '-c',
  '-X',
  '-o',
  '-w',
  '-u',
  '--data',
  '--header',
  '--request',
  '--cookie',
  '--max-time',
]);

export const askedByCurl = (words: readonly string[]): Asked | undefined => {
  if (words[0] !== 'curl') return undefined;
  let method: string | undefined;
  let url: string | undefined;
  let hasBody = false;
  for (let index = 1; index < words.length; index++) {
    const word = words[index]!;
    if (!word.startsWith('-')) url ??= word;
    if (word === '-X' || word === '--request') method = words[index + 1];
    if (word === '-d' || word === '--data') hasBody = true;
    if (withValue.has(word)) index++;
  }
  return url === undefined ? undefined : { method: method ?? (hasBody ? 'POST' : 'GET'), url };
};
