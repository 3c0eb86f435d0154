// A hint, never a gate: what is refused, the server says. Counts what a guesser has to go through, and counts runs,
// repetitions and what is known about the person as next to nothing.

export type Strength = 'short' | 'weak' | 'fair' | 'strong';

const minLength = 8;
const wellKnown = /passw[o0]rd|qwert|letmein|welcome|iloveyou|admin|dragon|monkey|abc123|sakura|パスワード/gi;

export const strengthOf = (password: string, known: readonly string[] = []): Strength => {
  const characters = [...password];
  if (characters.length < minLength) return 'short';
  let rest = password.toLowerCase().replace(wellKnown, '·');
  for (const word of known.flatMap((text) => text.toLowerCase().split(/[^\p{L}\p{Nd}]+/u))) {
    if (word.length >= 3) rest = rest.replaceAll(word, '·');
  }
  const bits = effectiveLength([...rest]) * Math.log2(poolOf(password));
  return bits < 45 ? 'weak' : bits < 65 ? 'fair' : 'strong';
};

/** A character that repeats the one before, or follows it in the alphabet, adds little. */
const effectiveLength = (characters: string[]): number =>
  characters.reduce((sum, character, index) => {
    const step = (character.codePointAt(0) ?? 0) - (characters[index - 1]?.codePointAt(0) ?? -9);
    return sum + (Math.abs(step) <= 1 ? 0.3 : 1);
  }, 0);

const poolOf = (password: string): number =>
  (/\p{Ll}/u.test(password) ? 26 : 0) +
    (/\p{Lu}/u.test(password) ? 26 : 0) +
    (/\p{Nd}/u.test(password) ? 10 : 0) +
    (/[\s\p{P}\p{S}]/u.test(password) ? 20 : 0) +
    (/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]/u.test(password) ? 200 : 0) || 26;
