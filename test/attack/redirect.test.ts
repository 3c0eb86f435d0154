import { expect, test } from 'vitest';
import { keepReturn, returnAddress } from '../../apps/pages/src/return-to.ts';
import { application, publicUrl, startHouse } from '../oauth/people.ts';
import { figure } from '../scorecard/figure.ts';
import { openClient } from './hostile-doors.ts';
import { redirectPayloads } from './redirect-payloads.ts';

const allowed = [publicUrl, application];
const payloads = [...new Set(allowed.flatMap(redirectPayloads))];

/** Where a browser that stands on a page of ours would be after it. */
const landsOn = (address: string, from: string): string => {
  const url = URL.parse(address, from);
  if (!url) return from;
  return /^https?:$/.test(url.protocol) ? url.origin : url.protocol;
};

const doors = [
  { prefix: '/api/v1/auth/oauth', parameter: 'redirect_to' },
  { prefix: '/auth/oauth', parameter: 'redirect_to' },
  { prefix: '/api/auth/oauth', parameter: 'redirectTo' },
];

test('no provider is told to lead back to a foreign address', async () => {
  const { server } = await startHouse({ TEGATA_CONTRACTS: 'standard,cookie,organization' });
  const { send, close } = openClient(server.url, 8);
  const wrong: string[] = [];
  const counts = { tried: 0, refused: 0, taken: 0 };
  for (const { prefix, parameter } of doors) {
    for (const provider of ['github', 'google']) {
      for (const payload of payloads) {
        // As it is, and in a parameter that comes twice: whoever checks the one and uses the other would be had.
        const value = encodeURIComponent(payload.toWellFormed());
        const good = encodeURIComponent(`${application}/callback`);
        const queries = [
          `${parameter}=${value}`,
          ...(provider === 'github'
            ? [`${parameter}=${good}&${parameter}=${value}`, `${parameter}=${value}&${parameter}=${good}`]
            : []),
        ];
        for (const query of queries) {
          counts.tried += 1;
          const { status, text, headers } = await send('GET', `${prefix}/${provider}/authorize?${query}`);
          if (status !== 200) {
            counts.refused += 1;
            if (status >= 500 || /evil/.test(text + JSON.stringify(headers))) wrong.push(`${query}: ${status}`);
            continue;
          }
          counts.taken += 1;
          const body = JSON.parse(text);
          const leads = new URL(body.data?.url ?? body.url).searchParams.getAll('redirect_uri');
          if (leads.length !== 1 || !allowed.includes(landsOn(leads[0] as string, publicUrl))) {
            wrong.push(`${query} → ${leads}`);
          }
        }
      }
    }
  }
  figure({
    row: 'redirect',
    part: 'providers',
    tried: counts.tried,
    failed: wrong.length,
    detail: `${payloads.length} addresses at ${doors.length} doors and 2 providers, also beside a good one; ${counts.refused} refused, ${counts.taken} led to an allowed origin`,
    reached: wrong.length === 0,
  });
  expect(wrong.slice(0, 10)).toEqual([]);
  expect(counts.taken).toBeLessThan(counts.tried / 2);
  close();
});

test('no page leads to a foreign address after a log-in', () => {
  const wrong: string[] = [];
  let tried = 0;
  for (const origin of [publicUrl, 'http://localhost:3000']) {
    const lists = [[], [application], [application, 'http://localhost:5173']];
    for (const payload of payloads) {
      for (const others of lists) {
        tried += 1;
        const to = returnAddress(payload, { origin, allowed: others });
        const lands = landsOn(to, `${origin}/auth/log-in`);
        if (lands !== origin && !others.includes(lands)) wrong.push(`${JSON.stringify(payload)} → ${to}`);
        // And with what the pages hand on to each other, which is decoded once more by the next.
        const kept = keepReturn('/auth/register', `?${new URLSearchParams({ return_to: payload })}`);
        if (landsOn(kept, origin) !== origin) wrong.push(`${JSON.stringify(payload)} kept as ${kept}`);
      }
    }
  }
  figure({
    row: 'redirect',
    part: 'pages',
    tried,
    failed: wrong.length,
    detail: `${payloads.length} addresses as return_to, with and without allowed origins, resolved as a browser does`,
    reached: wrong.length === 0,
  });
  expect(wrong.slice(0, 10)).toEqual([]);
});

const parameters = [
  'return_to',
  'redirect_to',
  'redirectTo',
  'next',
  'url',
  'continue',
  'lang',
  'token',
  'reason',
  'code',
  'state',
  'iss',
  'to',
];
const pages = [
  '/',
  '/auth',
  '/auth/',
  '/auth/log-in',
  '/auth/register',
  '/auth/signed-out',
  '/auth/verify-email',
  '/auth/callback/github',
  '/docs',
  '/dev/mailbox',
  '/api/v1/me',
  '/nowhere',
];

test('no answer of the server itself leads anywhere else, whatever stands in the query or the path', async () => {
  const { server } = await startHouse();
  const { send, close } = openClient(server.url, 8);
  const wrong: string[] = [];
  let tried = 0;
  const ask = async (method: string, path: string) => {
    tried += 1;
    const { status, headers, text } = await send(method, path);
    const { location, refresh } = headers;
    if (refresh !== undefined || (location !== undefined && landsOn(String(location), publicUrl) !== publicUrl)) {
      wrong.push(`${method} ${path}: ${status} ${location ?? refresh}`);
    }
    if (/http-equiv="?refresh/i.test(text) || /(?:href|src|action)="(?:javascript:|data:text|(?:https?:)?\/\/evil)/i.test(text)) {
      wrong.push(`${method} ${path}: in the document`);
    }
  };
  for (const [index, payload] of payloads.entries()) {
    const value = encodeURIComponent(payload.toWellFormed());
    const page = pages[index % pages.length] as string;
    await ask('GET', `${page}?${parameters.map((parameter) => `${parameter}=${value}`).join('&')}`);
    await ask('GET', `/auth?return_to=${value}`);
    // As a path: a server that adds or takes away a slash would lead there.
    const path = payload.toWellFormed().replaceAll(/[^\x21-\x7e]/g, encodeURIComponent);
    await ask(index % 2 === 0 ? 'GET' : 'HEAD', path.startsWith('/') ? path : `/${path}`);
  }
  figure({
    row: 'redirect',
    part: 'answers',
    tried,
    failed: wrong.length,
    detail: `${payloads.length} addresses in ${parameters.length} parameters of ${pages.length} paths, and as a path`,
    reached: wrong.length === 0,
  });
  expect(wrong.slice(0, 10)).toEqual([]);
  close();
});
