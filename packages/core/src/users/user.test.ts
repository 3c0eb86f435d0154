import { expect, test } from 'vitest';
import { mayActivateByVerification, type UserStatus } from './user.ts';

/** Every status there is: a new one has to be judged here before it compiles. */
const wakes: Record<UserStatus, boolean> = {
  pending: true,
  active: false,
  suspended: false,
  deactivated: false,
};

test.each(Object.entries(wakes) as [UserStatus, boolean][])('verifying the address wakes a user who is %s: %s', (status, may) => {
  expect(mayActivateByVerification(status)).toBe(may);
});

test('a status that is not known wakes nobody', () => {
  for (const status of ['', 'PENDING', 'banned', 'constructor'])
    expect(mayActivateByVerification(status as UserStatus)).toBe(false);
});
