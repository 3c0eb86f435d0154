// The public address and the origins that may call: what TEGATA_URL and TEGATA_ALLOWED_ORIGINS mean together.

import type { Config } from '../config/config.ts';
import type { Finding } from './finding.ts';
import { isAddress, isHostingSuffix, isLoopback, isPrivateHost, sharedSuffixOf } from './site.ts';

type Settings = Pick<Config, 'publicUrl' | 'allowedOrigins' | 'production' | 'contracts'>;

export const originFindings = (settings: Settings): Finding[] => [
  ...publicUrlFindings(settings),
  ...settings.allowedOrigins.flatMap((origin) => allowedFindings(origin, settings)),
];

const publicUrlFindings = ({ publicUrl, production }: Settings): Finding[] => {
  const { hostname, port } = new URL(publicUrl);
  const findings: Finding[] = [];
  if (production && isLoopback(hostname)) {
    findings.push({
      id: 'url.loopback',
      level: 'error',
      text: `TEGATA_URL=${publicUrl} leads everybody who clicks a mailed link to their own machine.`,
      remedy: 'Give the address under which people reach this server.',
    });
  } else if (production && isPrivateHost(hostname)) {
    findings.push({
      id: 'url.private',
      level: 'note',
      text: `TEGATA_URL=${publicUrl} is known within its network only: mailed links open nowhere else.`,
      remedy: 'Right for an office; otherwise give the public address.',
    });
  } else if (production && isAddress(hostname)) {
    findings.push({
      id: 'url.ip-address',
      level: 'warning',
      text: `TEGATA_URL=${publicUrl} is a bare address: certificates for those are rare, and it cannot be one site with anything.`,
      remedy: 'Give it a name.',
    });
  }
  const suffix = sharedSuffixOf(hostname);
  if (suffix === hostname) {
    findings.push({
      id: 'url.suffix',
      level: 'error',
      text: `${hostname} is a suffix under which strangers have hosts: it cannot be this server's own.`,
      remedy: `Give the whole name, such as https://yours.${suffix}.`,
    });
  } else if (production && suffix && isHostingSuffix(suffix)) {
    findings.push({
      id: 'url.shared-suffix',
      level: 'note',
      text: `${hostname} is a site of its own: no other host under ${suffix} can share its cookies, yours included.`,
      remedy: 'With pages on another host, give both a domain of yours.',
    });
  }
  if (production && port) {
    findings.push({
      id: 'url.port',
      level: 'note',
      text: `TEGATA_URL names port ${port}. Cookies do not: every port of ${hostname} gets them.`,
      remedy: 'Run nothing on that host that you trust less.',
    });
  }
  return findings;
};

const allowedFindings = (origin: string, { publicUrl, production }: Settings): Finding[] => {
  const { protocol, hostname } = new URL(origin);
  const own = new URL(publicUrl);
  if (origin === publicUrl) {
    return [
      {
        id: 'cors.own-origin',
        level: 'note',
        text: `TEGATA_ALLOWED_ORIGINS names ${origin}, which is TEGATA_URL and allowed anyway.`,
        remedy: 'Leave it out.',
      },
    ];
  }
  const findings: Finding[] = [];
  if (production && isLoopback(hostname)) {
    findings.push({
      id: 'cors.loopback-origin',
      level: 'warning',
      text: `${origin} may call this production server with the credentials of whoever opens it: any program on that person's machine can serve that page.`,
      remedy: 'Leave it out of TEGATA_ALLOWED_ORIGINS, and develop against a server of your own.',
    });
  } else if (production && protocol === 'http:') {
    findings.push({
      id: 'cors.plain-origin',
      level: 'error',
      text: `${origin} is http: whoever is on the network between can change that page, and it may call here with its reader's credentials.`,
      remedy: `Serve it with TLS and name ${origin.replace(/^http:/, 'https:')} in TEGATA_ALLOWED_ORIGINS.`,
    });
  }
  if (protocol === 'http:' && own.protocol === 'https:' && hostname.endsWith(`.${own.hostname}`) && !isLoopback(hostname)) {
    findings.push({
      id: 'cors.hsts-origin',
      level: 'warning',
      text: `Once a browser has been at ${publicUrl}, it opens ${origin} with https: the server's HSTS covers hosts below its own.`,
      remedy: `Serve ${hostname} with TLS.`,
    });
  }
  const suffix = sharedSuffixOf(hostname);
  if (suffix === hostname) {
    findings.push({
      id: 'cors.suffix-origin',
      level: 'error',
      text: `${hostname} is a suffix under which strangers have hosts: no page of yours comes from there.`,
      remedy: `Name the whole host in TEGATA_ALLOWED_ORIGINS, such as https://yours.${suffix}.`,
    });
  }
  return findings;
};
