import { Hono } from 'hono';
import type { Door, HttpEnv } from '../../contract.ts';
import { accountRoutes } from './account-routes.ts';
import { connectionRoutes } from './connection-routes.ts';
import { passwordRoutes } from './password-routes.ts';
import { sessionRoutes } from './session-routes.ts';

/** Every call of the contract, in four areas. Each is: read the request, call one use case, present the result. */
export const cookieRoutes = (door: Door): Hono<HttpEnv> => {
  const app = new Hono<HttpEnv>();
  accountRoutes(app, door);
  sessionRoutes(app, door);
  connectionRoutes(app, door);
  passwordRoutes(app, door);
  return app;
};
