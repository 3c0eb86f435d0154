import { describe, expect, it } from 'vitest';
import type { AuditEvent } from '../../audit/audit-event.ts';
import { fail, ok } from '../../result.ts';
import { address, anId, aPasswordHash, aResetMail, aSession, aUser, aUserEmail, startOfTest as now } from '../test-data.ts';
import { inParallel, type OpenStores, type StoresUnderTest, storeTest } from './stores-under-test.ts';

const email = address('ada@example.com');
const [userId, sessionId] = [anId(), anId()];

/** Everything a registration writes, and a session. Not counted failures: they may live where no transaction reaches. */
const writeAll = async ({ users, emails, passwords, sessions, outbox, audit }: StoresUnderTest['stores']) => {
  const user = aUser({ id: userId });
  await users.create(user);
  await emails.add(aUserEmail(user.id, { email, isPrimary: true }));
  await passwords.create({ id: anId(), userId: user.id, hash: aPasswordHash(), now });
  await sessions.create(aSession(user.id, { id: sessionId }), 10);
  await outbox.add(aResetMail(email), now);
  await audit.add({ type: 'user.registered', userId: user.id }, now);
};

/** False when the address is taken, as a registration finds it. */
const register = async ({ users, emails, outbox }: StoresUnderTest['stores']): Promise<boolean> => {
  const user = aUser();
  await users.create(user);
  if (!(await emails.add(aUserEmail(user.id, { email, isPrimary: true })))) return false;
  await outbox.add(aResetMail(email), now);
  return true;
};

const expectNothingWritten = async ({ stores }: StoresUnderTest) => {
  expect(await stores.users.findByEmail(email)).toBeUndefined();
  expect(await stores.users.list({ limit: 10 })).toEqual([]);
  expect(await stores.sessions.find(sessionId, userId)).toBeUndefined();
  expect(await stores.outbox.claim(10, 60, now)).toEqual([]);
};

const recording = () => {
  const heard: (AuditEvent['type'] | 'mail')[] = [];
  const hooks = { audit: (event: AuditEvent) => heard.push(event.type), outboxAdded: () => heard.push('mail') };
  return { heard, hooks };
};

export const atomicallyContract = (open: OpenStores): void => {
  const test = storeTest(open);

  describe('a transaction', () => {
    test('keeps everything when the work succeeds, and hands its value on', async ({ stores, atomically }) => {
      const done = await atomically(async (inside) => {
        await writeAll(inside);
        expect(await inside.users.findByEmail(email)).toMatchObject({ email, status: 'active' });
        return ok('registered');
      });
      expect(done).toEqual(ok('registered'));
      expect((await stores.users.findForLogIn(email))?.passwordHash).toBeTruthy();
      expect(await stores.sessions.findWithUser(sessionId, userId)).toMatchObject({ user: { email } });
      expect(await stores.outbox.claim(10, 60, now)).toHaveLength(1);
    });

    test('leaves nothing when the work returns a failure, and hands the failure on', async (opened) => {
      const failure = fail('email_taken', { email });
      const done = await opened.atomically(async (inside) => {
        await writeAll(inside);
        return failure;
      });
      expect(done).toBe(failure);
      await expectNothingWritten(opened);
    });

    test('leaves nothing when the work throws, and throws the same', async (opened) => {
      const error = new Error('the signer broke');
      const done = opened.atomically(async (inside) => {
        await writeAll(inside);
        throw error;
      });
      await expect(done).rejects.toBe(error);
      await expectNothingWritten(opened);
    });

    test('leaves nothing when a statement in it fails', async (opened) => {
      const done = opened.atomically(async (inside) => {
        await writeAll(inside);
        await inside.emails.add(aUserEmail(anId()));
        return ok(undefined);
      });
      await expect(done).rejects.toThrow();
      await expectNothingWritten(opened);
    });

    test('of one address in parallel registers one user whole, and no part of the others', async ({ stores, atomically }) => {
      const answers = await inParallel(10, () =>
        atomically(async (inside) => ((await register(inside)) ? ok('registered') : fail('email_taken'))),
      );
      expect(answers.filter((answer) => answer.ok)).toHaveLength(1);
      expect(await stores.users.list({ limit: 10 })).toHaveLength(1);
      expect(await stores.outbox.claim(10, 60, now)).toHaveLength(1);
    });
  });

  describe('what is told after a commit', () => {
    it('is told once the writes can be seen, in their order', async () => {
      const { heard, hooks } = recording();
      const { stores, atomically, close } = await open(hooks);
      await atomically(async (inside) => {
        await inside.outbox.add(aResetMail('ada@example.com'), now);
        await inside.audit.add({ type: 'password.reset_requested' }, now);
        await inside.audit.add({ type: 'user.updated' }, now);
        expect(heard).toEqual([]);
        return ok(undefined);
      });
      expect(heard).toEqual(['mail', 'password.reset_requested', 'user.updated']);
      expect(await stores.outbox.claim(10, 60, now)).toHaveLength(1);
      await close();
    });

    it('is not told of what was rolled back', async () => {
      const { heard, hooks } = recording();
      const { atomically, close } = await open(hooks);
      await atomically(async (inside) => {
        await writeAll(inside);
        return fail('email_taken');
      });
      await atomically(async (inside) => {
        await writeAll(inside);
        throw new Error('the signer broke');
      }).catch(() => undefined);
      expect(heard).toEqual([]);
      await close();
    });

    it('is told at once of a write outside of any transaction', async () => {
      const { heard, hooks } = recording();
      const { stores, close } = await open(hooks);
      await stores.audit.add({ type: 'session.start_refused', reason: 'wrong_password' }, now);
      expect(heard).toEqual(['session.start_refused']);
      await stores.outbox.add(aResetMail('ada@example.com'), now);
      expect(heard).toEqual(['session.start_refused', 'mail']);
      await close();
    });
  });
};
