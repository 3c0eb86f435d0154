import { ConfigError } from '../config-error.ts';
import type { Environment } from '../env.ts';
import { parseConfig } from '../parse-config.ts';

export const goodSecret = 'kN3v7Xq1T9sZ4bR8wL2yH6mC0pD5gJfA';

/** The least that production takes. */
export const inProduction: Environment = {
  NODE_ENV: 'production',
  TEGATA_SECRET: goodSecret,
  TEGATA_URL: 'https://auth.example.com',
  SMTP_URL: 'smtp://user:password@mail.example.com:587',
};

/** What `parseConfig` has to say about the settings; nothing when it takes them. */
export const problemsOf = (env: Environment): readonly string[] => {
  try {
    parseConfig(env);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems;
  }
};
