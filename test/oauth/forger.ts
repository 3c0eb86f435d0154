import { createHash } from 'node:crypto';
import { exportJWK, generateKeyPair, type JWTHeaderParameters, SignJWT, UnsecuredJWT } from 'jose';
import { cookiePair, startServer } from '../server.ts';
import { startFaultyServer } from './faulty-server.ts';
import { openidClient } from './openid-server.ts';
import { callback } from './people.ts';

// A provider of OpenID Connect that says whatever the test wants in its ID token. Everything but the one right form is
// refused, as in the conformance tests for relying parties.

const right = await generateKeyPair('RS256', { extractable: true });
const foreign = await generateKeyPair('RS256');
export const curve = await generateKeyPair('ES256', { extractable: true });
const small = await generateKeyPair('RS256', { extractable: true });
const keys = [
  { ...(await exportJWK(right.publicKey)), kid: 'right', alg: 'RS256', use: 'sig' },
  { ...(await exportJWK(curve.publicKey)), kid: 'curve', alg: 'ES256', use: 'sig' },
  { ...(await exportJWK(small.publicKey)), kid: 'for-encryption', alg: 'RS256', use: 'enc' },
];

type Claims = Record<string, unknown>;
type Forge = (claims: Claims, issuer: string) => Promise<string> | string;

export const signed = (
  claims: Claims,
  key: Parameters<SignJWT['sign']>[0] = right.privateKey,
  header: Partial<JWTHeaderParameters> = {},
) => new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid: 'right', ...header }).sign(key);
const without = (claims: Claims, name: string): Claims =>
  Object.fromEntries(Object.entries(claims).filter(([key]) => key !== name));
const now = () => Math.floor(Date.now() / 1000);
const base64url = (text: string) => Buffer.from(text).toString('base64url');

/** Everything but the one right form, by what is wrong with it. */
export const forgeries: Record<string, Forge> = {
  'another issuer': (claims) => signed({ ...claims, iss: 'https://evil.example.com' }),
  'an issuer with a slash more': (claims, issuer) => signed({ ...claims, iss: `${issuer}/` }),
  'no issuer': (claims) => signed(without(claims, 'iss')),
  'another audience': (claims) => signed({ ...claims, aud: 'another-client' }),
  'no audience': (claims) => signed(without(claims, 'aud')),
  'several audiences and no authorized party': (claims) => signed({ ...claims, aud: [openidClient.id, 'another-client'] }),
  'another authorized party': (claims) => signed({ ...claims, aud: [openidClient.id, 'x'], azp: 'another-client' }),
  'no subject': (claims) => signed(without(claims, 'sub')),
  'an empty subject': (claims) => signed({ ...claims, sub: '' }),
  'a subject that is a number': (claims) => signed({ ...claims, sub: 42 }),
  'no nonce': (claims) => signed(without(claims, 'nonce')),
  'another nonce': (claims) => signed({ ...claims, nonce: 'of-another-flow' }),
  'a nonce that is a list': (claims) => signed({ ...claims, nonce: [claims.nonce] }),
  expired: (claims) => signed({ ...claims, exp: now() - 120 }),
  'no expiry': (claims) => signed(without(claims, 'exp')),
  'an expiry that is text': (claims) => signed({ ...claims, exp: 'tomorrow' }),
  'no time of issue': (claims) => signed(without(claims, 'iat')),
  'valid from tomorrow': (claims) => signed({ ...claims, nbf: now() + 86_400 }),
  unsigned: (claims) => new UnsecuredJWT(claims).encode(),
  'unsigned in other letters': (claims) => `${base64url('{"alg":"NONE"}')}.${base64url(JSON.stringify(claims))}.`,
  'signed with the client’s secret': (claims) => signed(claims, new TextEncoder().encode(openidClient.secret), { alg: 'HS256' }),
  'signed with the public key as a secret': async (claims) =>
    signed(claims, new TextEncoder().encode(JSON.stringify(keys[0])), { alg: 'HS256' }),
  'signed by somebody else': (claims) => signed(claims, foreign.privateKey),
  'an unknown key': (claims) => signed(claims, foreign.privateKey, { kid: 'unknown' }),
  'a key that came along': async (claims) => signed(claims, foreign.privateKey, { jwk: await exportJWK(foreign.publicKey) }),
  'a key for encryption': (claims) => signed(claims, small.privateKey, { kid: 'for-encryption' }),
  'another key’s name': (claims) => signed(claims, curve.privateKey, { alg: 'ES256', kid: 'right' }),
  'a signature cut short': async (claims) => (await signed(claims)).slice(0, -4),
  'a signature of another text': async (claims) => {
    const [header, , signature] = (await signed(claims)).split('.');
    return `${header}.${base64url(JSON.stringify({ ...claims, sub: 'somebody-else' }))}.${signature}`;
  },
  'a critical extension': (claims) => signed(claims, right.privateKey, { crit: ['b64'], b64: true }),
  'no token at all': () => '',
  'three words': () => 'a.b.c',
  'an issuer that is a list': (claims) => signed({ ...claims, iss: [claims.iss] }),
  'an audience that only begins alike': (claims) => signed({ ...claims, aud: `${openidClient.id}-2` }),
  'an audience that is an object': (claims) => signed({ ...claims, aud: { 0: openidClient.id } }),
  'a subject that is a list': (claims) => signed({ ...claims, sub: ['ada'] }),
  'an expiry before the first': (claims) => signed({ ...claims, exp: -1 }),
  'a time of issue that is text': (claims) => signed({ ...claims, iat: 'now' }),
  'valid from a text': (claims) => signed({ ...claims, nbf: 'yesterday' }),
  'signed with the client’s secret and a longer hash': (claims) =>
    signed(claims, new TextEncoder().encode(openidClient.secret.padEnd(64, 'x')), { alg: 'HS512' }),
  'five parts, as an encrypted one has': async (claims) => `${await signed(claims)}.e30.e30`,
  'claims that are a list': async () => `${base64url('{"alg":"RS256","kid":"right"}')}.${base64url('[]')}.${base64url('x')}`,
};

