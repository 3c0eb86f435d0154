import { strictCookie } from '../../cookies.ts';

export const refreshCookieName = 'refresh_token';
const refreshPath = '/api/v1/auth';

export const refreshCookie = (value: string, maxAgeSeconds: number) =>
  strictCookie(refreshCookieName, value, { path: refreshPath, maxAgeSeconds });

export const clearedRefreshCookie = refreshCookie('', 0);

/** "This browser has logged in before": a failed guess from elsewhere does not lock its owner out. 400 days is the browsers' limit. */
export const deviceCookieName = 'tegata_device';
export const deviceCookie = (value: string) =>
  strictCookie(deviceCookieName, value, { path: refreshPath, maxAgeSeconds: 400 * 86_400 });
