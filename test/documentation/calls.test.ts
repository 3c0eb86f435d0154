import { expect, test } from 'vitest';
import { startServer, type TestServer } from '../server.ts';
import { pages } from './page.ts';
import { askedByCurl, commandsIn } from './shell.ts';

// Every call that a page shows exists: in the OpenAPI document of a contract, or at a server that is asked for it.

type Call = { at: string; method: string; path: string };

/** What was, and what requirements ask for in words of their own. */
const othersWords = ['CHANGELOG.md', 'docs/requirements.md'];

/** The routes that the examples add, which their own tests walk. */
const ofExamples = /^\/(notes|reports|tasks(\/\{?\w+\}?)?)$/;

const origins = String.raw`(?:\$URL|\$APP|http://localhost:3000|https://auth\.example\.com|\{TEGATA_URL\})`;

/** A path alone; what stands for something is in braces, as in OpenAPI. */
const bare = (url: string) =>
  url
    .replace(new RegExp(`^${origins}`), '')
    .replace(/[?#].*$/, '')
    .replaceAll(/<([\w-]+)>|:(\w+)|\$\{?\w+\}?/g, '{$1$2}') || '/';

/** `curl …`, and `POST /api/v1/auth/login` in a sentence or a table. */
const calls: Call[] = pages
  .filter(({ path }) => !othersWords.includes(path))
  .flatMap(({ snippets, words }) => [
    ...snippets
      .filter(({ language }) => language === 'sh')
      .flatMap(({ at, text }) => commandsIn(text).map(({ words }) => ({ at, asked: askedByCurl(words) })))
      .flatMap(({ at, asked }) => (asked ? [{ at, method: asked.method, path: bare(asked.url) }] : [])),
    ...words.flatMap(({ at, text }) => {
      const [, method, path] = /^(GET|POST|PUT|PATCH|DELETE) (\/\S*)/.exec(text) ?? [];
      return method && path ? [{ at, method, path: bare(path) }] : [];
    }),
  ]);

/** Addresses of the server that pages link to or speak of. */
const addresses: Call[] = pages.flatMap(({ path: at, text }) =>
  [...text.matchAll(new RegExp(`${origins}(/(?:[\\w./{}-]|<\\w+>)*)`, 'g'))].map(([, path]) => ({
    at,
    method: 'GET',
    path: bare(path!.replace(/\.$/, '')),
  })),
);

const servers = () =>
  Promise.all(['standard,cookie', 'organization', 'bearer'].map((TEGATA_CONTRACTS) => startServer({ TEGATA_CONTRACTS })));

/** With all that stands for something made alike. */
const template = (path: string) => path.replaceAll(/\{\w*\}/g, '{}');

const documented = async (all: TestServer[]): Promise<Set<string>> => {
  const documents = await Promise.all(all.map((server) => server.call('GET', '/openapi.json')));
  return new Set(
    documents.flatMap(({ body }) =>
      Object.entries<object>(body.paths).flatMap(([path, methods]) =>
        Object.keys(methods).map((method) => `${method.toUpperCase()} ${template(path)}`),
      ),
    ),
  );
};

/** A path that strangers are told nothing of still says, asked with another method, which ones it has. */
const isAnswered = async (all: TestServer[], { method, path }: Call): Promise<boolean> => {
  const answers = await Promise.all(
    all.map(async (server) => {
      const { status } = await server.call(method, path.replaceAll(/[{}]/g, ''));
      if (status !== 404) return status !== 405;
      const other = await server.call('PUT', path);
      return other.status === 405 && (other.headers.get('allow') ?? '').split(', ').includes(method);
    }),
  );
  return answers.includes(true);
};

test('every call is in the document of a contract, or a server answers it', async () => {
  const all = await servers();
  const known = await documented(all);
  expect(known).toContain('POST /api/v1/auth/login');
  expect(calls.length).toBeGreaterThan(25);
  const others = calls.filter(({ method, path }) => !known.has(`${method} ${template(path)}`) && !ofExamples.test(path));
  const unknown: string[] = [];
  for (const call of others) if (!(await isAnswered(all, call))) unknown.push(`${call.at} ${call.method} ${call.path}`);
  expect(unknown).toEqual([]);
});

test('every address of the server that a page leads to is answered', async () => {
  const all = await servers();
  expect(addresses.length).toBeGreaterThan(10);
  const unknown: string[] = [];
  for (const address of addresses) {
    // Whatever is answered to a GET: that it wants another method is said by what knows the path.
    const answers = await Promise.all(all.map((server) => server.call('GET', address.path.replaceAll(/[{}]/g, ''))));
    const isKnown = answers.some(({ status }) => status !== 404) || ofExamples.test(address.path);
    if (!isKnown) unknown.push(`${address.at} ${address.path}`);
  }
  expect(unknown).toEqual([]);
});
