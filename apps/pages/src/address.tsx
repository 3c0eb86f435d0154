import { type ComponentProps, type MouseEvent, useSyncExternalStore } from 'react';
import { findRoute } from './routes.ts';

// The router: where the browser is, and how to get elsewhere without loading a document. Whatever is no page of ours is
// an ordinary link.

const listeners = new Set<() => void>();
const changed = () => {
  for (const listener of listeners) listener();
};
window.addEventListener('popstate', changed);

const subscribe = (listener: () => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

/** What a page hands to the next one without writing it into the address, such as the e-mail address just registered. */
export type Handed = { email?: string; notice?: 'unverified' };

export const useAddress = (): { pathname: string; search: string; handed: Handed } => {
  const href = useSyncExternalStore(subscribe, () => window.location.href);
  const { pathname, search } = new URL(href);
  return { pathname, search, handed: window.history.state ?? {} };
};

/** To a page of ours, or out of here. `replace`: going back does not lead to the page that is left. */
export const goTo = (to: string, { replace = false, handed = {} }: { replace?: boolean; handed?: Handed } = {}): void => {
  const url = new URL(to, window.location.href);
  if (url.origin !== window.location.origin || !findRoute(url.pathname)) {
    if (replace) window.location.replace(url);
    else window.location.assign(url);
    return;
  }
  window.history[replace ? 'replaceState' : 'pushState'](handed, '', url);
  window.scrollTo(0, 0);
  changed();
};

/** Changes the address and nothing else: what is shown stays. */
export const rewriteAddress = (to: string): void => window.history.replaceState(window.history.state, '', to);

type LinkProps = ComponentProps<'a'> & { href: string; handed?: Handed };

export const Link = ({ handed, onClick, ...props }: LinkProps) => {
  const follow = (event: MouseEvent<HTMLAnchorElement>) => {
    onClick?.(event);
    const elsewhere = event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey;
    if (event.defaultPrevented || elsewhere) return;
    event.preventDefault();
    goTo(props.href, handed ? { handed } : {});
  };
  // biome-ignore lint/a11y: it is an anchor with an address; the key that follows it clicks it.
  return <a {...props} onClick={follow} />;
};
