import type { MiddlewareHandler } from 'hono';
import { routePath } from 'hono/route';
import type { Tracing } from '../observe/tracing.ts';
import type { HttpEnv } from './contract.ts';

/** Methods that HTTP knows; a caller may send any word, and a name of a span is none of theirs. */
const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/**
 * One span a request, named by the route as it is written in the code: paths and queries hold ids and one-time tokens. The
 * caller's address, its agent and its headers are left out as well; the log has the request's id beside the trace's.
 */
export const traceRequests =
  (tracing: Tracing): MiddlewareHandler<HttpEnv> =>
  (c, next) => {
    const method = methods.has(c.req.method) ? c.req.method : '_OTHER';
    return tracing.begin({ name: method, kind: 'server', header: (name) => c.req.header(name) }, async (span) => {
      await next();
      const route = routePath(c, -1);
      span.rename(`${method} ${route}`);
      span.note('http.request.method', method);
      span.note('http.route', route);
      span.note('http.response.status_code', c.res.status);
      if (c.res.status >= 500) span.failed(String(c.res.status));
    });
  };
