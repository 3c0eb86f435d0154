/** What a browser says of the page that made a request. */
export type WhereFrom = { origin: string | undefined; fetchSite: string | undefined; referer: string | undefined };

/** Of what is no address, one that nobody allows. */
const originOf = (referer: string): string => (URL.canParse(referer) ? new URL(referer).origin : 'null');

/**
 * Cross-site requests (OWASP CSRF cheat sheet: Origin, Fetch Metadata, then Referer). Asked for unsafe methods that carry
 * a cookie, or start a session, and no `Authorization` header: a browser sends one of the first two with those, and a
 * client that sends none of the three is no browser, so nobody can ride on its cookies.
 */
export const createOriginCheck = (publicUrl: string, allowedOrigins: readonly string[]) => {
  const allowed = new Set([publicUrl, ...allowedOrigins]);
  return {
    /** `Origin: null` is foreign: sandboxed frames and some redirects send it. */
    isForeign: ({ origin, fetchSite, referer }: WhereFrom): boolean => {
      if (origin !== undefined) return !allowed.has(origin);
      if (fetchSite !== undefined) return fetchSite !== 'same-origin' && fetchSite !== 'none';
      return referer !== undefined && !allowed.has(originOf(referer));
    },
    allows: (origin: string): boolean => allowed.has(origin),
  };
};
