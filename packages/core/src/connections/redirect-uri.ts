export type RedirectRules = {
  publicUrl: string;
  /** Origins, beside the public URL's own, on which applications take the answer of a provider. */
  allowedOrigins: readonly string[];
};

/**
 * Where the provider sends the person back to. The application names a page of its own with `redirectTo`; without one it
 * is the hosted page. Only whole origins that the configuration names, compared as origins and never as prefixes; no
 * fragment (RFC 6749, section 3.1.2), and no query, because the provider compares the address letter by letter and we
 * send it twice. Which path it may be is decided by what is registered at the provider.
 *
 * @returns undefined for an address that nobody allowed.
 */
export const redirectUriFor = (provider: string, redirectTo: string | undefined, rules: RedirectRules): string | undefined => {
  if (redirectTo === undefined) return `${rules.publicUrl}/auth/callback/${provider}`;
  const url = URL.parse(redirectTo);
  if (!url || redirectTo.length > 1024) return undefined;
  // The parser mends backslashes, tabs and upper case. What needed mending was not meant for us.
  const asWritten = url.href === redirectTo || url.href === `${redirectTo}/`;
  const bare = url.search === '' && url.hash === '' && url.username === '' && url.password === '' && !/[?#]/.test(redirectTo);
  const allowed = url.origin === rules.publicUrl || rules.allowedOrigins.includes(url.origin);
  return asWritten && bare && allowed ? url.href : undefined;
};
