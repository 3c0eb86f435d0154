import { createHmac, createPublicKey, generateKeyPairSync, type KeyObject, sign as signWith } from 'node:crypto';
import { createServer } from 'node:http';

// Tokens that somebody made who is not the server. Most are signed with the server's own key, so that each differs from a
// good one in the one thing that must make it refused.

export type Json = Record<string, unknown>;
const encode = (part: unknown): string =>
  Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url');

export type Signer = (input: string) => Uint8Array;

export const hmac =
  (key: KeyObject | string | Buffer, hash = 'sha256'): Signer =>
  (input) =>
    createHmac(hash, key).update(input).digest();

/** Signs any header and payload, objects or text. */
export const forge = (header: unknown, payload: unknown, sign: Signer): string => {
  const input = `${encode(header)}.${encode(payload)}`;
  return `${input}.${Buffer.from(sign(input)).toString('base64url')}`;
};

/** A good token, and what it takes to make others like it: a shared secret, or a pair of keys of which one half is public. */
export type Kind = { header: Json; claims: Json; token: string; sign: Signer } & (
  | { secret: KeyObject; publicJwk?: undefined }
  | { secret?: undefined; publicJwk: Json }
);

type Forged = [name: string, token: string];

const without = (object: Json, name: string): Json => Object.fromEntries(Object.entries(object).filter(([key]) => key !== name));

/** The same secret with another hash than the algorithm's. */
const otherHashes = ({ header, claims }: Kind, secret: KeyObject): Forged[] => [
  ['HS384', forge({ ...header, alg: 'HS384' }, claims, hmac(secret, 'sha384'))],
  ['HS512', forge({ ...header, alg: 'HS512' }, claims, hmac(secret, 'sha512'))],
  ['HS256 made with another hash', forge(header, claims, hmac(secret, 'sha512'))],
];

/** As `ssh-keygen` writes it: the fields of RFC 4253, section 6.6, each behind its length. */
const sshKey = ({ kty, x, y }: Json): string => {
  const field = (bytes: Buffer) => Buffer.concat([Buffer.from([0, 0, 0, bytes.length]), bytes]);
  const [first, second] = [x, y].map((part) => Buffer.from(String(part ?? ''), 'base64url')) as [Buffer, Buffer];
  const name = kty === 'EC' ? 'ecdsa-sha2-nistp256' : 'ssh-ed25519';
  const fields = kty === 'EC' ? [Buffer.from('nistp256'), Buffer.concat([Buffer.from([4]), first, second])] : [first];
  return `${name} ${Buffer.concat([Buffer.from(name), ...fields].map(field)).toString('base64')}`;
};

/** A public key taken for a shared secret, in every form it is at hand, and signatures that only look like some. */
const confusions = (kind: Kind): Forged[] => {
  const { header, claims, token } = kind;
  const publicJwk = kind.publicJwk ?? {};
  const { kty, crv, x, y } = publicJwk;
  const publicKey = createPublicKey({ key: publicJwk as never, format: 'jwk' });
  const pem = String(publicKey.export({ type: 'spki', format: 'pem' }));
  const [xBytes, yBytes] = [x, y].map((part) => Buffer.from(String(part ?? ''), 'base64url')) as [Buffer, Buffer];
  const secrets: Record<string, string | Buffer> = {
    ...{ nothing: '', PEM: pem, 'PEM without its last line break': pem.trim(), 'PEM with CRLF': pem.replaceAll('\n', '\r\n') },
    'the inside of the PEM': pem.split('\n').slice(1, -2).join(''),
    DER: publicKey.export({ type: 'spki', format: 'der' }),
    ...{ 'the JWK': JSON.stringify(publicJwk), 'the bare JWK': JSON.stringify({ crv, kty, x, ...(y ? { y } : {}) }) },
    ...{ 'x as text': String(x), x: xBytes, 'x and y': Buffer.concat([xBytes, yBytes]) },
    'the point': Buffer.concat([Buffer.from([4]), xBytes, yBytes]),
    ...{ 'the SSH key': sshKey(publicJwk), kid: String(header.kid) },
  };
  const bySecret = Object.entries(secrets).flatMap(([name, secret]): Forged[] => [
    [`HS256 by ${name}`, forge({ ...header, alg: 'HS256' }, claims, hmac(secret))],
    [`HS512 by ${name}`, forge({ ...header, alg: 'HS512' }, claims, hmac(secret, 'sha512'))],
    [`${header.alg} by ${name}, which is an HMAC`, forge(header, claims, hmac(secret))],
  ]);
  const [head, payload, third = ''] = token.split('.');
  const signature = Buffer.from(third, 'base64url');
  const [r, s] = [signature.subarray(0, 32), signature.subarray(32)];
  const signed = (bytes: Uint8Array) => `${head}.${payload}.${Buffer.from(bytes).toString('base64url')}`;
  return [
    ...bySecret,
    ['a signature of zeros', signed(Buffer.alloc(64))],
    ['a signature of ones', signed(Buffer.alloc(64, 255))],
    ['r = s = 1', signed(Buffer.concat([Buffer.alloc(31), Buffer.of(1), Buffer.alloc(31), Buffer.of(1)]))],
    ['halves of the signature changed over', signed(Buffer.concat([s, r]))],
    ['one byte less', signed(signature.subarray(1))],
    ['one byte more', signed(Buffer.concat([Buffer.of(0), signature]))],
    ['a byte behind', signed(Buffer.concat([signature, Buffer.of(0)]))],
    ['the other signature of the same text', signed(otherSignature(signature, kty === 'EC'))],
  ];
};

