// Where a log-in leads. The address comes from whoever made the link, so it is believed only when it stays on this
// server or on an origin that the operator has allowed (no open redirect).

const ownStart = '/auth/account';
/** These would lead back here at once. */
const entrances = ['/auth/log-in', '/auth/register', '/auth/signed-out', '/auth/callback/'];

/** Where to go after a log-in: what was asked for when it is allowed, else the account. */
export const returnAddress = (
  wanted: string | null,
  { origin, allowed }: { origin: string; allowed: readonly string[] },
): string => {
  // A path begins with exactly one slash; browsers read a backslash as one and skip tabs and line breaks.
  if (!wanted || /[\\\p{Cc}]/u.test(wanted) || !/^(\/(?!\/)|https?:\/\/)/i.test(wanted)) return ownStart;
  const url = URL.parse(wanted, origin);
  if (!url || url.username || url.password) return ownStart;
  if (url.origin === origin) {
    const loops = entrances.some((path) => url.pathname.startsWith(path));
    // `/.//evil.example` is a path of ours until it is written down without its dots.
    return loops || url.pathname.startsWith('//') ? ownStart : `${url.pathname}${url.search}${url.hash}`;
  }
  return allowed.includes(url.origin) ? url.href : ownStart;
};

/** A link to another page of the way in keeps where it all leads. */
export const keepReturn = (path: string, search: string): string => {
  const wanted = new URLSearchParams(search).get('return_to');
  return wanted ? `${path}?${new URLSearchParams({ return_to: wanted })}` : path;
};
