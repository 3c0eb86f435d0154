// Everything the doctor looks at, in the order in which it is told.

import { deriveKeys } from '../adapters/derived-keys.ts';
import { createDoctorPass } from '../adapters/doctor-pass.ts';
import type { Config } from '../config/config.ts';
import { ConfigError } from '../config/config-error.ts';
import type { Environment } from '../config/env.ts';
import { parseConfig } from '../config/parse-config.ts';
import { askServer } from './ask.ts';
import type { Finding } from './finding.ts';
import type { LiveFacts } from './live-facts.ts';
import { clockFinding, mailFinding, redisFindings, secretFinding, tracesFindings } from './look-around.ts';
import { lookAtDatabase } from './look-at-database.ts';
import { presentSecret } from './look-at-keys.ts';
import { examineTopology } from './topology.ts';

/** `url`: the address at which the running server is asked, where it shall be. */
export const examine = async (environment: Environment, { url }: { url?: string | undefined } = {}): Promise<Finding[]> => {
  let config: Config;
  try {
    config = parseConfig(environment);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map((text) => ({ id: 'configuration.mistake', level: 'error', text }));
  }
  const mode = config.production ? 'production' : 'development';
  const database = await lookAtDatabase(config);
  const live = url === undefined ? undefined : await askServer(config, { url, pass: passOf(config) });
  return [
    {
      id: 'configuration.valid',
      level: 'ok',
      text: `${mode}; contracts ${config.contracts.join(', ')}; public address ${config.publicUrl}`,
    },
    ...settingNotes(config),
    secretFinding(config),
    ...database.findings,
    ...(await redisFindings(config)),
    await mailFinding(config),
    ...(await tracesFindings(config)),
    clockFinding(),
    ...examineTopology(config, live),
    ...(live ? sameDatabase(live, database.mark) : []),
  ];
};

/** Without a secret there is no server that could know it. */
const passOf = (config: Config): string => {
  const secret = presentSecret(config);
  return secret === undefined ? '' : createDoctorPass(deriveKeys([secret]).ring('doctor')).make(Date.now());
};

const settingNotes = (config: Config): Finding[] => {
  const note = (id: string, text: string, remedy: string): Finding => ({
    id: `configuration.${id}`,
    level: 'note',
    text,
    remedy,
  });
  return [
    config.rateLimits
      ? []
      : [note('no-rate-limits', 'TEGATA_RATE_LIMITS=off: guessing is slowed by the lockout alone.', 'Meant for tests.')],
    config.ttl.refreshGrace === 0
      ? [note('no-grace', 'TEGATA_REFRESH_GRACE=0s: a lost answer will sign its user out.', 'A few seconds, such as 10s.')]
      : [],
    config.passwordHash === 'bcrypt'
      ? [note('bcrypt', 'TEGATA_PASSWORD_HASH=bcrypt: passwords over 72 bytes are refused.', 'argon2id is stronger.')]
      : [],
  ].flat();
};

const sameDatabase = ({ seen }: LiveFacts, mark: string | undefined): Finding[] => {
  if (seen === 'unknown-secret') return [];
  if (mark === seen.database) {
    return [{ id: 'live.same-database', level: 'ok', text: 'the server uses this database' }];
  }
  return [
    {
      id: 'live.other-database',
      level: 'error',
      text: 'The server uses another database than DATABASE_URL names here: commands such as `tegata users` would act on the wrong one.',
      remedy: "Give this shell the server's DATABASE_URL and TEGATA_DATA_DIR.",
    },
  ];
};
