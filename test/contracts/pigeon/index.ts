import type { Contract } from '../../../packages/server/src/http/contract.ts';
import { describePigeon } from './openapi.ts';
import { pigeonRoutes, presentProblem } from './routes.ts';

/** A contract that nobody asked for: made to see that a new one is a folder and a line. */
export const pigeon: Contract = {
  name: 'pigeon',
  prefixes: ['/pigeon'],
  defaultLocale: 'en',
  routes: pigeonRoutes,
  present: presentProblem,
  openapi: describePigeon,
};
