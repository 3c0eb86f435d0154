import { Hono } from 'hono';
import type { Door, HttpEnv } from '../../contract.ts';
import { accountRoutes } from './account-routes.ts';
import { connectionRoutes } from './connection-routes.ts';
import { passwordRoutes } from './password-routes.ts';
import { registrationRoutes } from './registration-routes.ts';
import { serviceRoutes } from './service-routes.ts';
import { sessionRoutes } from './session-routes.ts';

/** Every call of the standard contract, in five areas. Each is: read the request, call one use case, present the result. */
export const standardRoutes = (door: Door): Hono<HttpEnv> => {
  const app = new Hono<HttpEnv>();
  registrationRoutes(app, door);
  sessionRoutes(app, door);
  connectionRoutes(app, door);
  passwordRoutes(app, door);
  accountRoutes(app, door);
  serviceRoutes(app, door);
  return app;
};
