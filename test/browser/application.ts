import { resolve } from 'node:path';
import { build, type Rolldown } from 'vite';
import { freePort } from '../free-port.ts';
import type { Application } from '../server.ts';
import { startServer, type TestServer } from '../server.ts';

// An application with a page of its own, on the origin of a real server whose clock the test moves.

const built = new Map<string, Promise<string>>();

/** The script of one of the pages in `applications/`, or of a file anywhere. */
export const scriptOf = (name: string): Promise<string> => {
  const running = built.get(name) ?? bundle(name);
  built.set(name, running);
  return running;
};

const bundle = async (name: string): Promise<string> => {
  const output = (await build({
    root: import.meta.dirname,
    configFile: false,
    logLevel: 'silent',
    build: {
      write: false,
      target: 'es2022',
      modulePreload: false,
      rolldownOptions: { input: resolve(import.meta.dirname, 'applications', name) },
    },
  })) as Rolldown.RolldownOutput;
  return (output.output[0] as Rolldown.OutputChunk).code;
};

const policy = "default-src 'none'; script-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'";

export type PageServer = TestServer & {
  /** Decides what becomes of a request after the server has done what it asks: `lost` cuts the line, a promise makes it wait. */
  network: { fault: (path: string) => 'none' | 'lost' | Promise<void> };
  /** Requests that arrived, such as `POST /api/v1/auth/refresh`. */
  requests: string[];
};

export const startApplication = async (page: string, { markup = '' }: { markup?: string } = {}): Promise<PageServer> => {
  const script = await scriptOf(page);
  const port = await freePort();
  const network: PageServer['network'] = { fault: () => 'none' };
  const requests: string[] = [];
  const html = `<!doctype html><html lang="en"><meta charset="utf-8"><link rel="icon" href="data:,"><title>Test</title><div id="root">${markup}</div><script type="module" src="/page.js"></script>`;

  const application: Application =
    ({ fetch }) =>
    async (request, bindings) => {
      const { pathname } = new URL(request.url);
      if (pathname === '/page')
        return new Response(html, { headers: { 'content-type': 'text/html', 'content-security-policy': policy } });
      if (pathname === '/page.js') return new Response(script, { headers: { 'content-type': 'text/javascript' } });
      requests.push(`${request.method} ${pathname}`);
      const response = await fetch(request, bindings);
      const fault = network.fault(pathname);
      if (fault === 'lost') (bindings as { incoming: { socket: { destroy: () => void } } }).incoming.socket.destroy();
      else await fault;
      return response;
    };

  const url = `http://127.0.0.1:${port}`;
  const server = await startServer({ PORT: String(port), TEGATA_URL: url }, undefined, application);
  return Object.assign(server, { network, requests });
};
