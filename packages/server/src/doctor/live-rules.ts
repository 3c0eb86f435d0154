// What the answers of the running server say about whatever stands between it and the browsers.

import type { Config } from '../config/config.ts';
import { clientFindings } from './client-rules.ts';
import { cookieAttributeFindings } from './cookie-attributes.ts';
import type { Finding } from './finding.ts';
import { foreignOrigin, type LiveFacts } from './live-facts.ts';
import { isLoopback } from './site.ts';

export const liveFindings = (config: Config, facts: LiveFacts): Finding[] => {
  const reached = reachedFindings(config, facts);
  // Of whatever else answered nothing more can be said.
  if (reached.some(({ level }) => level === 'error')) return reached;
  return [
    ...reached,
    ...transportFindings(facts),
    ...cacheFindings(facts),
    ...clockFindings(facts),
    ...facts.cookies.flatMap(cookieAttributeFindings),
    ...corsFindings(facts),
    ...seenFindings(config, facts),
  ];
};

const reachedFindings = ({ publicUrl }: Config, { url, unreachable, ready }: LiveFacts): Finding[] => {
  const findings: Finding[] = [];
  if (url !== publicUrl) {
    findings.push({
      id: 'live.other-address',
      level: 'warning',
      text: `You asked ${url}, and TEGATA_URL is ${publicUrl}: links in mails and the check of origins go by that.`,
      remedy: 'Ask the address that people use, and let TEGATA_URL be the same.',
    });
  }
  if (unreachable) {
    const remedies = {
      'no-address': 'Check the name, and its DNS records.',
      refused: 'Start the server or the proxy, and check its port and the firewall.',
      timeout: 'Check the firewall, and that the proxy reaches the server.',
      certificate: 'Browsers refuse it too: renew the certificate, for this very name, with its whole chain.',
      other: 'Check the address and what answers there.',
    };
    findings.push({
      id: unreachable.why === 'certificate' ? 'live.certificate' : 'live.unreachable',
      level: 'error',
      text: `${url} cannot be reached (${unreachable.detail}).`,
      remedy: remedies[unreachable.why],
    });
  } else if (ready.location !== undefined) {
    findings.push({
      id: 'live.redirects',
      level: 'error',
      text: `${url} sends its visitors on to ${ready.location}: a call that posts does not follow, and cookies belong to the other host.`,
      remedy: 'Let TEGATA_URL be the address where the journey ends, or stop the redirect.',
    });
  } else if (ready.status === 503 && ready.isTegata) {
    findings.push({
      id: 'live.not-ready',
      level: 'error',
      text: `Tegata at ${url} says that it is not ready: its database does not answer it, or it is stopping.`,
      remedy: 'Look at its log, and at the database as the server sees it.',
    });
  } else if (!ready.isTegata) {
    findings.push({
      id: 'live.not-tegata',
      level: 'error',
      text: `What answers at ${url}/health/ready is not Tegata (status ${ready.status}).`,
      remedy: 'Let the proxy pass every path on to it as it came, without adding or removing a prefix.',
    });
  } else {
    findings.push({ id: 'live.ready', level: 'ok', text: `${url} answers, and is ready` });
  }
  return findings;
};

const transportFindings = ({ url, certificate, plainHttp, hsts }: LiveFacts): Finding[] => {
  const findings: Finding[] = [];
  if (certificate && certificate.daysLeft < 14) {
    findings.push({
      id: 'tls.expires',
      level: 'warning',
      text: `The certificate ends in ${certificate.daysLeft} days.`,
      remedy: 'Renew it, and find out why nothing renews it by itself.',
    });
  }
  if (plainHttp === 'serves') {
    findings.push({
      id: 'tls.plain-http',
      level: 'warning',
      text: `Tegata answers on plain http under the same name as ${url}: what is sent there can be read on the way.`,
      remedy: 'Let the proxy answer http with a redirect to https, and nothing else.',
    });
  }
  if (url.startsWith('https:') && !isLoopback(new URL(url).hostname) && !/max-age=[1-9]/i.test(hsts ?? '')) {
    findings.push({
      id: 'tls.hsts-lost',
      level: 'warning',
      text: 'Strict-Transport-Security does not arrive, though the server sends it: a first visit over http can be intercepted.',
      remedy: 'Let the proxy pass the header on.',
    });
  }
  return findings;
};

