import { randomBytes, randomUUID } from 'node:crypto';
import { describe } from 'vitest';
import * as contracts from '../../packages/core/src/testing/store-contract/index.ts';
import { deriveKeys } from '../../packages/server/src/adapters/derived-keys.ts';
import { createSeal } from '../../packages/server/src/adapters/seal.ts';
import { openSqlStores } from '../../packages/server/src/stores/sql/sql-stores.ts';
import { openBackend } from '../backend.ts';

const seal = createSeal(deriveKeys([`${randomUUID()}${randomBytes(32).toString('hex')}`]).ring('outbox'));
const silent = { audit: () => {}, outboxAdded: () => {} };

describe.each(['named', 'unnamed'] as const)('the store contract on PostgreSQL with %s statements', (statements) => {
  for (const contract of Object.values(contracts)) {
    contract(async (onCommitted = silent) => {
      const { settings, release } = await openBackend();
      const opened = await openSqlStores({ url: settings.DATABASE_URL ?? '', postgres: { statements }, seal, onCommitted });
      return {
        ...opened,
        close: async () => {
          await opened.close();
          await release();
        },
      };
    });
  }
});
