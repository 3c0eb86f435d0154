import { createHash, randomBytes } from 'node:crypto';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { type FaultyServer, startFaultyServer } from './faulty-server.ts';

/** An account at GitHub, with the fields of its API that matter here. */
export type GithubPerson = {
  id: number;
  login: string;
  name: string | null;
  avatar_url?: string;
  /** As `GET /user/emails` lists them; undefined when the person did not grant `user:email`. */
  emails?: { email: string; primary: boolean; verified: boolean; visibility: 'public' | 'private' | null }[];
};

export type GithubServer = FaultyServer & {
  apiUrl: string;
  people: Map<string, GithubPerson>;
  /** Every token it has given out. */
  issued: () => string[];
  /** The person allows or refuses on GitHub's page; gives the address they are sent back to. */
  visit: (authorizeUrl: string, login: string, choice?: 'allow' | 'refuse') => URL;
};

export const githubClient = { id: 'Iv1.0123456789abcdef', secret: 'github-secret-0123456789' };

type Code = { login: string; redirectUri: string; challenge: string | undefined };

/**
 * GitHub's part of "log in with GitHub", small and as it is: errors of the token endpoint come with status 200, tokens are
 * opaque, ids are numbers, a code works once, and the API answers errors as `{message, documentation_url, status}`.
 *
 * @param redirectUris The callbacks that are registered; GitHub also takes what lies below them.
 */
export const startGithubServer = async ({ redirectUris }: { redirectUris: string[] }): Promise<GithubServer> => {
  const people = new Map<string, GithubPerson>();
  const codes = new Map<string, Code>();
  const tokens = new Map<string, string>();

  /** Where GitHub sends the person after they allowed or refused. */
  const visit: GithubServer['visit'] = (authorizeUrl, login, choice = 'allow') => {
    const asked = new URL(authorizeUrl);
    const redirectUri = asked.searchParams.get('redirect_uri') ?? '';
    if (asked.origin + asked.pathname !== `${server.url}${authorizePath}`) throw new Error(`not GitHub's page: ${authorizeUrl}`);
    if (asked.searchParams.get('client_id') !== githubClient.id) throw new Error('GitHub does not know the client');
    if (!redirectUris.some((registered) => redirectUri === registered || redirectUri.startsWith(`${registered}/`))) {
      throw new Error(`GitHub does not know the callback ${redirectUri}`);
    }
    const back = new URL(redirectUri);
    if (choice === 'refuse') {
      back.searchParams.set('error', 'access_denied');
      back.searchParams.set('error_description', 'The user has denied your application access.');
    } else {
      const code = randomBytes(10).toString('hex');
      codes.set(code, { login, redirectUri, challenge: asked.searchParams.get('code_challenge') ?? undefined });
      back.searchParams.set('code', code);
    }
    back.searchParams.set('state', asked.searchParams.get('state') ?? '');
    return back;
  };

  const exchange = (form: URLSearchParams): object => {
    if (form.get('client_id') !== githubClient.id || form.get('client_secret') !== githubClient.secret) {
      return failure('incorrect_client_credentials', 'The client_id and/or client_secret passed are incorrect.');
    }
    const code = codes.get(form.get('code') ?? '');
    const bad = failure('bad_verification_code', 'The code passed is incorrect or expired.');
    if (!code) return bad;
    if (form.get('redirect_uri') !== code.redirectUri) {
      return failure('redirect_uri_mismatch', 'The redirect_uri MUST match the registered callback URL for this application.');
    }
    const challenge = createHash('sha256')
      .update(form.get('code_verifier') ?? '')
      .digest('base64url');
    if (code.challenge !== undefined && challenge !== code.challenge) return bad;
    codes.delete(form.get('code') ?? '');
    const token = `gho_${randomBytes(18).toString('hex')}`;
    tokens.set(token, code.login);
    return { access_token: token, scope: 'read:user,user:email', token_type: 'bearer' };
  };

  const listener: RequestListener = async (request, response) => {
    const { pathname, href } = new URL(request.url ?? '/', server.url);
    if (pathname === authorizePath && request.method === 'GET') {
      response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(authorizePage([...people.keys()]));
      return;
    }
    if (pathname === authorizePath) {
      const form = new URLSearchParams(await bodyOf(request));
      const choice = form.get('choice') === 'allow' ? 'allow' : 'refuse';
      response.writeHead(302, { location: visit(href, form.get('login') ?? '', choice).href }).end();
      return;
    }
    if (request.method === 'POST' && pathname === '/login/oauth/access_token') {
      const answer = exchange(new URLSearchParams(await bodyOf(request)));
      // Without this header GitHub answers with a form.
      if (!request.headers.accept?.includes('application/json')) {
        response.writeHead(200, { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' });
        response.end(new URLSearchParams(answer as Record<string, string>).toString());
        return;
      }
      json(response, 200, answer);
      return;
    }
    const login = tokens.get(/^(?:bearer|token) (\S+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? '');
    const person = login === undefined ? undefined : people.get(login);
    if (!request.headers['user-agent']) return json(response, 403, apiFailure('Request forbidden by administrative rules.', 403));
    if (!person) return json(response, 401, apiFailure('Bad credentials', 401));
    const { emails, ...profile } = person;
    if (pathname === '/api/v3/user') {
      const publicAddress = emails?.find(({ visibility }) => visibility === 'public')?.email ?? null;
      return json(response, 200, { ...profile, type: 'User', site_admin: false, email: publicAddress });
    }
    if (pathname === '/api/v3/user/emails' && emails) return json(response, 200, emails);
    json(response, 404, apiFailure('Not Found', 404));
  };

  const server = await startFaultyServer(() => listener);
  return {
    ...server,
    apiUrl: `${server.url}/api/v3`,
    people,
    issued: () => [...tokens.keys()],
    visit,
  };
};

const authorizePath = '/login/oauth/authorize';

/** What a person sees there, for whoever comes with a browser. Logins are plain words. */
const authorizePage = (logins: readonly string[]) => `<!doctype html><html lang="en"><meta charset="utf-8"><title>GitHub</title>
<link rel="icon" href="data:,"><form method="post"><label>Account <select name="login">${logins.map((login) => `<option>${login}</option>`).join('')}</select></label>
<button name="choice" value="refuse">Cancel</button><button name="choice" value="allow">Authorize</button></form></html>`;

const failure = (error: string, error_description: string) => ({
  error,
  error_description,
  error_uri: 'https://docs.github.com/apps',
});
const apiFailure = (message: string, status: number) => ({
  message,
  documentation_url: 'https://docs.github.com/rest',
  status: String(status),
});

const json = (response: ServerResponse, status: number, body: object): void => {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' });
  response.end(JSON.stringify(body));
};

const bodyOf = async (request: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
};
