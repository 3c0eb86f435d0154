// Messages that break the grammar of HTTP/1.1 (RFC 9112, RFC 9110), by the rule they break. None may be answered with
// anything but a refusal: two readers of one message who disagree about its end are how requests are smuggled.

const path = '/health/live';
const login = '/api/v1/auth/login';
const crlf = (...lines: string[]): string => `${lines.join('\r\n')}\r\n\r\n`;
const get = (...headers: string[]): string => crlf(`GET ${path} HTTP/1.1`, 'Host: localhost', ...headers);
const post = (headers: string[], body: string): string =>
  crlf(`POST ${login} HTTP/1.1`, 'Host: localhost', 'Content-Type: application/json', ...headers) + body;
const line = (first: string): string => crlf(first, 'Host: localhost');
const chunked = (body: string): string => post(['Transfer-Encoding: chunked'], body);

export const malformedMessages: Readonly<Record<string, readonly string[]>> = {
  'request line': [
    ...[line(path), line('GET'), line(`GET ${path}`), line(`${path} GET HTTP/1.1`)],
    ...[
      line(`GET\t${path}\tHTTP/1.1`),
      line(`GET ${path} HTTP/1.1 x`),
      line('GET /health /live HTTP/1.1'),
      line(`GET ${path}\u0000 HTTP/1.1`),
    ],
    ...[
      line(`GET ${path}\u0001 HTTP/1.1`),
      line('GET health/live HTTP/1.1'),
      line('GET ?x HTTP/1.1'),
      line(' HTTP/1.1'),
      line(` GET ${path} HTTP/1.1`),
    ],
    ...[line(`GET ${path}\r HTTP/1.1`), line(`GET ${path}\u007f HTTP/1.1`), line('GET \\health\\live HTTP/1.1')],
  ],
  method: [
    ...[
      line(`G@T ${path} HTTP/1.1`),
      line(`get ${path} HTTP/1.1`),
      line(`GETX ${path} HTTP/1.1`),
      line(`GE T ${path} HTTP/1.1`),
      line(`"GET" ${path} HTTP/1.1`),
    ],
    ...[
      line(`\u0000GET ${path} HTTP/1.1`),
      line(`${'A'.repeat(200)} ${path} HTTP/1.1`),
      line(`G\u0001T ${path} HTTP/1.1`),
      line(`PRI * HTTP/2.0`),
    ],
  ],
  version: [
    ...[
      line(`GET ${path} HTTP/1.2`),
      line(`GET ${path} HTTP/3.0`),
      line(`GET ${path} HTTP/11`),
      line(`GET ${path} HTTP/1`),
      line(`GET ${path} HTTP/1.1.1`),
    ],
    ...[
      line(`GET ${path} http/1.1`),
      line(`GET ${path} HTTPS/1.1`),
      line(`GET ${path} HTTP/1,1`),
      line(`GET ${path} HTTP/01.1`),
      line(`GET ${path} HTTP/ 1.1`),
    ],
    ...[line(`GET ${path} HTTP/1.10`), line(`GET ${path} ICE/1.0`), line(`GET ${path} HTTP/1.x`)],
  ],
  host: [
    ...[
      crlf(`GET ${path} HTTP/1.1`),
      get('Host: evil.example'),
      crlf(`GET ${path} HTTP/1.1`, 'Host: a b'),
      crlf(`GET ${path} HTTP/1.1`, 'Host: evil.example/x'),
    ],
    ...[
      crlf(`GET ${path} HTTP/1.1`, 'Host: a@b'),
      crlf(`GET ${path} HTTP/1.1`, 'Host: [::1'),
      crlf(`GET ${path} HTTP/1.1`, 'Host: localhost:99999'),
    ],
  ],
  'header name': [
    ...[
      get('X Space: a'),
      get('X-Space : a'),
      get('X-Tab\t: a'),
      get(': a'),
      get('No colon'),
      get('X\u0000Nul: a'),
      get('X-Ctl\u0001: a'),
      get('X-Ütf: a'),
    ],
    ...[
      get('X(Comment): a'),
      get('"X-Quoted": a'),
      get('X@At: a'),
      get('X-Del\u007f: a'),
      get('X[1]: a'),
      get('X{}: a'),
      get('X\\: a'),
      get('X,Y: a'),
    ],
    ...[crlf(`GET ${path} HTTP/1.1`, ' Host: localhost'), get('Content-Length : 0'), get('Transfer-Encoding : chunked')],
  ],
  'header value': [
    ...[
      get('X-Nul: a\u0000b'),
      get('X-Ctl: a\u0001b'),
      get('X-Del: a\u007fb'),
      get('X-Cr: a\rb'),
      get('X-Bell: \u0007'),
      get('X-Esc: \u001b[31m'),
    ],
    ...[get('X-Folded: a\r\n b'), get('X-Folded: a\r\n\tb'), crlf(`GET ${path} HTTP/1.1`, ' X-First: folded', 'Host: localhost')],
  ],
  'line ends': [
    `GET ${path} HTTP/1.1\nHost: localhost\n\n`,
    `GET ${path} HTTP/1.1\r\nHost: localhost\nX: y\r\n\r\n`,
    `GET ${path} HTTP/1.1\r\nHost: localhost\r\nX: y\n\r\n`,
    `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\n`,
    `GET ${path} HTTP/1.1\rHost: localhost\r\r`,
    `GET ${path} HTTP/1.1\r\nHost: localhost\rX: y\r\n\r\n`,
    `GET ${path} HTTP/1.1\r\r\nHost: localhost\r\n\r\n`,
    `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r \n`,
  ],
  'content length': [
    ...[
      '-1',
      '+2',
      '0x2',
      '2.0',
      '2,2',
      '2, 2',
      '2 2',
      '1e1',
      '',
      'two',
      '2;',
      '٢',
      '99999999999999999999',
      '18446744073709551617',
      '2\u00a0',
    ].map((length) => post([`Content-Length: ${length}`], '{}')),
    ...[post(['Content-Length: 2', 'Content-Length: 3'], '{}a'), post(['Content-Length: 2', 'Content-Length: 2'], '{}')],
    ...[post(['Content-Length: 2', 'content-length: 0'], '{}'), post(['Content-Length: 0', 'Content-Length:'], '')],
  ],
  'both lengths': [
    ...[
      post(['Content-Length: 5', 'Transfer-Encoding: chunked'], '0\r\n\r\n'),
      post(['Transfer-Encoding: chunked', 'Content-Length: 5'], '0\r\n\r\n'),
    ],
    ...[
      post(['Content-Length: 0', 'Transfer-Encoding: chunked'], '0\r\n\r\n'),
      post(['Transfer-Encoding: chunked', 'Content-Length: 0'], '2\r\n{}\r\n0\r\n\r\n'),
    ],
  ],
  'transfer encoding': [
    'chunked, identity',
    'identity, chunkedx',
    'xchunked',
    'chunked x',
    '"chunked"',
    'gzip',
    'identity',
    'chunked, gzip',
    ',',
    'chunked;',
    '\u000bchunked',
  ].map((encoding) => post([`Transfer-Encoding: ${encoding}`], '2\r\n{}\r\n0\r\n\r\n')),
  chunks: [
    ...[
      chunked('zz\r\n{}\r\n0\r\n\r\n'),
      chunked('-2\r\n{}\r\n0\r\n\r\n'),
      chunked('0x2\r\n{}\r\n0\r\n\r\n'),
      chunked(' 2\r\n{}\r\n0\r\n\r\n'),
      chunked('\r\n{}\r\n0\r\n\r\n'),
    ],
    ...[
      chunked('2\r\n{}0\r\n\r\n'),
      chunked('2\r\n{}\n0\r\n\r\n'),
      chunked('2\n{}\r\n0\r\n\r\n'),
      chunked('2\r{}\r\n0\r\n\r\n'),
      chunked('1\r\n{}\r\n0\r\n\r\n'),
      chunked('2 \r\n{}\r\n0\r\n\r\n'),
    ],
    ...[
      chunked(`${'f'.repeat(17)}\r\n{}\r\n0\r\n\r\n`),
      chunked(`1${'0'.repeat(16)}\r\n{}\r\n0\r\n\r\n`),
      chunked('2;a\rb\r\n{}\r\n0\r\n\r\n'),
      chunked('2;a\nb\r\n{}\r\n0\r\n\r\n'),
      chunked('2;\u0000\r\n{}\r\n0\r\n\r\n'),
    ],
    ...[
      chunked('2\r\n{}\r\n0\r\nBad Trailer: x\r\n\r\n'),
      chunked('2\r\n{}\r\n0\r\nX: \u0000\r\n\r\n'),
      chunked('2\r\n{}\r\n0\nX: y\r\n\r\n'),
      chunked('2\r\n{}\r\n0\r\n X: y\r\n\r\n'),
    ],
  ],
};

/**
 * What the parser of Node takes and RFC 9112, section 3, lets a reader take (white space), or what is nobody's HTTP at all
 * (RTSP). Where such a message ends is in no doubt, so nothing can be smuggled behind it.
 */
export const toleratedMessages: readonly string[] = [
  line(`GET  ${path} HTTP/1.1`),
  line(`GET ${path}  HTTP/1.1`),
  line(`GET ${path} RTSP/1.0`),
];
