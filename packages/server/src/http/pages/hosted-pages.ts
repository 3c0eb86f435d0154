import type { Context } from 'hono';
import { Hono } from 'hono';
import { html } from 'hono/html';
import type { BuiltFile, BuiltPages } from './built-pages.ts';
import { documentHead, type Html, localeOf, pagePolicy, sendForever, sendPage } from './layout.ts';
import { lookOf } from './look.ts';

// The hosted pages: for each a small document with the right language, title and theme, which loads the application
// that `apps/pages` is. Nothing in it is inline, so the policy allows nothing inline. A GET consumes nothing: the pages
// behind mailed links are the same small documents, and only the person's click sends the token back.

export type HostedPagesOptions = {
  built: BuiltPages;
  /** Where a log-in may lead besides this server: the origins that may call it. */
  returnOrigins: readonly string[];
  /** Whether the development mailbox is there to be pointed at. */
  mailbox: boolean;
  /** The form of a mailed link for browsers without script, and undefined for all other pages. */
  withoutScript: (c: Context) => Html | undefined;
};

const assetsPath = '/auth/assets';

/** To be mounted at `/`, before the pages that work without script: those answer the forms. */
export const createHostedPages = (options: HostedPagesOptions): Hono => {
  const { table, files } = options.built;
  const app = new Hono();

  app.get(`${assetsPath}/:name`, (c, next) => {
    const file = files.get(c.req.param('name'));
    return file ? sendAsset(c, file) : next();
  });

  app.get('/auth', (c) => c.redirect('/auth/account', 302));

  for (const route of table.routes) {
    app.get(route.path, (c) => {
      const locale = localeOf(c);
      const preloads = [...table.preloads.languages[locale], ...(route.account ? table.preloads.account : [])];
      const styles = [...table.styles, ...(route.account ? table.accountStyles : [])];
      const { name, logo } = lookOf(c);
      const settings = { brand: name, logo, returnOrigins: options.returnOrigins, mailbox: options.mailbox };
      const form = options.withoutScript(c);
      const document = html`${documentHead(c, { title: route.titles[locale], locale })}
${styles.map((file) => html`<link rel="stylesheet" href="${assetsPath}/${file}">\n`)}${preloads.map((file) => html`<link rel="modulepreload" href="${assetsPath}/${file}">\n`)}<script type="module" src="${assetsPath}/${table.script}"></script>
<meta name="tegata" content="${JSON.stringify(settings)}">
</head>
<body>
<div id="root"></div>
<noscript id="without-script">${form ?? html`<p>${needsScript[locale]}</p>`}</noscript>
</body>
</html>
`;
      // Only what this page itself consists of; and no text may become script (Trusted Types), wherever it comes from.
      const policy = `${pagePolicy(c, { scripts: "'self'", connect: "'self'" })}; require-trusted-types-for 'script'; trusted-types 'none'`;
      return sendPage(c, document, 200, { policy });
    });
  }
  return app;
};

const needsScript = {
  en: 'This page needs JavaScript. Please allow it for this site, and load the page again.',
  ja: 'このページの表示にはJavaScriptが必要です。このサイトで有効にしてから、ページを再読み込みしてください。',
};

/** As small as the browser understands it: compressed once, when the pages were built. */
const sendAsset = (c: Context, file: BuiltFile): Response => {
  const accepted = (c.req.header('accept-encoding') ?? '')
    .toLowerCase()
    .split(',')
    .map((part) => part.split(';')[0]?.trim());
  const encoding = (['brotli', 'gzip'] as const).find(
    (name) => file[name] && accepted.includes({ brotli: 'br', gzip: 'gzip' }[name]),
  );
  c.header('Vary', 'Accept-Encoding', { append: true });
  if (encoding) c.header('Content-Encoding', { brotli: 'br', gzip: 'gzip' }[encoding]);
  return sendForever(c, encoding ? (file[encoding] as Uint8Array<ArrayBuffer>) : file.plain, file.type);
};
