import type { Failure } from '@tegata/client';

// What went wrong, in words that say what to do next.

const kindWords: Record<string, string> = {
  network: 'We can’t reach the server. Nothing was lost; please try again in a moment.',
  unavailable: 'Something went wrong on our side. Nothing was lost; please try again in a moment.',
  not_found: 'This task is gone. It was probably deleted in another window.',
  logged_out: 'You have been signed out. Please sign in again.',
};

export const wordsFor = ({ code, message, retryAfterSeconds = 60 }: Failure<string>): string => {
  if (code !== 'rate_limited') return kindWords[code] ?? sentence(message);
  const minutes = Math.ceil(retryAfterSeconds / 60);
  return `Too many attempts. You can try again in ${minutes === 1 ? 'a minute' : `${minutes} minutes`}.`;
};

/** Why somebody finds the entrance instead of their tasks; nothing for whoever just arrived. */
export const wordsForLeaving = (reason: string | undefined): string => {
  if (reason === undefined) return '';
  if (reason === 'logged_out') return 'You are signed out.';
  if (reason === 'account_closed') return 'Your account and your tasks are deleted.';
  return 'You have been signed out. Please sign in again.';
};

export const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;

export const statusNames = { todo: 'To do', in_progress: 'In progress', completed: 'Completed', cancelled: 'Cancelled' } as const;

/** A date alone is a day wherever the reader is; a moment is one in their time zone. */
export const dayOf = (date: string): string =>
  new Date(date.length === 10 ? `${date}T00:00` : date).toLocaleDateString(document.documentElement.lang, {
    dateStyle: 'medium',
  });
