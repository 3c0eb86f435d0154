// base64url (RFC 4648, section 5) in its one canonical spelling, with what every runtime has.

/** Undefined for padding, white space, other alphabets, and bits behind the last byte that are not zero. */
export const decodeBase64url = (text: string): Uint8Array<ArrayBuffer> | undefined => {
  if (!/^[\w-]*$/.test(text)) return undefined;
  let binary: string;
  try {
    binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  } catch {
    return undefined;
  }
  if (encodeBinary(binary) !== text) return undefined;
  const bytes = new Uint8Array(binary.length);
  for (let at = 0; at < binary.length; at += 1) bytes[at] = binary.charCodeAt(at);
  return bytes;
};

export const encodeBase64url = (bytes: Uint8Array): string => encodeBinary(String.fromCharCode(...bytes));

const encodeBinary = (binary: string): string => btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
