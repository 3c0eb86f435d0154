// A mail as its reader's program takes it apart: every header line, and the bodies decoded.

export type ReadMail = { headers: [name: string, value: string][]; bodies: string };

const unfolded = (head: string): [string, string][] =>
  head
    .replaceAll(/\r\n[ \t]+/g, ' ')
    .split('\r\n')
    .map((line): [string, string] => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()]);

const decoded = (encoding: string | undefined, body: string): string => {
  if (encoding === 'base64') return Buffer.from(body, 'base64').toString('utf8');
  if (encoding !== 'quoted-printable') return body;
  const bytes = body
    .replaceAll(/=\r\n/g, '')
    .replaceAll(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, 'latin1').toString('utf8');
};

export const readMail = (raw: string): ReadMail => {
  const split = (text: string): [string, string] => {
    const end = text.indexOf('\r\n\r\n');
    return [text.slice(0, end), text.slice(end + 4)];
  };
  const [head, body] = split(raw);
  const headers = unfolded(head);
  const boundary = /boundary="([^"]+)"/.exec(head)?.[1];
  const encodingOf = (lines: [string, string][]) => lines.find(([name]) => /^content-transfer-encoding$/i.test(name))?.[1];
  if (boundary === undefined) return { headers, bodies: decoded(encodingOf(headers), body) };
  const parts = body.split(`--${boundary}`).slice(1, -1);
  const bodies = parts.map((part) => {
    const [partHead, partBody] = split(part.replace(/^\r\n/, ''));
    return decoded(encodingOf(unfolded(partHead)), partBody);
  });
  return { headers, bodies: bodies.join('\n') };
};

/** A header with encoded words (RFC 2047) as a person reads it. */
export const readHeader = (value: string): string =>
  value
    .replaceAll(/\?=\s+=\?/g, '?==?')
    .replaceAll(/=\?utf-8\?([BQ])\?([^?]*)\?=/gi, (_, kind: string, text: string) =>
      kind.toUpperCase() === 'B'
        ? Buffer.from(text, 'base64').toString('utf8')
        : decoded('quoted-printable', text.replaceAll('_', ' ')),
    );
