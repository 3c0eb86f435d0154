import type { en } from './en.ts';

/** What a language has to say. */
export type Texts = typeof en;
