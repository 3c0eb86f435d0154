// DATABASE_URL as people write it, and as it may be shown to them: without what it holds in confidence.

/** What to do about the address, or undefined. Never repeats it. */
export const problemOfDatabaseUrl = (url: string): string | undefined => {
  if (/^sqlite:./.test(url)) return undefined;
  if (!isPostgresUrl(url)) return 'give sqlite:<path> or postgres://user:password@host/database, or leave it out.';
  const parsed = URL.parse(url);
  // The user and the password come before the host: a bare # or / in them ends the address there.
  if (!parsed) return 'this is no address; percent-encode characters such as # / ? % and @ in the user name and the password.';
  if (parsed.pathname.length < 2) return 'name the database too: postgres://user:password@host/database.';
  return undefined;
};

export const isPostgresUrl = (url: string): boolean => /^postgres(ql)?:\/\//.test(url);

/** For banners and messages: where the data is, and nothing that opens it. */
export const shownDatabaseUrl = (url: string): string => {
  if (!isPostgresUrl(url)) return url;
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname}`;
};
