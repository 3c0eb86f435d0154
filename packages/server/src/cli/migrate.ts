import { readEnvironment } from '../config/env.ts';
import { parseConfig } from '../config/parse-config.ts';
import { migrateToLatest } from '../stores/sql/migrate.ts';
import { openDatabase } from '../stores/sql/sql-stores.ts';
import { type Command, refuseArguments } from './command.ts';

export const migrate: Command = {
  lines: [['migrate', 'Bring the database schema up to date (serve does it too).']],
  run: async (args) => {
    refuseArguments(args);
    const config = parseConfig(readEnvironment());
    const database = await openDatabase(config.databaseUrl, config.postgres);
    try {
      const applied = await migrateToLatest(database);
      console.log(applied.length === 0 ? 'The schema is up to date.' : `Applied: ${applied.join(', ')}`);
      return 0;
    } finally {
      await database.close();
    }
  },
};
