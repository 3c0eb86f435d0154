import type { Contract } from '../../contract.ts';
import { defaultLocale } from './answer.ts';
import { errorBody, problemFailure } from './failures.ts';
import { describeBearer } from './openapi.ts';
import { bearerRoutes } from './routes.ts';

/** One JWT and no cookies, for APIs and scripts: register or log in, then send the token. */
export const bearer: Contract = {
  name: 'bearer',
  conflictsWith: ['organization'],
  prefixes: ['/api/auth', '/api/me'],
  defaultLocale,
  routes: bearerRoutes,
  present: (problem, locale) => errorBody(problemFailure(problem), locale),
  openapi: describeBearer,
};
