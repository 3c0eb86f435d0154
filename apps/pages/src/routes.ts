import type { Texts } from './texts/texts.ts';

// Every page there is: its path and its title. The build writes this table down for the server, which answers these
// paths and no others, so that a path is added in one place.

export type PageName = keyof Texts['titles'];

export type PageRoute = {
  /** `:name` stands for one segment. */
  path: `/auth/${string}`;
  page: PageName;
  /** In the part that is loaded only when somebody goes there. */
  account?: boolean;
};

export const routes: readonly PageRoute[] = [
  { path: '/auth/log-in', page: 'logIn' },
  { path: '/auth/register', page: 'register' },
  { path: '/auth/check-your-mail', page: 'checkYourMail' },
  { path: '/auth/verify-email', page: 'verifyEmail' },
  { path: '/auth/forgot-password', page: 'forgotPassword' },
  { path: '/auth/reset-password', page: 'resetPassword' },
  { path: '/auth/undo-email', page: 'undoEmail' },
  { path: '/auth/signed-out', page: 'signedOut' },
  { path: '/auth/callback/:provider', page: 'callback' },
  { path: '/auth/account', page: 'profile', account: true },
  { path: '/auth/account/addresses', page: 'addresses', account: true },
  { path: '/auth/account/password', page: 'password', account: true },
  { path: '/auth/account/sessions', page: 'sessions', account: true },
  { path: '/auth/account/connections', page: 'connections', account: true },
  { path: '/auth/account/delete', page: 'deleteAccount', account: true },
];

export type FoundRoute = PageRoute & { parameters: Readonly<Record<string, string>> };

export const findRoute = (pathname: string): FoundRoute | undefined => {
  const segments = pathname.replace(/\/$/, '').split('/');
  for (const route of routes) {
    const wanted = route.path.split('/');
    if (wanted.length !== segments.length) continue;
    const parameters: Record<string, string> = {};
    const fits = wanted.every((part, index) => {
      if (!part.startsWith(':')) return part === segments[index];
      parameters[part.slice(1)] = segments[index] ?? '';
      return segments[index] !== '';
    });
    if (fits) return { ...route, parameters };
  }
  return undefined;
};
