import { type Failure, fail, ok, type Result } from './result.ts';

// One HTTP request and what its answer means. Knows nothing of sessions.

/** A refusal as a contract wrote it. */
export type Problem = {
  code: string;
  message: string;
  reason?: string | undefined;
  fields?: Record<string, string> | undefined;
  lockedUntil?: string | undefined;
};

/** How a contract wraps what it says. Gives undefined for what is not its shape: something else answered. */
export type ReadAnswer = (body: unknown, succeeded: boolean) => { data: unknown } | Problem | undefined;

export type Call<Code extends string> = {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** From the contract's prefix on. */
  path: string;
  body?: unknown;
  /** The refusals that this call names; any other is `unexpected`. */
  codes?: readonly Code[];
  headers?: Record<string, string>;
};

export type Transport = {
  url: (path: string) => string;
  send: <Data, Code extends string = never>(call: Call<Code>) => Promise<Result<Data, Failure<Code>>>;
};

export type TransportOptions = {
  baseUrl: string;
  fetch: typeof globalThis.fetch;
  /** Whether the browser's cookies go with it. Edge runtimes do not know the setting. */
  cookies: boolean;
  language: string | (() => string) | undefined;
  timeoutMs: number;
  read: ReadAnswer;
};

export const createTransport = (options: TransportOptions): Transport => {
  const { baseUrl, fetch, cookies, language, timeoutMs, read } = options;
  const base = baseUrl.replace(/\/+$/, '');
  const url = (path: string) => base + path;

  const send: Transport['send'] = async (call) => {
    const spoken = typeof language === 'function' ? language() : language;
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), timeoutMs);
    try {
      const response = await fetch(url(call.path), {
        method: call.method,
        headers: {
          accept: 'application/json',
          ...(call.body === undefined ? {} : { 'content-type': 'application/json' }),
          ...(spoken === undefined ? {} : { 'accept-language': spoken }),
          ...call.headers,
        },
        ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
        ...(cookies ? { credentials: 'include' as const } : {}),
        // No answer of the contract redirects, and a token must not be sent after one.
        redirect: 'manual',
        signal: abort.signal,
      });
      const text = await response.text();
      const answer = read(parsed(text), response.ok);
      if (answer && 'data' in answer) return ok(answer.data as never);
      return fail(failureOf(response, answer, call.codes ?? []));
    } catch {
      return fail({ code: 'network', message: 'The server could not be reached.', status: 0 });
    } finally {
      clearTimeout(timer);
    }
  };
  return { url, send };
};

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

const failureOf = <Code extends string>(
  { status, headers }: Response,
  problem: Problem | undefined,
  codes: readonly Code[],
): Failure<Code> => {
  const seconds = Number(headers.get('retry-after') ?? Number.NaN);
  const named = codes.find((code) => code === problem?.code);
  const code = status === 429 ? 'rate_limited' : !problem || status >= 500 ? 'unavailable' : (named ?? 'unexpected');
  return {
    message: 'The server cannot answer now.',
    ...problem,
    code,
    status,
    ...(seconds >= 0 ? { retryAfterSeconds: seconds } : {}),
    requestId: headers.get('x-request-id') ?? undefined,
  };
};
