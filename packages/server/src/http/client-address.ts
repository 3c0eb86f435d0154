import ipaddr from 'ipaddr.js';
import { LRUCache } from 'lru-cache';

type Address = ipaddr.IPv4 | ipaddr.IPv6;

/**
 * Who is calling? The socket's address, unless that is a proxy we were told to trust: then the nearest hop in
 * `X-Forwarded-For` that is not one. Read from the right, because everything further left was written by the caller;
 * anything unreadable ends the walk at the last trusted hop.
 */
export const createClientAddress = (trustedProxies: readonly string[]) => {
  const trusted = trustedProxies.map((entry) => {
    if (ipaddr.isValidCIDR(entry)) return ipaddr.parseCIDR(entry);
    const address = ipaddr.process(entry);
    return [address, address.kind() === 'ipv4' ? 32 : 128] as [Address, number];
  });
  const isTrusted = (address: Address) =>
    trusted.some(([network, bits]) => network.kind() === address.kind() && address.match(network as never, bits));

  return (socketAddress: string | undefined, forwardedFor: string | undefined): string | null => {
    let client = parse(socketAddress);
    if (!client) return null;
    if (forwardedFor && trusted.length > 0) {
      for (const hop of forwardedFor.slice(-2000).split(',').reverse()) {
        if (!isTrusted(client)) break;
        const next = parse(hop.trim());
        if (!next) break;
        client = next;
      }
    }
    return client.toString();
  };
};

/** The key under which limits count an address: IPv6 by /64, since one customer usually holds a whole one. */
export const addressBucket = (address: string | null): string => {
  const parsed = parse(address ?? undefined);
  if (!parsed) return 'unknown';
  if (parsed.kind() === 'ipv4') return parsed.toString();
  return `${(parsed as ipaddr.IPv6).parts
    .slice(0, 4)
    .map((part) => part.toString(16))
    .join(':')}::/64`;
};

/** Reading an address costs as much as routing a request does, and most requests come from an address that came before. */
const known = new LRUCache<string, Address>({ max: 2_000 });

const parse = (text: string | undefined): Address | undefined => {
  if (!text) return undefined;
  const remembered = known.get(text);
  if (remembered) return remembered;
  const address = parseAnew(text);
  if (address) known.set(text, address);
  return address;
};

const parseAnew = (text: string): Address | undefined => {
  // A port or a zone would be guesswork; `process` turns ::ffff:a.b.c.d into a.b.c.d.
  if (text.includes('%') || !ipaddr.isValid(text)) return undefined;
  if (!text.includes(':') && !ipaddr.IPv4.isValidFourPartDecimal(text)) return undefined;
  return ipaddr.process(text);
};
