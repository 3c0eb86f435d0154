import { parse } from 'hono/utils/cookie';

/**
 * `Set-Cookie` values with attributes always in one order. Every cookie of ours is `Secure; HttpOnly; SameSite=Strict`
 * (RFC 6265bis); clearing repeats the attributes with an empty value and `Max-Age=0`, or browsers keep the old one.
 */
export const strictCookie = (
  name: string,
  value: string,
  { path, maxAgeSeconds }: { path: string; maxAgeSeconds: number },
): string => `${name}=${value}; Path=${path}; HttpOnly; Secure; SameSite=Strict; Max-Age=${maxAgeSeconds}`;

/**
 * The cookie's value, or undefined when it is missing or was sent more than once: of two cookies with one name at most
 * one is ours (a sibling domain may toss in another), and guessing which would be worse than asking to log in.
 */
export const readCookie = (header: string | undefined, name: string): string | undefined => {
  if (!header) return undefined;
  const sent = header.split(';').filter((pair) => pair.split('=')[0]?.trim() === name);
  if (sent.length !== 1) return undefined;
  return parse(sent[0] as string, name)[name] || undefined;
};
