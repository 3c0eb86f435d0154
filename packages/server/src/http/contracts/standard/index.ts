import type { Contract } from '../../contract.ts';
import { errorBody, problemRefusal } from './failures.ts';
import { describeStandard } from './openapi.ts';
import { standardRoutes } from './routes.ts';

/** The native contract, complete: see `@tegata/contract` for its calls as values. */
export const standard: Contract = {
  name: 'standard',
  prefixes: ['/api/v1'],
  defaultLocale: 'en',
  routes: standardRoutes,
  present: (problem, locale) => errorBody(problemRefusal(problem, locale), locale),
  openapi: describeStandard,
};
