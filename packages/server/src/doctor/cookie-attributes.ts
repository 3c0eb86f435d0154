// Cookies as they arrive, after every proxy had its say.

import { everyBrowser, type Finding } from './finding.ts';

/** Where each contract keeps its refresh token, which is the cookie that a wrong path loses. */
const refreshPaths: Readonly<Record<string, string>> = {
  standard: '/api/v1/auth',
  cookie: '/auth',
  organization: '/api/auth',
};

export const cookieAttributeFindings = ({
  contract,
  setCookies,
}: {
  contract: string;
  setCookies: readonly string[];
}): Finding[] => {
  if (setCookies.length === 0) {
    return [
      {
        id: 'cookies.lost',
        level: 'error',
        browsers: everyBrowser,
        text: `Contract ${contract} set a cookie and none arrived.`,
        remedy: 'Let the proxy or content network pass Set-Cookie on; one that caches often removes it.',
      },
    ];
  }
  const findings = new Map<string, Finding>();
  const report = (finding: Finding) => findings.set(finding.id, finding);
  for (const cookie of setCookies) {
    const [pair = '', ...rest] = cookie.split(';').map((part) => part.trim());
    const name = pair.split('=')[0] ?? '';
    const attributes = new Map(rest.map((part) => [part.split('=')[0]?.toLowerCase() ?? '', part.split('=')[1] ?? '']));
    if (!attributes.has('secure')) {
      report({
        id: 'cookies.secure-lost',
        level: 'error',
        text: `${name} arrives without Secure: it would also travel over plain http.`,
        remedy: 'Let the proxy leave cookies as they are (nginx: no proxy_cookie_flags).',
      });
    }
    if (attributes.get('samesite')?.toLowerCase() !== 'strict') {
      report({
        id: 'cookies.samesite-changed',
        level: 'error',
        text: `${name} arrives with SameSite=${attributes.get('samesite') ?? '(nothing)'} in place of Strict: pages of other sites can send it along.`,
        remedy: 'Let the proxy leave cookies as they are.',
      });
    }
    if (!attributes.has('httponly') && name !== 'csrf_token') {
      report({
        id: 'cookies.httponly-lost',
        level: 'error',
        text: `${name} arrives without HttpOnly: every script on the page can read it.`,
        remedy: 'Let the proxy leave cookies as they are.',
      });
    }
    if (attributes.has('domain')) {
      report({
        id: 'cookies.domain-added',
        level: 'warning',
        text: `${name} arrives with Domain=${attributes.get('domain')}: every host below it receives the cookie.`,
        remedy: 'Let the proxy leave cookies as they are (nginx: no proxy_cookie_domain).',
      });
    }
    const path = name === 'refresh_token' ? refreshPaths[contract] : undefined;
    if (path !== undefined && attributes.get('path') !== path) {
      report({
        id: 'cookies.path-changed',
        level: 'error',
        browsers: everyBrowser,
        text: `${name} arrives with Path=${attributes.get('path') ?? '(nothing)'} in place of ${path}: browsers do not send it where it is needed, or send it everywhere.`,
        remedy:
          'Serve Tegata from the root of its host: TEGATA_URL has no path, and the proxy must not add one (nginx: no proxy_cookie_path).',
      });
    }
  }
  return [...findings.values()];
};