const cacheFindings = ({ cacheControl, age }: LiveFacts): Finding[] => {
  if (age === undefined && /no-store/i.test(cacheControl ?? '')) return [];
  return [
    {
      id: 'proxy.caches',
      level: age === undefined ? 'warning' : 'error',
      text:
        age === undefined
          ? 'Cache-Control: no-store does not arrive: a cache or a browser may keep what was meant for one person.'
          : `An answer was ${age} s old: a cache stands in front, and may give one person what another one got.`,
      remedy: 'Let nothing in front of Tegata cache, or change Cache-Control.',
    },
  ];
};

const clockFindings = ({ clockAheadSeconds: ahead }: LiveFacts): Finding[] => {
  // The header counts whole seconds, and the answer took its time.
  if (ahead === undefined || Math.abs(ahead) <= 5) return [];
  return [
    {
      id: 'clock.differs',
      level: Math.abs(ahead) > 60 ? 'error' : 'warning',
      text: `The server's clock is ${Math.abs(ahead)} s ${ahead > 0 ? 'ahead of' : 'behind'} this machine's: services that verify tokens may take them for expired, or not yet valid.`,
      remedy: 'Synchronize both (NTP).',
    },
  ];
};

const corsFindings = ({ preflights }: LiveFacts): Finding[] =>
  preflights.flatMap(({ origin, expected, allowOrigin, allowCredentials }): Finding[] => {
    const allowed = allowOrigin !== undefined;
    if (!expected) {
      if (!allowed) return [];
      const reads = allowOrigin !== '*' && allowCredentials;
      return [
        {
          id: 'cors.open',
          level: reads ? 'error' : 'warning',
          text: `Something in front allows every origin (${foreignOrigin} got ${allowOrigin}${allowCredentials ? ', with credentials' : ''}); Tegata did not.`,
          remedy: 'Remove the CORS headers from the proxy: Tegata sends its own.',
        },
      ];
    }
    if (allowOrigin === origin && allowCredentials) return [];
    if (allowed && allowOrigin.includes(',')) {
      return [
        {
          id: 'cors.doubled',
          level: 'error',
          text: `A page of ${origin} is refused by every browser: Access-Control-Allow-Origin comes twice (${allowOrigin}).`,
          remedy: 'Remove the CORS headers from the proxy: Tegata sends its own.',
        },
      ];
    }
    return [
      {
        id: 'cors.refused',
        level: 'error',
        text: `A page of ${origin} may not call: the preflight was answered ${allowed ? `for ${allowOrigin}${allowCredentials ? '' : ', without credentials'}` : 'without leave'}.`,
        remedy:
          'If the server runs with these settings, the proxy answers OPTIONS itself: let it pass them on. Otherwise restart the server with TEGATA_ALLOWED_ORIGINS as it is here.',
      },
    ];
  });

const seenFindings = (config: Config, { seen, url }: LiveFacts): Finding[] => {
  if (seen === 'unknown-secret') {
    return [
      {
        id: 'live.other-secret',
        level: 'warning',
        text: `The server at ${url} did not know the doctor: it has another TEGATA_SECRET, or is older. What it sees of its clients stays unknown.`,
        remedy: "Run the doctor with the server's own settings.",
      },
    ];
  }
  const findings = clientFindings(config, seen);
  const differs = [
    seen.publicUrl === config.publicUrl ? [] : [`TEGATA_URL (${seen.publicUrl})`],
    seen.contracts.join() === config.contracts.join() ? [] : [`TEGATA_CONTRACTS (${seen.contracts.join(',')})`],
  ].flat();
  if (differs.length > 0) {
    findings.push({
      id: 'live.other-settings',
      level: 'warning',
      text: `The server runs with other settings than these: ${differs.join(', ')}.`,
      remedy: 'Restart it with these, or run the doctor with its own.',
    });
  }
  for (const header of seen.lostHeaders) {
    findings.push({
      id: 'proxy.header-lost',
      level: 'error',
      text: `The header ${header} was sent and did not arrive: ${meaningOf[header] ?? 'calls that need it fail'}.`,
      remedy: 'Let the proxy pass it on.',
    });
  }
  return findings;
};

const meaningOf: Readonly<Record<string, string>> = {
  authorization: 'nobody who sends an access token is known',
  cookie: 'nobody who is logged in by cookie is known',
  origin: 'calls from pages of other sites are not recognized',
  'sec-fetch-site': 'calls from pages of other sites are harder to recognize',
  'x-csrf-token': 'every call with a cookie is refused',
};