/** For ECDSA (r, n − s), which verifies as well; for Ed25519 s + L, which verified where nobody looked at its size. */
const otherSignature = (signature: Buffer, isEcdsa: boolean): Buffer => {
  const made = Buffer.from(signature);
  if (isEcdsa) {
    const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
    const s = order - BigInt(`0x${signature.subarray(32).toString('hex')}`);
    made.write(s.toString(16).padStart(64, '0'), 32, 'hex');
  } else {
    const order = 2n ** 252n + 27742317777372353535851937790883648493n;
    const s = order + BigInt(`0x${Buffer.from(signature.subarray(32)).reverse().toString('hex')}`);
    Buffer.from(s.toString(16).padStart(64, '0'), 'hex').reverse().copy(made, 32);
  }
  return made;
};

/** Everything that can be wrong with a token of this kind; `other` is the other kind of the same session. */
export const forgeries = (kind: Kind, other: Kind, jku: string): Forged[] => {
  const { header, claims, token, sign, secret } = kind;
  const [head = '', payload = '', signature = ''] = token.split('.');
  const withHeader = (change: Json) => forge({ ...header, ...change }, claims, sign);
  const withClaims = (change: Json) => forge(header, { ...claims, ...change }, sign);
  const unsigned = (alg: string) => `${encode({ ...header, alg })}.${payload}.`;
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const jwk = publicKey.export({ format: 'jwk' });
  const shared = { kty: 'oct', k: Buffer.from('attacker').toString('base64url'), alg: 'HS256' };
  const asymmetric = (change: Json) => {
    const input = `${encode({ ...header, alg: 'ES256', ...change })}.${payload}`;
    const made = signWith('sha256', Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' });
    return `${input}.${made.toString('base64url')}`;
  };
  const text = JSON.stringify(claims);
  const notStrings = [undefined, null, '', 0, 1, true, [], {}];
  const notTimes = [undefined, null, '', '9999999999', -1, 1.5, 1e300, true, [], {}];
  return [
    ...['none', 'None', 'NONE', 'nOnE', ''].flatMap((alg): [string, string][] => [
      [`alg ${alg} without signature`, unsigned(alg)],
      [`alg ${alg} with the old signature`, unsigned(alg) + signature],
      [`alg ${alg}, signed`, withHeader({ alg })],
    ]),
    ...(secret ? otherHashes(kind, secret) : confusions(kind)),
    ...[
      'hs256',
      ' HS256',
      'HS256\u0000',
      'RS256',
      ...['HS256', 'ES256', 'EdDSA'].filter((other) => other !== header.alg),
      'dir',
      null,
      ['HS256'],
      256,
      {},
    ].map((alg): [string, string] => [`alg ${JSON.stringify(alg)}`, withHeader({ alg })]),
    ['no alg', forge(without(header, 'alg'), claims, sign)],
    ...['JWT', 'jwt', 'at+JWT', 'application/at+jwt', 'rt+jwts', other.header.typ, '', null, ['at+jwt']].map(
      (typ): [string, string] => [`typ ${JSON.stringify(typ)}`, withHeader({ typ })],
    ),
    ['no typ', forge(without(header, 'typ'), claims, sign)],
    ...[
      other.header.kid,
      'unknown',
      '',
      '../../../dev/null',
      "' or 1=1 --",
      '__proto__',
      'constructor',
      'toString',
      null,
      0,
      ['x'],
    ].map((kid): [string, string] => [`kid ${JSON.stringify(kid)}`, withHeader({ kid })]),
    ['no kid', forge(without(header, 'kid'), claims, sign)],
    ['kid of an empty key', forge({ ...header, alg: 'HS256', kid: '../../../dev/null' }, claims, hmac(''))],
    ['signed with an empty key', forge({ ...header, alg: 'HS256' }, claims, hmac(''))],
    ['signed with a common key', forge({ ...header, alg: 'HS256' }, claims, hmac('secret'))],
    ['signed with the key of the other kind', forge(header, claims, other.sign)],
    ['the other kind, signed with this key', forge({ ...other.header, alg: header.alg }, other.claims, sign)],
    ['the header of the other kind', forge(other.header, claims, sign)],
    ['the claims of the other kind', forge(header, other.claims, sign)],
    ['the other kind itself', other.token],
    ['embedded jwk', asymmetric({ jwk })],
    ['embedded shared jwk', forge({ ...header, alg: 'HS256', jwk: shared }, claims, hmac('attacker'))],
    ['jku of the attacker', asymmetric({ jku })],
    ['jku, signed with the right key', withHeader({ jku })],
    ['x5u', asymmetric({ x5u: jku })],
    ['x5c', asymmetric({ x5c: ['MIIB'] })],
    ['crit', withHeader({ crit: ['exp'] })],
    ['b64', withHeader({ b64: false, crit: ['b64'] })],
    ['zip', withHeader({ zip: 'DEF' })],
    ['unknown header', withHeader({ x: 1 })],
    ['duplicate alg', forge(JSON.stringify(header).replace('{', '{"alg":"none",'), claims, sign)],
    ['duplicate sub', forge(header, text.replace('{', '{"sub":"somebody",'), sign)],
    ['duplicate exp, escaped', forge(header, text.replace('{', '{"\\u0065xp":9999999999,'), sign)],
    ['header that is no object', forge('[]', claims, sign)],
    ['payload that is no object', forge(header, '"text"', sign)],
    ['payload that is a list', forge(header, [claims], sign)],
    ['payload that is no JSON', forge(header, 'x', sign)],
    ['payload that is empty', forge(header, '', sign)],
    ['payload with invalid UTF-8', `${head}.${Buffer.from([0x7b, 0xff, 0x7d]).toString('base64url')}.${signature}`],
    ...['evil', '', null, 0, [claims.iss], { a: claims.iss }, `${claims.iss}/`].map((iss): [string, string] => [
      `iss ${JSON.stringify(iss)}`,
      withClaims({ iss }),
    ]),
    ['no iss', forge(header, without(claims, 'iss'), sign)],
    ...['evil', other.claims.aud, '', null, [], [claims.aud], [claims.aud, 'evil'], ['evil', claims.aud], {}].map(
      (aud): [string, string] => [`aud ${JSON.stringify(aud)}`, withClaims({ aud })],
    ),
    ['no aud', forge(header, without(claims, 'aud'), sign)],
    ...['sub', 'jti', 'sid'].flatMap((name) =>
      notStrings.map((value): [string, string] => [`${name} ${JSON.stringify(value)}`, withClaims({ [name]: value })]),
    ),
    ...['exp', 'iat', 'gen'].flatMap((name) =>
      notTimes.map((value): [string, string] => [`${name} ${JSON.stringify(value)}`, withClaims({ [name]: value })]),
    ),
    ['a generation that is still to come', withClaims({ gen: (claims.gen as number) + 1 })],
    // The tests' clock stands still where the token was issued, and five seconds of another clock are tolerated.
    ...[6, 60].flatMap((ahead): [string, string][] => [
      [`iat ${ahead} s in the future`, withClaims({ iat: (claims.iat as number) + ahead })],
      [`nbf ${ahead} s in the future`, withClaims({ nbf: (claims.iat as number) + ahead })],
    ]),
    ['nbf that is no time', withClaims({ nbf: 'now' })],
    ['padding', `${token}=`],
    ['a dot in front', `.${token}`],
    ['a dot behind', `${token}.`],
    ['two segments', `${head}.${payload}`],
    ['one segment', head],
    ['no signature', `${head}.${payload}.`],
    ['five segments', `${token}.${payload}.${signature}`],
    ['twice', token + token],
    ['the other alphabet', `${head}.${payload}.${signature}+/`],
    ['12 KB', `${head}.${'A'.repeat(12_000)}.${signature}`],
    ['upper case', token.toUpperCase()],
  ];
};

/** Right in all but the time: over at this very second, a second ago, or long ago. */
export const expired = ({ header, claims, sign }: Kind): Forged[] =>
  [0, 1, 3600].map((ago): Forged => {
    const exp = (claims.iat as number) - ago;
    return [`over ${ago} s ago`, forge(header, { ...claims, iat: exp - 900, exp }, sign)];
  });

/** A server of the attacker; nobody may ever call it. */
export const attackersKeys = async () => {
  let calls = 0;
  const listening = createServer((_request, response) => {
    calls += 1;
    response.end('{"keys":[]}');
  });
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
  const { port } = listening.address() as { port: number };
  return { jku: `http://127.0.0.1:${port}/keys.json`, calls: () => calls, close: () => listening.close() };
};
