import { type Locale, type Result, Unavailable } from '@tegata/core';
import type { Context, Next } from 'hono';
import { Hono } from 'hono';
import { html } from 'hono/html';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { createStylesheetRoute, type Html, localeOf, page, sendPage } from './layout.ts';
import { type PageTexts, pageTexts } from './page-texts.ts';

// The pages behind mailed links. Programs that scan mail open every link, so a GET only shows a form and consumes
// nothing; the token is used up when a person presses the button. The token travels on in the form's body, never in
// another URL, and all pages work without script.

type Failure<Code extends string> = { code: Code };

export type PagesOptions = {
  verifyEmail: (input: {
    token: string;
  }) => Promise<Result<{ alreadyVerified: boolean }, Failure<'token_invalid' | 'token_expired' | 'email_taken'>>>;
  resetPassword: (input: {
    token: string;
    password: string;
  }) => Promise<
    Result<
      unknown,
      | Failure<'token_invalid' | 'token_used' | 'token_expired'>
      | { code: 'password_rejected'; problem: keyof PageTexts['reset']['problems'] }
    >
  >;
  undoPrimaryEmail: (input: {
    token: string;
  }) => Promise<Result<{ restored: string }, Failure<'token_invalid' | 'token_used' | 'token_expired'>>>;
  /** Takes one from the caller's bucket, before anything is looked up. */
  limit: (c: Context, route: 'verify' | 'reset') => Promise<{ allowed: boolean; retryAfterSeconds: number }>;
};

/** What pressing the button led to: an end, or the same form again with what is wrong with it. */
type Answer = { status: ContentfulStatusCode; title: string; lead: string } | { status: ContentfulStatusCode; problem: string };

type TokenPath = '/auth/verify-email' | '/auth/reset-password' | '/auth/undo-email';

/** How a page looks before anything is pressed. */
type TokenPage = {
  path: TokenPath;
  limit: 'verify' | 'reset';
  title: (texts: PageTexts) => string;
  /** The inside of the form, and what stands above it. */
  intro: (texts: PageTexts) => Html;
  fields: (texts: PageTexts, problem?: string) => Html;
};

const tokenPages: readonly TokenPage[] = [
  {
    path: '/auth/verify-email',
    limit: 'verify',
    title: (texts) => texts.verify.title,
    intro: (texts) => html`<p>${texts.verify.lead}</p>`,
    fields: (texts) => html`<button>${texts.verify.button}</button>`,
  },
  {
    path: '/auth/reset-password',
    limit: 'reset',
    title: (texts) => texts.reset.title,
    intro: (texts) => html`<p>${texts.reset.lead}</p>`,
    fields: (texts, problem) => passwordField(texts, problem),
  },
  {
    path: '/auth/undo-email',
    limit: 'reset',
    title: (texts) => texts.undo.title,
    intro: (texts) => html`<p>${texts.undo.lead}</p><p>${texts.undo.ifYou}</p>`,
    fields: (texts) => html`<button class="destructive">${texts.undo.button}</button>`,
  },
];

type Submit = (fields: { token: string; password: string }, texts: PageTexts) => Promise<Answer>;

/** What pressing the button does. */
const submits = (use: PagesOptions): Record<TokenPath, Submit> => ({
  '/auth/verify-email': async ({ token }, { verify }) => {
    const result = await use.verifyEmail({ token });
    if (result.ok) return { status: 200, ...(result.value.alreadyVerified ? verify.already : verify.done) };
    return { status: result.failure.code === 'email_taken' ? 409 : 400, ...verify[result.failure.code] };
  },
  '/auth/reset-password': async (fields, { reset }) => {
    const result = await use.resetPassword(fields);
    if (result.ok) return { status: 200, ...reset.done };
    const { failure } = result;
    if (failure.code === 'password_rejected') return { status: 400, problem: reset.problems[failure.problem] };
    return { status: 400, ...reset[failure.code] };
  },
  '/auth/undo-email': async ({ token }, { undo }) => {
    const result = await use.undoPrimaryEmail({ token });
    if (result.ok) return { status: 200, title: undo.done.title, lead: undo.done.lead(result.value.restored) };
    return { status: 400, ...undo[result.failure.code] };
  },
});

/** `novalidate` on the form keeps `minlength` a hint for password generators: the server says what is wrong, in words. */
const passwordField = (
  { reset }: PageTexts,
  problem: string | undefined,
): Html => html`<label for="password">${reset.label}</label>
<input id="password" name="password" type="password" autocomplete="new-password" autocapitalize="off" spellcheck="false" enterkeyhint="done" minlength="8" required aria-describedby="${problem ? 'password-problem ' : ''}password-hint"${problem && html` aria-invalid="true" autofocus`}>
${problem && html`<p class="problem" id="password-problem" role="alert">${problem}</p>`}
<p class="hint quiet" id="password-hint">${reset.hint}</p>
<button>${reset.button}</button>`;

