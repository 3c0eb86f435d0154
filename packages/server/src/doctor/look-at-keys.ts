// The signing keys of the database, with the eyes of this installation's secret: which signs, how old it is, what comes
// next, and whether all that has to sign can be opened.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { activeKeys, type KeyRecord, type KeyRules, keyState } from '@tegata/core';
import { deriveKeys } from '../adapters/derived-keys.ts';
import { openKey } from '../adapters/key-pairs.ts';
import { createSeal, type Seal } from '../adapters/seal.ts';
import type { Config } from '../config/config.ts';
import { developmentSecret } from '../config/development-secret.ts';
import type { SqlDatabase } from '../stores/sql/database.ts';
import { createSigningKeyStore } from '../stores/sql/signing-keys.ts';
import type { Finding } from './finding.ts';

/** The secret that a server with this configuration has; undefined when its first start has yet to make one. */
export const presentSecret = ({ secret, dataDir }: Pick<Config, 'secret' | 'dataDir'>): string | undefined =>
  secret ?? (existsSync(join(dataDir, 'secret')) ? developmentSecret(dataDir) : undefined);

export const keyFindings = async (config: Config, database: SqlDatabase): Promise<Finding[]> => {
  const secret = presentSecret(config);
  if (secret === undefined) return [];
  const keys = deriveKeys([secret, ...config.previousSecrets]);
  return examineKeys(await createSigningKeyStore(database.db, database).list(), {
    rules: {
      algorithm: config.signingAlg,
      maxAgeSeconds: config.keys.maxAge,
      publishAheadSeconds: config.keys.publishAhead,
      longestTokenSeconds: Math.max(config.ttl.access, config.ttl.bearer),
    },
    derivedKid: keys.current('access-token').kid,
    seal: createSeal(keys.ring('signing-key')),
    now: Date.now(),
  });
};

export const examineKeys = (
  records: readonly KeyRecord[],
  { rules, derivedKid, seal, now }: { rules: KeyRules; derivedKid: string; seal: Seal; now: number },
): Finding[] => {
  const findings = unreadableFindings(records, { rules, seal, now });
  if (rules.algorithm === 'HS256') {
    const revoked = records.some(({ kid, revokedAt }) => kid === derivedKid && revokedAt !== null);
    if (revoked) {
      findings.push({
        id: 'keys.derived-revoked',
        level: 'error',
        text: `${derivedKid}, the HS256 key derived from TEGATA_SECRET, is revoked: nothing can sign`,
        remedy: 'Set another TEGATA_SECRET, and keep this one in TEGATA_SECRET_PREVIOUS.',
      });
    } else findings.push({ id: 'keys.sign', level: 'ok', text: `HS256: ${derivedKid} signs, derived from TEGATA_SECRET` });
    return findings;
  }
  const [signer] = activeKeys(records, rules, now);
  if (!signer) {
    return [
      ...findings,
      { id: 'keys.none', level: 'note', text: `no ${rules.algorithm} key signs yet; the next start makes one` },
    ];
  }
  const ageDays = days(now - (signer.activatesAt ?? now));
  const coming = records.find((key) => key.algorithm === rules.algorithm && keyState(key, rules, now) === 'next');
  const next = coming
    ? `${coming.kid} signs from ${new Date(coming.activatesAt ?? 0).toISOString()}`
    : 'no next key is published yet';
  if (now - (signer.activatesAt ?? now) > rules.maxAgeSeconds * 1000 && !coming) {
    findings.push({
      id: 'keys.overdue',
      level: 'warning',
      text: `${rules.algorithm}: ${signer.kid} signs and is ${ageDays} days old, ${days(rules.maxAgeSeconds * 1000)} is its age to go; ${next}`,
      remedy: 'A running server replaces it by itself: is one running on this database?',
    });
  } else
    findings.push({
      id: 'keys.sign',
      level: 'ok',
      text: `${rules.algorithm}: ${signer.kid} signs, ${ageDays} days old; ${next}`,
    });
  return findings;
};

const unreadableFindings = (
  records: readonly KeyRecord[],
  { rules, seal, now }: { rules: KeyRules; seal: Seal; now: number },
): Finding[] =>
  records.flatMap((record): Finding[] => {
    if (record.sealedPrivate === null || canOpen(record, seal)) return [];
    const willSign =
      ['active', 'next', 'prepared'].includes(keyState(record, rules, now)) && record.algorithm === rules.algorithm;
    return [
      {
        id: 'keys.unreadable',
        level: willSign ? 'error' : 'note',
        text: `the signing key ${record.kid} was encrypted with another TEGATA_SECRET: this is another installation's database, or the secret was changed`,
        remedy: `Give that secret in TEGATA_SECRET_PREVIOUS. If it is lost: \`tegata keys revoke ${record.kid}\`.`,
      },
    ];
  });

const canOpen = (record: KeyRecord, seal: Seal): boolean => {
  try {
    openKey(record, seal);
    return true;
  } catch {
    return false;
  }
};

const days = (ms: number): number => Math.floor(ms / 86_400_000);
