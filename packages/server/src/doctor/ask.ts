// Asks the running server, through everything that stands in front of it, as a browser and as a stranger would. Every call
// reads, or clears cookies that the doctor does not have: nothing is changed.

import { type IncomingHttpHeaders, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { TLSSocket } from 'node:tls';
import type { Config } from '../config/config.ts';
import { probedHeaders, topologyPath } from '../http/topology.ts';
import { usersOfCookies } from './cookie-rules.ts';
import { foreignOrigin, type LiveFacts, type Seen, spoofedAddress } from './live-facts.ts';

type Answer = {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
  daysLeft: number | undefined;
};

const timeoutMs = 5_000;
const day = 86_400_000;

/** Calls under which a contract clears its cookies, whoever asks. */
const clearing: Readonly<Record<string, { path: string; cookie?: string }>> = {
  standard: { path: '/api/v1/auth/logout' },
  cookie: { path: '/auth/signout' },
  // Asks for something to clear; the doctor's token is none, so no session ends.
  organization: { path: '/api/auth/logout', cookie: 'refresh_token=doctor' },
};

export const askServer = async (
  config: Config,
  { url, pass, now = Date.now }: { url: string; pass: string; now?: () => number },
): Promise<LiveFacts> => {
  const facts: LiveFacts = {
    url,
    ready: { status: 0, isTegata: false, location: undefined },
    certificate: undefined,
    plainHttp: undefined,
    hsts: undefined,
    cacheControl: undefined,
    age: undefined,
    clockAheadSeconds: undefined,
    cookies: [],
    preflights: [],
    seen: 'unknown-secret',
  };
  try {
    return await askReachable(facts, config, pass, now);
  } catch (error) {
    return { ...facts, unreachable: whyUnreachable(error as NodeJS.ErrnoException) };
  }
};

/** @throws Error when a call is not answered. */
const askReachable = async (facts: LiveFacts, config: Config, pass: string, now: () => number): Promise<LiveFacts> => {
  const { url } = facts;
  const ready = await ask(`${url}/health/ready`);
  const { headers, status } = ready;
  const reached: LiveFacts = {
    ...facts,
    ready: { status, isTegata: isReadiness(ready.body), location: status >= 300 && status < 400 ? headers.location : undefined },
    certificate: ready.daysLeft === undefined ? undefined : { daysLeft: ready.daysLeft },
    plainHttp: await plainHttp(url),
    hsts: text(headers['strict-transport-security']),
    cacheControl: headers['cache-control'],
    age: headers.age,
    clockAheadSeconds: headers.date === undefined ? undefined : Math.round((Date.parse(headers.date) - now()) / 1000),
  };
  if (status !== 200 || !reached.ready.isTegata) return reached;
  return {
    ...reached,
    cookies: await Promise.all(usersOfCookies(config).map((contract) => cookiesOf(url, contract))),
    preflights: await Promise.all([
      ...config.allowedOrigins.map((origin) => preflight(url, origin, true)),
      preflight(url, foreignOrigin, false),
    ]),
    seen: await whatItSees(url, config, pass),
  };
};

const cookiesOf = async (url: string, contract: string) => {
  const { path, cookie } = clearing[contract] as { path: string; cookie?: string };
  const { headers } = await ask(`${url}${path}`, { method: 'POST', headers: cookie === undefined ? {} : { cookie } });
  return { contract, setCookies: headers['set-cookie'] ?? [] };
};

const preflight = async (url: string, origin: string, expected: boolean) => {
  const headers = { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type' };
  const answer = await ask(`${url}/health/live`, { method: 'OPTIONS', headers });
  return {
    origin,
    expected,
    allowOrigin: text(answer.headers['access-control-allow-origin']),
    allowCredentials: answer.headers['access-control-allow-credentials'] === 'true',
  };
};

const whatItSees = async (url: string, { publicUrl }: Config, pass: string): Promise<Seen | 'unknown-secret'> => {
  const probes: Record<(typeof probedHeaders)[number], string> = {
    authorization: 'Bearer doctor',
    cookie: 'doctor=1',
    origin: publicUrl,
    'sec-fetch-site': 'same-origin',
    'x-csrf-token': 'doctor',
  };
  const headers = { ...probes, 'x-tegata-doctor': pass };
  const asItIs = seenBy(await ask(`${url}${topologyPath}`, { headers }));
  const asStranger = seenBy(await ask(`${url}${topologyPath}`, { headers: { ...headers, 'x-forwarded-for': spoofedAddress } }));
  if (!asItIs || !asStranger) return 'unknown-secret';
  const { arrived, ...seen } = asItIs;
  return {
    ...seen,
    spoofed: { forwardedFor: asStranger.forwardedFor, clientAddress: asStranger.clientAddress },
    lostHeaders: probedHeaders.filter((name) => !arrived.includes(name)),
  };
};

const seenBy = ({ status, body }: Answer): (Omit<Seen, 'spoofed' | 'lostHeaders'> & { arrived: string[] }) | undefined =>
  status === 200 ? JSON.parse(body) : undefined;

/** On the usual ports alone: elsewhere nobody would look for it. */
const plainHttp = async (url: string): Promise<LiveFacts['plainHttp']> => {
  const { protocol, port, hostname } = new URL(url);
  if (protocol !== 'https:' || port !== '') return undefined;
  const answer = await ask(`http://${hostname}/health/live`).catch(() => undefined);
  if (!answer) return 'closed';
  return answer.status === 200 && isReadiness(answer.body) ? 'serves' : 'redirects';
};

const isReadiness = (body: string): boolean => /^\{"status":"(ok|unavailable|stopping)"\}$/.test(body.trim());

const text = (header: string | string[] | undefined): string | undefined => (Array.isArray(header) ? header.join(', ') : header);

const ask = (
  url: string,
  { method = 'GET', headers = {} }: { method?: string; headers?: Record<string, string> } = {},
): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const send = url.startsWith('https:') ? requestHttps : requestHttp;
    // A connection of its own: one that is kept open would be closed under the next call.
    const asking = send(url, { method, headers, agent: false, timeout: timeoutMs }, (response) => {
      const validTo = (response.socket as TLSSocket).getPeerCertificate?.()?.valid_to;
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('error', reject);
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(parts).toString(),
          daysLeft: validTo ? Math.floor((Date.parse(validTo) - Date.now()) / day) : undefined,
        }),
      );
    });
    asking.on('timeout', () =>
      asking.destroy(Object.assign(new Error(`no answer within ${timeoutMs / 1000} s`), { code: 'ETIMEDOUT' })),
    );
    asking.on('error', reject);
    asking.end();
  });

const whyUnreachable = ({ code = '', message }: NodeJS.ErrnoException): NonNullable<LiveFacts['unreachable']> => {
  const detail = code || message;
  if (['ENOTFOUND', 'EAI_AGAIN', 'EAI_NODATA'].includes(code)) return { why: 'no-address', detail };
  if (code === 'ECONNREFUSED') return { why: 'refused', detail };
  if (code === 'ETIMEDOUT') return { why: 'timeout', detail: message };
  if (/CERT|SELF_SIGNED|ISSUER|ALTNAME|SIGNATURE/.test(code)) return { why: 'certificate', detail };
  return { why: 'other', detail };
};