/** Long enough for any token we ever mailed. */
const longestToken = 512;
const largestFormBytes = 16 * 1024;

/** The pages, and the style sheet they share with every other page. To be mounted at `/`. */
export const createPages = (options: PagesOptions): Hono => {
  const app = new Hono();
  app.route('/', createStylesheetRoute());

  const submit = submits(options);
  for (const tokenPage of tokenPages) {
    app.get(tokenPage.path, (c) => {
      const token = c.req.query('token') ?? '';
      return isToken(token) ? showForm(c, tokenPage, { token }) : showEnd(c, { status: 400, ...textsFor(c).incomplete });
    });

    app.post(tokenPage.path, async (c, next: Next) => {
      // A contract may own the same path for JSON; only a submitted form is ours.
      if (!/^application\/x-www-form-urlencoded\s*(;|$)/i.test(c.req.header('content-type') ?? '')) return next();
      const texts = textsFor(c);
      const form = await readForm(c.req.raw);
      if (form === 'too_large') return showEnd(c, { status: 413, ...texts.tooLarge });
      const token = form.get('token') ?? '';
      if (!isToken(token)) return showEnd(c, { status: 400, ...texts.incomplete });
      try {
        const limit = await options.limit(c, tokenPage.limit);
        if (!limit.allowed) {
          c.header('Retry-After', String(limit.retryAfterSeconds));
          return showForm(c, tokenPage, { token, status: 429, notice: texts.tooManyAttempts(limit.retryAfterSeconds) });
        }
        const answer = await submit[tokenPage.path]({ token, password: form.get('password') ?? '' }, texts);
        return 'problem' in answer ? showForm(c, tokenPage, { token, ...answer }) : showEnd(c, answer);
      } catch (error) {
        if (!(error instanceof Unavailable)) throw error;
        c.header('Retry-After', String(error.retryAfterSeconds));
        return showForm(c, tokenPage, { token, status: 503, notice: texts.unavailable(error.retryAfterSeconds) });
      }
    });
  }
  return app;
};

const textsFor = (c: Context): PageTexts => pageTexts[localeOf(c)];
const isToken = (token: string): boolean => token !== '' && token.length <= longestToken;

type FormState = { token: string; status?: ContentfulStatusCode; notice?: string; problem?: string };

const addressOf = (tokenPage: TokenPage, parameters: Record<string, string>): string =>
  `${tokenPage.path}?${new URLSearchParams(parameters)}`;

const formCard = (c: Context, tokenPage: TokenPage, state: FormState): Html => {
  const locale = localeOf(c);
  const texts = pageTexts[locale];
  return html`<main class="card">
<h1>${tokenPage.title(texts)}</h1>
${state.notice && html`<p class="notice" role="alert">${state.notice}</p>`}
${tokenPage.intro(texts)}
<form method="post" action="${addressOf(tokenPage, { lang: locale })}" novalidate>
<input type="hidden" name="token" value="${state.token}">
${tokenPage.fields(texts, state.problem)}
</form>
</main>`;
};

const showForm = (c: Context, tokenPage: TokenPage, state: FormState): Response | Promise<Response> => {
  const locale = localeOf(c);
  const inLanguage = (other: Locale) => addressOf(tokenPage, { token: state.token, lang: other });
  const title = tokenPage.title(pageTexts[locale]);
  return sendPage(c, page(c, { title, locale, body: formCard(c, tokenPage, state), inLanguage }), state.status);
};

/** The form of a mailed link by itself, for the hosted page of the same path when no script runs. */
export const mailLinkForm = (c: Context): Html | undefined => {
  const tokenPage = tokenPages.find(({ path }) => path === c.req.path);
  const token = c.req.query('token') ?? '';
  return tokenPage && isToken(token) ? formCard(c, tokenPage, { token }) : undefined;
};

const showEnd = (
  c: Context,
  end: { status: ContentfulStatusCode; title: string; lead: string },
): Response | Promise<Response> => {
  const body = html`<main class="card${end.status === 200 && ' done'}">
<h1>${end.title}</h1>
<p>${end.lead}</p>
</main>`;
  return sendPage(c, page(c, { title: end.title, locale: localeOf(c), body }), end.status);
};

/** Reads at most 16 KiB of a form. Of a field that comes twice the first counts. */
const readForm = async (request: Request): Promise<URLSearchParams | 'too_large'> => {
  if (Number(request.headers.get('content-length') ?? 0) > largestFormBytes) return 'too_large';
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body ?? []) {
    size += chunk.byteLength;
    if (size > largestFormBytes) return 'too_large';
    chunks.push(chunk);
  }
  return new URLSearchParams(Buffer.concat(chunks).toString('utf8'));
};
