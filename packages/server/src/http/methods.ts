import type { Hono } from 'hono';
import type { HttpEnv } from './contract.ts';

/** The methods that do answer under this path, for the `Allow` header of a 405; none means 404. */
export const allowedMethods = (app: Hono<HttpEnv>, path: string): string[] => {
  const methods = new Set<string>();
  for (const route of app.routes) {
    if (route.method === 'ALL') continue;
    const pattern = new RegExp(`^${route.path.split('/').map(segmentPattern).join('/')}$`);
    if (pattern.test(path)) methods.add(route.method);
  }
  if (methods.has('GET')) methods.add('HEAD');
  return [...methods].sort();
};

const segmentPattern = (segment: string) =>
  segment.startsWith(':') ? '[^/]+' : segment.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
