import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { AsymmetricAlgorithm, KeyRecord, ListedKey } from '@tegata/core';
import { deriveKeys } from '../adapters/derived-keys.ts';
import { composeEngine, type Engine } from '../compose.ts';
import { type Config, parseConfig } from '../config/config.ts';
import { developmentSecret } from '../config/development-secret.ts';
import { readEnvironment } from '../config/env.ts';
import { sqlitePath } from '../stores/sql/sqlite.ts';
import { type Command, refuseArguments, UsageError } from './command.ts';

type Action = (engine: Engine, config: Config, rest: string[]) => Promise<number>;

const list: Action = async ({ auth, accessKeys, deps }, config, rest) => {
  refuseArguments(rest);
  const keys = await auth.listSigningKeys();
  const now = deps.clock();
  for (const key of keys) {
    const state = key.signs ? 'signs' : key.state;
    const unreadable = key.record && !accessKeys.canOpen(key.record) ? '; CANNOT BE OPENED with the secrets given here' : '';
    console.log(`${key.kid}  ${key.algorithm.padEnd(5)}  ${state.padEnd(8)}  ${meaning(key, config, now)}${unreadable}`);
  }
  return 0;
};

const meaning = ({ state, signs, derivedFrom, record }: ListedKey, config: Config, now: number): string => {
  const source = derivedFrom && (derivedFrom === 'secret' ? 'derived from TEGATA_SECRET' : 'derived from TEGATA_SECRET_PREVIOUS');
  if (source && signs) return source;
  if (source && !record) return state === 'active' ? `${source}, verifies only` : `${source}, not in use`;
  if (!record) return '';
  const { activatesAt, retiresAt, revokedAt, createdAt } = record;
  const from = source ? `${source}, ` : '';
  if (revokedAt !== null) return `${from}since ${time(revokedAt)}: nothing signed by it is believed`;
  if (state === 'prepared')
    return `made ${time(createdAt)}, published; signs once TEGATA_SIGNING_ALG=${record.algorithm} needs it`;
  if (state === 'next') return `published ${time(createdAt)}, signs from ${time(activatesAt)}`;
  if (state === 'active') {
    const age = activatesAt === null ? '' : `, ${days(now - activatesAt)} old`;
    if (retiresAt !== null) return `${from}since ${time(activatesAt)}${age}; until ${time(retiresAt)}`;
    return `${from}since ${time(activatesAt)}${age}; replaced at ${days(config.keys.maxAge * 1000)}`;
  }
  const until = Math.max(config.ttl.access, config.ttl.bearer) * 1000 + (retiresAt ?? 0);
  return `${from}signed until ${time(retiresAt)}; its tokens ${state === 'expired' ? 'were' : 'are'} good until ${time(until)}`;
};

const rotate: Action = async ({ auth }, _, rest) => {
  const atOnce = parse(rest, { now: { type: 'boolean' } }).values.now === true;
  const rotated = await auth.rotateSigningKey({ atOnce });
  if (!rotated.ok) {
    if (rotated.failure.code === 'derived_key') return refuse(howToRotateDerived);
    const { kid, activatesAt } = rotated.failure.key;
    return refuse(`${kid} is published already and signs from ${time(activatesAt)}; \`tegata keys rotate --now\` does not wait.`);
  }
  const { key, former } = rotated.value;
  if (atOnce) {
    console.log(`${key.kid} signs now${former ? ` in place of ${former.kid}` : ''}.`);
    console.log(
      'A resource server that keeps a list of keys from before refuses its tokens until it asks for the list again; this server and its nodes know it.',
    );
  } else {
    console.log(
      `${key.kid} is published now and signs from ${time(key.activatesAt)}${former ? `, in place of ${former.kid}` : ''}.`,
    );
  }
  if (former) console.log(`Tokens signed by ${former.kid} stay good until they expire: nobody is signed out.`);
  return 0;
};

const howToRotateDerived =
  'TEGATA_SIGNING_ALG=HS256: the key is derived from TEGATA_SECRET. To rotate it, put the present secret into TEGATA_SECRET_PREVIOUS, a new one into TEGATA_SECRET, and restart: docs/keys.md.';

