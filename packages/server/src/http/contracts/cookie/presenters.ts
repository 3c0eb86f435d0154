import type { User } from '@tegata/core';
import type { z } from 'zod';
import type { userSchema } from './schemas.ts';

const iso = (ms: number) => new Date(ms).toISOString();

export const presentUser = (user: User): z.infer<typeof userSchema> => ({
  id: user.id,
  email: user.email,
  name: user.name,
  is_active: user.status === 'active',
  email_verified: user.emailVerified,
  created_at: iso(user.createdAt),
  updated_at: iso(user.updatedAt),
});