export const startForger = async () => {
  let forge: Forge = (claims) => signed(claims);
  let nonce = '';
  let challenge = '';
  let claims: Claims = {};
  const provider = await startFaultyServer((issuer) => async (request, response) => {
    const { pathname } = new URL(request.url ?? '/', issuer);
    const send = (body: object) => response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    if (pathname === '/.well-known/openid-configuration') {
      return send({
        issuer,
        authorization_endpoint: `${issuer}/auth`,
        token_endpoint: `${issuer}/token`,
        jwks_uri: `${issuer}/jwks`,
        response_types_supported: ['code'],
        subject_types_supported: ['public'],
        // As careless as a provider can be: what it says it can sign with is not what is believed.
        id_token_signing_alg_values_supported: ['RS256', 'ES256', 'HS256', 'none'],
      });
    }
    if (pathname === '/jwks') return send({ keys });
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const form = new URLSearchParams(Buffer.concat(chunks).toString());
    const verifier = form.get('code_verifier') ?? '';
    if (createHash('sha256').update(verifier).digest('base64url') !== challenge) throw new Error('the verifier does not fit');
    const common = { iss: issuer, aud: openidClient.id, sub: 'ada', nonce, iat: now(), exp: now() + 300 };
    const id_token = await forge({ ...common, email: 'ada@example.com', email_verified: true, ...claims }, issuer);
    send({ access_token: 'opaque', token_type: 'Bearer', expires_in: 300, id_token });
  });
  const server = await startServer({
    TEGATA_ALLOWED_ORIGINS: new URL(callback).origin,
    OIDC_FORGER_ISSUER: provider.url,
    OIDC_FORGER_CLIENT_ID: openidClient.id,
    OIDC_FORGER_CLIENT_SECRET: openidClient.secret,
  });
  return {
    server,
    logIn: async (with_: Forge, said: Claims = {}) => {
      [forge, claims] = [with_, said];
      const begun = await server.call('GET', `/api/v1/auth/oauth/forger/authorize?redirect_to=${encodeURIComponent(callback)}`);
      const asked = new URL(begun.body.data.url).searchParams;
      [nonce, challenge] = [asked.get('nonce') ?? '', asked.get('code_challenge') ?? ''];
      const body = { code: 'whatever', state: asked.get('state') };
      return server.call('POST', '/api/v1/auth/oauth/forger', { body, cookie: cookiePair(begun, 'tegata_oauth') });
    },
  };
};
