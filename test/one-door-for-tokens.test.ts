import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

// Tokens are verified in one place of the server and one of the verifier, behind a reader that knows one spelling, one kind of
// header and no duplicate member. A second way in, with a library's own idea of what a token is, would be a hole that no test
// of the first can find. So whoever could verify one is named here, and nobody else can.

type Rule = { what: string; pattern: RegExp; only: string[] };

const rules: Rule[] = [
  {
    what: 'imports a library for tokens',
    pattern: /from '(jose(\/[\w/]*)?|jsonwebtoken|fast-jwt|hono\/(jwt|jwk)|hono\/utils\/(jwt|crypto)[\w/]*|jws|njwt)'/,
    only: ['verifier/src/keys.ts', 'verifier/src/strict-token.ts'],
  },
  {
    what: 'verifies a signature with node:crypto or WebCrypto',
    pattern:
      /import \{[^}]*\b(verify|createVerify)\b[^}]*\} from 'node:crypto'|import (\* as )?\w+ from 'node:crypto'|subtle\s*\.\s*verify|subtle\s*\.\s*sign/,
    only: ['server/src/adapters/signing-key.ts'],
  },
  {
    what: 'asks a key of the server whether a token is signed by it',
    pattern: /\bisSignedBy\b|\breadCompactJws\b/,
    only: [
      'server/src/adapters/strict-jws.ts',
      'server/src/adapters/token-signer.ts',
      'verifier/src/strict-token.ts',
      'verifier/src/verifier.ts',
    ],
  },
  {
    what: 'makes a key that verifies tokens',
    pattern: /\b(hs256Key|hs256Ring|es256Key|ed25519Key)\b/,
    only: ['server/src/adapters/signing-key.ts', 'server/src/adapters/key-pairs.ts', 'server/src/compose.ts'],
  },
  {
    what: 'reads a token without verifying it',
    pattern: /\bdecodeJwt\b|\bdecodeProtectedHeader\b|split\('\.'\)\[[01]\][^\n]*base64/,
    only: [],
  },
];

const packages = fileURLToPath(new URL('../packages', import.meta.url));
const withoutComments = (code: string) => code.replaceAll(/\/\*.*?\*\//gs, '').replaceAll(/(^|\s)\/\/.*$/gm, '$1');

const sources = async (): Promise<[file: string, code: string][]> => {
  const files = (await readdir(packages, { recursive: true })).filter(
    (file) =>
      /^[\w-]+\/src\/.*\.tsx?$/.test(file) && !/\.test\.tsx?$|\/testing\/|node_modules/.test(file) && !file.includes('/dist/'),
  );
  return Promise.all(
    files.map(async (file): Promise<[string, string]> => [file, withoutComments(await readFile(join(packages, file), 'utf8'))]),
  );
};

test.each(rules)('nobody else $what', async ({ pattern, only }) => {
  const all = await sources();
  expect(all.length).toBeGreaterThan(200);
  const found = all.filter(([, code]) => pattern.test(code)).map(([file]) => file);
  expect(found.filter((file) => !only.includes(file))).toEqual([]);
});

test('the verifying functions are called once in each package, behind the strict reader', async () => {
  const code = Object.fromEntries(await sources());
  const calls = (file: string, name: string) => code[file]?.match(new RegExp(`\\b${name}\\(`, 'g'))?.length ?? 0;
  expect(calls('verifier/src/strict-token.ts', 'compactVerify')).toBe(1);
  expect(calls('verifier/src/verifier.ts', 'isSignedBy')).toBe(1);
  expect(calls('verifier/src/verifier.ts', 'readStrictToken')).toBe(1);
  expect(calls('server/src/adapters/token-signer.ts', 'isSignedBy')).toBe(1);
  expect(calls('server/src/adapters/token-signer.ts', 'readCompactJws')).toBe(1);
  // Of what the server makes a token out of, nothing is signed by it twice: access and refresh tokens have keys of their own.
  expect(code['server/src/adapters/strict-jws.ts']).toContain('key.verify(');
  expect(
    Object.entries(code)
      .filter(([, text]) => /\bkey\.verify\(/.test(text))
      .map(([file]) => file),
  ).toEqual(['server/src/adapters/strict-jws.ts']);
});

test.each([
  ["import { jwtVerify } from 'jose';", 0],
  ["import { createHash, verify } from 'node:crypto';", 1],
  ["import crypto from 'node:crypto';", 1],
  ['await crypto.subtle.verify(algorithm, key, signature, data)', 1],
])('it would be seen in %j', (code, rule) => {
  expect(rules[rule]?.pattern.test(code)).toBe(true);
});
