import { createHash, timingSafeEqual } from 'node:crypto';
import type { Door, RequestHead } from './contract.ts';
import { readCookie } from './cookies.ts';

export const csrfCookieName = 'csrf_token';

/** As strict as every cookie of ours, but readable by script, which has to repeat it in the header. */
export const csrfCookie = (value: string, { maxAgeSeconds }: { maxAgeSeconds: number }): string =>
  `${csrfCookieName}=${value}; Path=/; Secure; SameSite=Strict; Max-Age=${maxAgeSeconds}`;

/**
 * The signed double-submit check of every unsafe call whose credential is a cookie: header and cookie are equal, and
 * signed for each session that the credentials name. So a pair planted by a sibling domain fails, another session's pair
 * fails, and cookies of two sessions mixed together fail. Credentials that name no session protect nothing: the call
 * itself will refuse them.
 */
export const checkCsrf = async (
  { auth, csrf }: Pick<Door, 'auth' | 'csrf'>,
  c: RequestHead,
  credentials: { accessToken?: string | undefined; refreshToken?: string | undefined },
): Promise<'ok' | 'missing' | 'mismatch'> => {
  const sessions = await auth.identifySessions(credentials);
  if (sessions.length === 0) return 'ok';
  const header = c.req.header('x-csrf-token');
  const cookie = readCookie(c.req.header('cookie'), csrfCookieName);
  if (!header || !cookie) return 'missing';
  const signed = equal(header, cookie) && sessions.every(({ id }) => csrf.verify(header, id));
  return signed ? 'ok' : 'mismatch';
};

const digest = (text: string) => createHash('sha256').update(text).digest();
const equal = (a: string, b: string) => timingSafeEqual(digest(a), digest(b));
