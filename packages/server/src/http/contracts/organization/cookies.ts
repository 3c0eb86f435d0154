import { createSessionCookies } from '../../session-cookies.ts';

export const { readCookies, setSessionCookies, setDeviceCookie, clearSessionCookies } = createSessionCookies('/api/auth');
