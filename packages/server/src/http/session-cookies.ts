import type { IssuedTokens } from '@tegata/core';
import type { Door, HttpContext, RequestHead } from './contract.ts';
import { readCookie, strictCookie } from './cookies.ts';
import { csrfCookie } from './csrf.ts';

/**
 * The cookies of a contract that keeps both tokens in them. The access token goes everywhere, so that an application's
 * own routes see it; the refresh token nowhere but to the calls under `authPath`, which need it.
 */
export const createSessionCookies = (authPath: string) => {
  const accessCookie = (value: string, maxAgeSeconds: number) =>
    strictCookie('access_token', value, { path: '/', maxAgeSeconds });
  const refreshCookie = (value: string, maxAgeSeconds: number) =>
    strictCookie('refresh_token', value, { path: authPath, maxAgeSeconds });

  /** "This browser has logged in before": a failed guess from elsewhere does not lock its owner out. 400 days is the browsers' limit. */
  const deviceCookie = (value: string) => strictCookie('tegata_device', value, { path: authPath, maxAgeSeconds: 400 * 86_400 });

  return {
    readCookies: (c: RequestHead) => {
      const header = c.req.header('cookie');
      return {
        accessToken: readCookie(header, 'access_token'),
        refreshToken: readCookie(header, 'refresh_token'),
        device: readCookie(header, 'tegata_device'),
      };
    },

    /**
     * What a browser holds after registering, logging in or refreshing. The CSRF token lives as long as the refresh token
     * it goes with, because refreshing needs it too; it is given back for the body.
     */
    setSessionCookies: (
      c: HttpContext,
      { csrf, clock }: Pick<Door, 'csrf' | 'clock'>,
      { sessionId, tokens }: { sessionId: string; tokens: IssuedTokens },
    ): { csrfToken: string } => {
      const refreshSeconds = Math.ceil((tokens.refreshExpiresAt - clock()) / 1000);
      const csrfToken = csrf.issue(sessionId);
      set(c, [
        accessCookie(tokens.accessToken, tokens.accessSeconds),
        refreshCookie(tokens.refreshToken, refreshSeconds),
        csrfCookie(csrfToken, { maxAgeSeconds: refreshSeconds }),
      ]);
      return { csrfToken };
    },

    setDeviceCookie: (c: HttpContext, value: string): void => set(c, [deviceCookie(value)]),

    /** The known-device cookie stays: it says nothing about who is logged in. */
    clearSessionCookies: (c: HttpContext): void =>
      set(c, [accessCookie('', 0), refreshCookie('', 0), csrfCookie('', { maxAgeSeconds: 0 })]),
  };
};

const set = (c: HttpContext, cookies: readonly string[]) => {
  for (const cookie of cookies) c.header('Set-Cookie', cookie, { append: true });
};
