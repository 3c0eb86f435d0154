// The address of a Redis server. Apart from the client, which a server without Redis never loads.

export type RedisAddress = { host: string; port: number; tls: boolean };

/** @throws Error with words for the operator; the value is not repeated, it may hold a password. */
export const parseRedisUrl = (text: string): RedisAddress => {
  const url = URL.parse(text);
  const tls = url?.protocol === 'rediss:';
  const isKnown = url && (tls || url.protocol === 'redis:') && url.hostname !== '' && /^(\/\d{0,4})?$/.test(url.pathname);
  if (!isKnown || url.search || url.hash || !isDecodable(url.username) || !isDecodable(url.password)) {
    throw new Error(
      'REDIS_URL: give redis://user:password@host:6379/0, or rediss:// for TLS; signs in a password are written as in a URL (%40 for @).',
    );
  }
  return { host: url.hostname, port: Number(url.port || 6379), tls };
};

const isDecodable = (text: string): boolean => {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
};

export const defaultRedisPrefix = 'tegata:';

/** What to do about the prefix, or undefined. Braces would be taken for a hash tag, and put every key into one slot of a cluster. */
export const problemOfRedisPrefix = (prefix: string): string | undefined =>
  /^[\w.:-]{1,64}$/.test(prefix)
    ? undefined
    : `TEGATA_REDIS_PREFIX=${prefix}: give up to 64 letters, digits and any of . : - _, such as tegata:.`;
