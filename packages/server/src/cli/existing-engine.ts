import { existsSync } from 'node:fs';
import { composeEngine, type Engine } from '../compose.ts';
import type { Config } from '../config/config.ts';
import { isPostgresUrl } from '../config/database-url.ts';
import { readEnvironment } from '../config/env.ts';
import { parseConfig } from '../config/parse-config.ts';
import { sqlitePath } from '../stores/sql/sqlite.ts';

/** For commands beside the server: runs one on the database that the settings name, and refuses to make a new one. */
export const withExistingEngine = async (
  action: (engine: Engine, config: Config) => Promise<number>,
  { logLevel = 'warn' }: { logLevel?: Config['logLevel'] } = {},
): Promise<number> => {
  const config = parseConfig(readEnvironment());
  const file = isPostgresUrl(config.databaseUrl) ? undefined : sqlitePath(config.databaseUrl);
  // A new and empty one would only hide that the settings are not the server's.
  if (file !== undefined && !existsSync(file)) {
    console.error(
      `There is no database at ${file}. Are DATABASE_URL and TEGATA_DATA_DIR the server's? Has it ever been started?`,
    );
    return 1;
  }
  // What happened is told in words, not as a line of the log too.
  const engine = await composeEngine({ ...config, logLevel }, { leaveKeys: true });
  try {
    return await action(engine, config);
  } finally {
    await engine.close();
  }
};

/** What strangers wrote, such as names and programs: nothing in it may command the operator's terminal. */
export const printable = (text: string) => text.replace(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu, '\ufffd');
