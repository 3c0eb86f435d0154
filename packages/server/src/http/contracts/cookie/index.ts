import type { Contract } from '../../contract.ts';
import { defaultLocale } from './answer.ts';
import { errorBody, problemRefusal } from './failures.ts';
import { describeCookie } from './openapi.ts';
import { cookieRoutes } from './routes.ts';

/** For web applications on the same site: both tokens in HttpOnly cookies, and a CSRF token bound to the session. */
export const cookie: Contract = {
  name: 'cookie',
  prefixes: ['/auth'],
  defaultLocale,
  routes: cookieRoutes,
  present: (problem, locale) => errorBody(problemRefusal(problem), locale),
  openapi: describeCookie,
};
