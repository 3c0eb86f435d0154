// The secret of a mailed link. It is taken out of the address at once, so that it is in no history, no screenshot, no
// bookmark and no referrer; it stays in this tab's memory until the person presses the button.

const tokens = new Map<string, string>();

const takesToken = ['/auth/verify-email', '/auth/reset-password', '/auth/undo-email'];

export const takeToken = (): void => {
  const url = new URL(window.location.href);
  const token = url.searchParams.get('token');
  if (token === null || !takesToken.includes(url.pathname)) return;
  if (token !== '' && token.length <= 512) tokens.set(url.pathname, token);
  url.searchParams.delete('token');
  window.history.replaceState(window.history.state, '', url);
};

/** Undefined when the link was incomplete, or the page was loaded anew without it. */
export const mailedToken = (pathname: string): string | undefined => tokens.get(pathname);
