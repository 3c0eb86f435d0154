import { type ApiDocument, wrongWith } from './documented-shape.ts';
import { doors, logInThrough, type Reply, type Send, type Session } from './hostile-doors.ts';
import { canary, type HostileRequest } from './hostile-requests.ts';

// Sends hostile requests, and judges what comes back: the documented shape, no fault of ours, no secret, and the headers
// that every answer has.

const onEveryAnswer: [name: string, value: RegExp][] = [
  ['x-content-type-options', /^nosniff$/],
  ['x-frame-options', /^DENY$/],
  ['referrer-policy', /^no-referrer$/],
  ['strict-transport-security', /^max-age=\d{8}/],
  ['content-security-policy', /default-src 'none'.*frame-ancestors 'none'/],
  ['cache-control', /./],
  ['x-request-id', /^[\w.-]{8,64}$/],
];

const forgedHeaders = [
  ...['Bearer x', 'Bearer a.b.c', 'Basic eDp5', 'Bearer', `Bearer ${'x'.repeat(9_000)}`, 'Bearer eyJhbGciOiJub25lIn0.e30.'],
];
const forgedCookies = [
  ...['access_token', 'access_token=x; refresh_token=x; csrf_token=x', '__proto__=x; ;', 'refresh_token=%; refresh_token=%'],
  ...['=;=;=', `refresh_token=${canary}; access_token=${canary}`, `a=${'b'.repeat(9_000)}`],
  'tegata_device=v1.x; tegata_oauth=x; refresh_token=eyJ.eyJ.x',
];

/** Where the attacker is logged in, by contract, and what other services present. */
export type Sessions = { of: Record<string, Session>; service: string };

const credentials = (
  { credential, contract, operation, path }: HostileRequest,
  { of, service }: Sessions,
): Record<string, string> => {
  const pick = (list: string[]) => list[(path.length + operation.operationId.length) % list.length] as string;
  if (credential === 'forged header') return { authorization: pick(forgedHeaders) };
  if (credential === 'forged cookies') return { cookie: pick(forgedCookies) };
  if (credential === 'none') return {};
  const isForServices = operation.security?.some((way) => 'service_bearer' in way);
  // The stream of revocations never ends; its door is tried without a right credential.
  const endless = 'text/event-stream' in (operation.responses[200]?.content ?? {});
  if (isForServices && !endless) return service ? { authorization: service } : {};
  return (credential === 'session' ? of[contract]?.header : of[contract]?.cookies) ?? {};
};

/** What has gone wrong so far, and how many of what came back. */
export type Tally = { problems: string[]; statuses: Map<number, number>; sent: number };

export const emptyTally = (): Tally => ({ problems: [], statuses: new Map(), sent: 0 });

export const judge = (tally: Tally, what: string, reply: Reply, secrets: readonly string[], wrong: readonly string[]): void => {
  tally.sent += 1;
  tally.statuses.set(reply.status, (tally.statuses.get(reply.status) ?? 0) + 1);
  const everything = JSON.stringify(reply.headers) + reply.text;
  const isBusy = reply.status === 503 && reply.headers['retry-after'] !== undefined;
  const found = [
    ...wrong,
    ...(reply.status >= 500 && !isBusy ? [`answered ${reply.status}`] : []),
    ...(everything.includes(canary) || secrets.some((secret) => everything.includes(secret)) ? ['a secret came back'] : []),
    ...onEveryAnswer.filter(([name, value]) => !value.test(String(reply.headers[name] ?? ''))).map(([name]) => `header ${name}`),
  ];
  if (found.length > 0) tally.problems.push(`${what.slice(0, 300)}: ${reply.status}: ${found.join('; ').slice(0, 300)}`);
};

/** Some at a time, in order. */
export const throwAll = async <Request>(
  all: Iterable<Request>,
  atOnce: number,
  send: (request: Request) => Promise<void>,
): Promise<void> => {
  const queue = all[Symbol.iterator]();
  const worker = async () => {
    for (let next = queue.next(); !next.done; next = queue.next()) await send(next.value);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
};

export type Target = { send: Send; sessions: Sessions; document: ApiDocument; tally: Tally };

export const attack = async ({ send, sessions, document, tally }: Target, request: HostileRequest): Promise<void> => {
  const { method, path, headers, body, operation, contract } = request;
  const reply = await send(method, path, { ...headers, ...credentials(request, sessions) }, body);
  const contentType = String(reply.headers['content-type'] ?? '');
  // A form goes to the page of the same path, which is no part of the contract.
  const isPage = contentType.startsWith('text/html') && /^application\/x-www-form-urlencoded/.test(headers['content-type'] ?? '');
  const wrong = isPage ? [] : wrongWith(document, operation, { status: reply.status, contentType, text: reply.text });
  if (request.mustBeRefused && reply.status < 400) wrong.push('taken, although it is no request');
  judge(tally, `${method} ${path} ${body?.toString().slice(0, 150)}`, reply, sessions.of[contract]?.secrets ?? [], wrong);
};

/** Whoever lost the session logs in again; most of the time nobody did. */
export const keepLoggedIn = async (
  { send, sessions }: Target,
  who: { email: string; device: string | undefined },
): Promise<void> => {
  for (const [door, session] of Object.entries(sessions.of)) {
    const { status } = await send('GET', doors[door]?.me as string, session.header);
    if (status !== 200) sessions.of[door] = await logInThrough(send, door, who.email, who.device);
  }
};
