import { DatabaseSync } from 'node:sqlite';
import { hash, verify } from '@node-rs/argon2';
import { betterAuth } from 'better-auth';
import pg from 'pg';

// better-auth as its documentation has it, with three things set: no rate limits, since all requests come from one address;
// the durability of the database that Tegata has; and for log-ins the same hash, or the figures would compare hashes.

/** Those of `packages/server/src/adapters/password-hasher.ts`. */
const argon2id = { memoryCost: 19_456, timeCost: 2, parallelism: 1, outputLen: 32 };

const openSqlite = (file) => {
  const database = new DatabaseSync(file);
  database.exec('pragma journal_mode = wal; pragma synchronous = full; pragma cache_size = -32000; pragma foreign_keys = on');
  return database;
};

/** `database`: a file, or `postgres://…`. */
export const openPeer = ({ database, port, cookieCache, sameHash }) => {
  const opened = database.startsWith('postgres:') ? new pg.Pool({ connectionString: database, max: 10 }) : openSqlite(database);
  const options = {
    database: opened,
    baseURL: `http://localhost:${port}`,
    secret: process.env.TEGATA_SECRET,
    rateLimit: { enabled: false },
    emailAndPassword: {
      enabled: true,
      ...(sameHash && {
        password: { hash: (password) => hash(password, argon2id), verify: (given) => verify(given.hash, given.password) },
      }),
    },
    ...(cookieCache && { session: { cookieCache: { enabled: true } } }),
  };
  return { options, auth: betterAuth(options), opened };
};
