import type { Auth, Bucket, Clock, CsrfTokens, Locale } from '@tegata/core';
import type { Context, Hono } from 'hono';
import type { Config } from '../config/config.ts';
import type { OpenFeed } from '../revocations/feed.ts';
import type { Look } from './pages/look.ts';
import type { Problem } from './problem.ts';

/** A door to the engine: routes, shapes, texts and a policy preset. A new one is a folder and a line in `app.ts`. */
export type Contract = {
  name: string;
  /** Contracts that own some of the same paths, and so cannot be mounted beside this one. */
  conflictsWith?: readonly string[];
  /** Where unknown paths and methods are answered in this contract's shape. */
  prefixes: readonly string[];
  defaultLocale: Locale;
  routes: (door: Door) => Hono<HttpEnv>;
  /** Shape and text of what went wrong outside any use case. */
  present: (problem: Problem, locale: Locale) => { status: number; body: unknown };
  /** Its part of the OpenAPI document: paths and component schemas. */
  openapi: () => {
    /** How its calls look, in a few sentences of Markdown. */
    introduction: string;
    paths: Record<string, unknown>;
    schemas: Record<string, unknown>;
    tags: { name: string; description: string }[];
  };
};

/** What a contract is given to work with. */
export type Door = {
  auth: Auth;
  config: Config;
  clock: Clock;
  csrf: CsrfTokens;
  /** What is revoked, as a stream for verifiers elsewhere. */
  openFeed: OpenFeed;
  /** Throws the `foreign_origin` problem when a page of another site sent the request. */
  refuseForeign: (c: RequestHead) => void;
  /** Takes one from the bucket; throws the `rate_limited` problem when it is empty. */
  limit: (bucket: Bucket, key: string) => Promise<void>;
};

/** What the middleware has found out about a request by the time a route runs. */
export type HttpEnv = {
  Variables: {
    requestId: string;
    ipAddress: string | null;
    /** Key for limits by address. */
    ipBucket: string;
    /** How this server's pages look. */
    look: Look;
  };
  Bindings: { incoming?: { socket?: { remoteAddress?: string | undefined } } };
};

export type HttpContext = Context<HttpEnv>;

/** What a check may ask of a request before its body: a route's context is one, and `headOf` makes one of any web-standard request. */
export type RequestHead = { req: { method: string; header: (name: string) => string | undefined } };
