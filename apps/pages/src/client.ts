import { createStandardClient } from '@tegata/client';

/** Speaks the language of the page, so that mails come in it too. */
export const client = createStandardClient({ language: () => document.documentElement.lang });
