import type { Contract } from '../../contract.ts';
import { defaultLocale } from './answer.ts';
import { errorBody, problemRefusal } from './failures.ts';
import { describeOrganization } from './openapi.ts';
import { organizationRoutes } from './routes.ts';

/** Users in organizations, texts in Japanese unless English is asked for, tokens in body, cookies and header. */
export const organization: Contract = {
  name: 'organization',
  conflictsWith: ['bearer'],
  prefixes: ['/api/auth'],
  defaultLocale,
  routes: organizationRoutes,
  present: (problem, locale) => errorBody(problemRefusal(problem, locale), locale),
  openapi: describeOrganization,
};
