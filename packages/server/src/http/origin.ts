/**
 * Cross-site requests (OWASP CSRF cheat sheet: Fetch Metadata, then Origin). Asked for unsafe methods that carry a
 * cookie, or start a session, and no `Authorization` header: a browser sends one of the two headers with those, and a
 * client that sends neither is no browser, so nobody can ride on its cookies.
 */
export const createOriginCheck = (publicUrl: string, allowedOrigins: readonly string[]) => {
  const allowed = new Set([publicUrl, ...allowedOrigins]);
  return {
    /** `Origin: null` is foreign: sandboxed frames and some redirects send it. */
    isForeign: (headers: { origin: string | undefined; fetchSite: string | undefined }): boolean => {
      if (headers.origin !== undefined) return !allowed.has(headers.origin);
      const site = headers.fetchSite;
      return site !== undefined && site !== 'same-origin' && site !== 'none';
    },
    allows: (origin: string): boolean => allowed.has(origin),
  };
};
