import type { Locale } from '@tegata/core';

const en = {
  addressOdd: 'That is no address a pigeon could find',
  addressTaken: 'A pigeon already nests there',
  passwordWeak: 'A hawk would guess that',
  unknown: 'No such pigeon',
  locked: 'The loft is shut for a while',
  requestOdd: 'Coo?',
  nothingHere: 'There is no such perch',
  tooMany: 'Too many pigeons',
  broken: 'The loft fell down',
};

export type PigeonText = keyof typeof en;

const ja: Record<PigeonText, string> = {
  addressOdd: '鳩にはその宛先が分かりません',
  addressTaken: 'そこにはもう鳩が住んでいます',
  passwordWeak: '鷹に当てられてしまいます',
  unknown: 'そのような鳩はいません',
  locked: '鳩舎はしばらく閉まっています',
  requestOdd: 'ポッポー？',
  nothingHere: 'そのような止まり木はありません',
  tooMany: '鳩が多すぎます',
  broken: '鳩舎が壊れました',
};

export const texts: Record<Locale, Record<PigeonText, string>> = { en, ja };
