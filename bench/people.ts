import { writeFileSync } from 'node:fs';
import { type EmailAddress, parseEmailAddress, type Session, type User } from '@tegata/core';
import { composeEngine } from '../packages/server/src/compose.ts';
import { parseConfig } from '../packages/server/src/config/config.ts';

// Fills a database with people who are logged in: through the product's own stores, so every row is one that it could
// have written, but without a hash for each.

export const password = 'correct horse battery';

/** What the load generator needs of each person. */
export type Person = {
  email: string;
  accessToken: string;
  refreshToken: string;
  /** In place of tokens, with the peer: without and with what its cookie cache adds. */
  cookie?: string;
  cachedCookie?: string;
};

const inOneTransaction = 500;

export const preparePeople = async (settings: Record<string, string>, count: number, file: string): Promise<void> => {
  const engine = await composeEngine(parseConfig({ ...settings, LOG_LEVEL: 'silent' }));
  const { deps } = engine;
  const { secrets, tokens } = deps;
  const hash = await deps.hasher.hash(password);
  const now = Date.now();
  const week = 7 * 86_400;
  const people: Person[] = [];
  const numbers = Array.from({ length: count }, (_, index) => index);
  for (let from = 0; from < count; from += inOneTransaction) {
    const added: { user: Pick<User, 'id'>; email: EmailAddress; session: Session }[] = [];
    await deps.atomically(async (stores) => {
      for (const number of numbers.slice(from, from + inOneTransaction)) {
        const email = parseEmailAddress(`person-${number}@example.com`)!;
        const user: Omit<User, 'email' | 'emailVerified'> = {
          id: secrets.uuid(),
          name: `Person ${number}`,
          avatarUrl: null,
          locale: 'en',
          status: 'active',
          createdAt: now,
          updatedAt: now,
        };
        const session: Session = {
          id: secrets.uuid(),
          userId: user.id,
          generation: 0,
          refreshJti: secrets.uuid(),
          previousJti: null,
          refreshKid: tokens.refreshKid(),
          rotatedAt: now,
          successorSeen: true,
          idleSeconds: week,
          userAgent: 'bench',
          ipAddress: '127.0.0.1',
          createdAt: now,
          lastUsedAt: now,
          expiresAt: now + week * 1000,
          absoluteExpiresAt: now + 90 * 86_400_000,
          endedAt: null,
          endReason: null,
        };
        await stores.users.create(user);
        const address = { id: secrets.uuid(), userId: user.id, email, isPrimary: true, verifiedAt: now, createdAt: now };
        await stores.emails.add(address);
        await stores.passwords.create({ id: secrets.uuid(), userId: user.id, hash, now });
        await stores.sessions.create(session, 10);
        added.push({ user, email, session });
      }
      return { ok: true as const, value: undefined };
    });
    // Outside: signing may look at the keys, and SQLite's one connection is in the transaction.
    for (const { user, email, session } of added) {
      const common = { sub: user.id, sid: session.id, gen: 0, iat: Math.floor(now / 1000) };
      const accessExp = common.iat + 86_400;
      people.push({
        email,
        accessToken: await tokens.signAccess({ ...common, uid: user.id, email, jti: secrets.uuid(), exp: accessExp }),
        refreshToken: await tokens.signRefresh({ ...common, jti: session.refreshJti, exp: common.iat + week }),
      });
    }
  }
  await engine.close();
  writeFileSync(file, JSON.stringify(people), { mode: 0o600 });
};
