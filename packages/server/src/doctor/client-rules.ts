// Who is calling? Limits and the audit log go by the client's address, and behind proxies the server knows only what they
// tell it. Both mistakes are quiet: trusting nobody puts everybody into one limit, trusting too many lets anybody choose.

import type { Config } from '../config/config.ts';
import type { Finding } from './finding.ts';
import { type Seen, spoofedAddress } from './live-facts.ts';
import { isPrivateAddress } from './site.ts';

export const clientFindings = (
  { trustedProxies, publicUrl }: Pick<Config, 'trustedProxies' | 'publicUrl'>,
  seen: Seen,
): Finding[] => {
  const { socketAddress, forwardedFor, clientAddress, spoofed } = seen;
  if (spoofed.clientAddress === spoofedAddress) {
    return [
      {
        id: 'client-address.forgeable',
        level: 'error',
        text: `A caller who writes ${spoofedAddress} into X-Forwarded-For is taken for ${spoofedAddress}: limits by address stop nobody, and the audit log holds what callers want.`,
        remedy: `Let the outermost proxy overwrite the header, or append to it; and name in TEGATA_TRUSTED_PROXIES=${trustedProxies.join(',')} the proxies alone.`,
      },
    ];
  }
  const hops = hopsIn(forwardedFor);
  if (hops.length === 0) {
    if (trustedProxies.length === 0) return [directFinding(seen, publicUrl)];
    if (clientAddress !== null && isPrivateAddress(clientAddress) && isPublic(publicUrl)) {
      return [
        {
          id: 'client-address.not-forwarded',
          level: 'error',
          text: `The proxy at ${socketAddress} is trusted and says nothing: without X-Forwarded-For all clients are ${clientAddress}, and share one limit.`,
          remedy: 'Let it append the address of its client (nginx: proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for).',
        },
      ];
    }
    return [
      {
        id: 'client-address.past-proxy',
        level: 'warning',
        text: `TEGATA_TRUSTED_PROXIES is set, and this call came without a proxy (from ${socketAddress}): the server can be reached past it.`,
        remedy: 'Let the firewall admit the proxies alone, if they do more than pass calls on.',
      },
    ];
  }
  if (clientAddress === socketAddress) {
    return [
      {
        id: 'client-address.shared',
        level: 'error',
        text: `The proxy at ${socketAddress} passes on for whom it calls (${hops.join(', ')}), and is not trusted: all clients share its limit, and a stranger can use it up.`,
        remedy: `TEGATA_TRUSTED_PROXIES=${[...trustedProxies, socketAddress].join(',')}, or its network.`,
      },
    ];
  }
  if (clientAddress !== null && isPrivateAddress(clientAddress) && hops.some((hop) => !isPrivateAddress(hop))) {
    return [
      {
        id: 'client-address.inner-hop',
        level: 'error',
        text: `There is more than one proxy (${[...hops, socketAddress].join(' → ')}), and the one at ${clientAddress} is taken for the client: all who come through it share one limit.`,
        remedy: `Add it: TEGATA_TRUSTED_PROXIES=${[...trustedProxies, clientAddress].join(',')}`,
      },
    ];
  }
  if (hops.length > 1 && clientAddress === hops.at(-1) && hops[0] !== clientAddress) {
    return [
      {
        id: 'client-address.outer-hop',
        level: 'warning',
        text: `X-Forwarded-For held ${hops.join(', ')} for a call that began with none, and the last of them is taken for the client: it may be a proxy too, such as that of a content network.`,
        remedy: 'If it is, add the networks that its provider publishes to TEGATA_TRUSTED_PROXIES.',
      },
    ];
  }
  return [
    {
      id: 'client-address.forwarded',
      level: 'ok',
      text: `proxies pass on who calls (${clientAddress}), and nobody can pretend to be somebody else`,
    },
  ];
};

const directFinding = ({ socketAddress }: Seen, publicUrl: string): Finding => {
  if (socketAddress !== null && isPrivateAddress(socketAddress) && isPublic(publicUrl)) {
    return {
      id: 'client-address.hidden',
      level: 'warning',
      text: `The call came from ${socketAddress}, without X-Forwarded-For: if that is a proxy, or the gateway of a container network, all clients look the same and share one limit.`,
      remedy: 'Let it say for whom it calls, and name it in TEGATA_TRUSTED_PROXIES.',
    };
  }
  return { id: 'client-address.direct', level: 'ok', text: `clients connect directly (this one from ${socketAddress})` };
};

const hopsIn = (forwardedFor: string | undefined): string[] =>
  (forwardedFor ?? '')
    .split(',')
    .map((hop) => hop.trim())
    .filter(Boolean);

/** Whether strangers come from other networks; https, because a public server has that. */
const isPublic = (publicUrl: string): boolean => publicUrl.startsWith('https:');