const revoke: Action = async ({ auth }, config, rest) => {
  const [kid, ...others] = rest;
  if (!kid || others.length > 0) throw new UsageError('Name one key; `tegata keys list` shows them.');
  const revoked = await auth.revokeSigningKey({ kid });
  if (!revoked.ok) {
    if (revoked.failure.code === 'derived_key_signs')
      return refuse(`${kid} signs and is derived from TEGATA_SECRET. ${howToRotateDerived}`);
    return refuse(`There is no key ${kid}; \`tegata keys list\` shows them.`);
  }
  const { signer, wasSigning } = revoked.value;
  console.log(`${kid} is revoked: it has left the list of keys, and within a second no node believes what it signed.`);
  if (wasSigning && signer) console.log(`${signer.kid} signs now in its place.`);
  const minutes = Math.ceil(Math.max(config.ttl.access, config.ttl.bearer) / 60);
  console.log(
    `Clients whose access token it signed get a new one with their refresh token: nobody is signed out. A resource server refuses it once it asks for the list again (it may keep one for 5 minutes); after ${minutes} minutes its last token has expired.`,
  );
  return 0;
};

const create: Action = async ({ auth }, config, rest) => {
  const { values } = parse(rest, { alg: { type: 'string' } });
  const algorithm = values.alg ?? config.signingAlg;
  if (algorithm !== 'ES256' && algorithm !== 'EdDSA') {
    throw new UsageError('Say for which algorithm: --alg ES256 or --alg EdDSA. HS256 has no keys of its own.');
  }
  const created = await auth.createSigningKey({ algorithm: algorithm as AsymmetricAlgorithm });
  if (!created.ok) return refuse(`${created.failure.key.kid} is prepared already for ${algorithm}.`);
  console.log(`${created.value.key.kid} is published now and signs nothing yet.`);
  console.log(`It begins when a server with TEGATA_SIGNING_ALG=${algorithm} needs a key: at its start, or at the next rotation.`);
  return 0;
};

/** The key on standard output, and what it means beside it, so that the output can go where the key has to go. */
const verificationSecret: Action = async (_, config, rest) => {
  refuseArguments(rest);
  if (config.signingAlg !== 'HS256') {
    return refuse(
      `TEGATA_SIGNING_ALG=${config.signingAlg}: nobody needs a secret to verify tokens. Give resource servers ${config.publicUrl}/.well-known/jwks.json.`,
    );
  }
  const { kid, key } = deriveKeys([config.secret ?? developmentSecret(config.dataDir)]).current('access-token');
  console.log(`kid ${kid}`);
  console.log(`key ${key.export().toString('base64url')}`);
  console.error(
    'This key verifies access tokens (HS256, base64url), and nothing else can be derived from it. Whoever holds it can also make access tokens that a server with only this key believes: give it to services you trust as much as Tegata itself, or prefer TEGATA_SIGNING_ALG=ES256, where services need public keys only.',
  );
  return 0;
};

const actions: Record<string, Action> = { list, rotate, revoke, create, 'verification-secret': verificationSecret };

export const keys: Command = {
  lines: [
    ['keys list', 'Signing keys: what each does, since when, until when.'],
    ['keys rotate [--now]', 'Publish the next key, which signs a day later; or let it sign now.'],
    ['keys revoke <kid>', 'Believe nothing that key signed; another one signs at once.'],
    ['keys create [--alg ES256|EdDSA]', 'Publish a key ahead of a change of TEGATA_SIGNING_ALG.'],
    ['keys verification-secret', 'The HS256 key for a service that verifies tokens by itself.'],
  ],
  run: async ([name, ...rest]) => {
    const action = Object.hasOwn(actions, name ?? '') ? actions[name ?? ''] : undefined;
    if (!action) throw new UsageError(name ? `There is no "keys ${name}".` : 'Say what to do with keys:');
    const config = parseConfig(readEnvironment());
    const file = sqlitePath(config.databaseUrl);
    // A key made in a new and empty one would be nobody's.
    if (!existsSync(file)) {
      return refuse(
        `There is no database at ${file}. Are DATABASE_URL and TEGATA_DATA_DIR the server's? Has it ever been started?`,
      );
    }
    // Also when a key cannot be opened: this command is what mends that.
    const engine = await composeEngine({ ...config, logLevel: 'error' }, { leaveKeys: true });
    try {
      return await action(engine, config, rest);
    } finally {
      await engine.close();
    }
  },
};

const parse = <const Options extends NonNullable<NonNullable<Parameters<typeof parseArgs>[0]>['options']>>(
  args: string[],
  options: Options,
) => {
  try {
    return parseArgs({ args, options });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
};

const refuse = (text: string): number => {
  console.error(text);
  return 1;
};

const time = (ms: KeyRecord['activatesAt']) => (ms === null ? 'a time not set' : new Date(ms).toISOString());
const days = (ms: number) => {
  const [hours, whole] = [Math.floor(ms / 3_600_000), Math.floor(ms / 86_400_000)];
  if (whole === 0) return hours === 1 ? '1 hour' : `${hours} hours`;
  return whole === 1 ? '1 day' : `${whole} days`;
};
