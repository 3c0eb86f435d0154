import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ServiceScope } from '@tegata/core';
import { createVerifier, type Verifier, type VerifierOptions } from '@tegata/verifier';
import { expect, onTestFinished } from 'vitest';
import { deriveKeys } from '../../packages/server/src/adapters/derived-keys.ts';
import type { TestServer } from '../server.ts';

// Verifiers of a test server, as another service would have them.

export const expected = { issuer: 'tegata', audience: 'tegata-api' };

/** The key that verifies this server's access tokens, as an operator gives it to a service. */
export const verificationSecret = async ({ dataDir }: Pick<TestServer, 'dataDir'>): Promise<string> => {
  const keys = deriveKeys([await readFile(join(dataDir, 'secret'), 'utf8')]);
  return keys.current('access-token').key.export().toString('base64url');
};

/** A credential as `tegata services add` prints it. */
export const serviceCredential = async (server: TestServer, ...scopes: ServiceScope[]): Promise<string> => {
  const added = await server.engine.auth.addService({ name: 'notes', scopes: scopes.length > 0 ? scopes : ['revocations:read'] });
  if (!added.ok) throw new Error(added.failure.code);
  return added.value.credential;
};

export const feedUrl = ({ url }: Pick<TestServer, 'url'>): string => `${url}/api/v1/revocations`;

type Change = Partial<Omit<VerifierOptions, 'feed' | 'jwks' | 'secret'>> & {
  feed?: Partial<NonNullable<VerifierOptions['feed']>>;
};

/** Without a feed. */
export const plainVerifier = async (server: TestServer, change: Change = {}): Promise<Verifier> => {
  const { feed: _, ...more } = change;
  return createVerifier({ ...expected, secret: await verificationSecret(server), clock: server.now, ...more });
};

/** With a feed that has told everything. */
export const subscribedVerifier = async (server: TestServer, change: Change = {}): Promise<Verifier> => {
  const credential = await serviceCredential(server);
  const verifier = createVerifier({
    ...expected,
    secret: await verificationSecret(server),
    clock: server.now,
    ...change,
    feed: { url: feedUrl(server), credential, ...change.feed },
  });
  onTestFinished(verifier.close);
  await verifier.ready();
  return verifier;
};

/** `ok`, or the code and the reason of the refusal. */
export const outcome = async (
  verifier: Verifier,
  token: string,
  options?: Parameters<Verifier['verify']>[1],
): Promise<string> => {
  const verified = await verifier.verify(token, options);
  if (verified.ok) return 'ok';
  const { code, reason } = verified.failure;
  return reason === undefined ? code : `${code}: ${reason}`;
};

/** What the verifier says in the end; the feed needs a moment, and how long is measured elsewhere. */
export const expectSoon = (verifier: Verifier, token: string, said: string): Promise<void> =>
  expect.poll(() => outcome(verifier, token), { timeout: 10_000, interval: 20 }).toBe(said);
