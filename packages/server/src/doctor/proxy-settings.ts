// What TEGATA_TRUSTED_PROXIES, HOST and the number of clients behind one address mean, before anybody has looked.

import ipaddr from 'ipaddr.js';
import type { Config } from '../config/config.ts';
import type { Finding } from './finding.ts';
import { isLoopback, isPrivateAddress } from './site.ts';

type Settings = Pick<Config, 'production' | 'trustedProxies' | 'host' | 'rateLimits'>;

export const proxyFindings = ({ production, trustedProxies, host, rateLimits }: Settings): Finding[] => {
  const findings: Finding[] = [];
  for (const proxy of trustedProxies) {
    const bits = prefixOf(proxy);
    if (bits === 0) {
      findings.push({
        id: 'proxy.trusts-everybody',
        level: 'error',
        text: `TEGATA_TRUSTED_PROXIES=${proxy} trusts every address there is: whoever writes an X-Forwarded-For chooses under which address their attempts are counted.`,
        remedy: "Name the proxies' own addresses or networks.",
      });
    } else if (!isPrivateAddress(addressOf(proxy)) && bits < (proxy.includes(':') ? 24 : 12)) {
      findings.push({
        id: 'proxy.wide',
        level: 'warning',
        text: `TEGATA_TRUSTED_PROXIES=${proxy} is a large part of the public internet: a stranger within it is believed.`,
        remedy: "Name the networks that your proxies' provider publishes.",
      });
    }
  }
  const isBehindLoopback = isLoopback(host) && !trustedProxies.some((proxy) => isLoopback(addressOf(proxy)));
  if (production && rateLimits && isBehindLoopback) {
    findings.push({
      id: 'proxy.loopback-untrusted',
      level: 'warning',
      text: `HOST=${host}: only a proxy on this machine can pass people on, and it is not trusted, so all of them share one limit.`,
      remedy: 'TEGATA_TRUSTED_PROXIES=127.0.0.1,::1',
    });
  } else if (production && trustedProxies.length === 0) {
    findings.push({
      id: 'configuration.no-trusted-proxy',
      level: 'note',
      text: 'TEGATA_TRUSTED_PROXIES is empty: behind a proxy every client would share one limit.',
      remedy: 'Set its CIDR, unless clients connect directly; `tegata doctor --url` finds out which it is.',
    });
  }
  return findings;
};

const addressOf = (proxy: string): string => proxy.split('/')[0] ?? '';

const prefixOf = (proxy: string): number => {
  if (ipaddr.isValidCIDR(proxy)) return ipaddr.parseCIDR(proxy)[1];
  return proxy.includes(':') ? 128 : 32;
};
