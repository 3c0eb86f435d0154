import type { IssuedTokens, Membership, Organization, User } from '@tegata/core';
import type { z } from 'zod';
import { organizationId, userId } from './ids.ts';
import type { meSchema, registeredUserSchema, tokenSchema, userSchema } from './schemas.ts';

const iso = (ms: number) => new Date(ms).toISOString();

/** Somebody who registered through a contract without organizations is a plain user of none. */
export const presentUser = (user: User, membership: Membership | undefined): z.infer<typeof userSchema> => ({
  id: userId(user.id),
  email: user.email,
  name: user.name,
  role: membership?.role ?? 'user',
  organizationId: membership ? organizationId(membership.organization.id) : null,
});

export const presentRegistered = (user: User, organization: Organization): z.infer<typeof registeredUserSchema> => ({
  ...presentUser(user, { organization, role: 'user' }),
  createdAt: iso(user.createdAt),
});

export const presentMe = (user: User, membership: Membership | undefined): z.infer<typeof meSchema> => {
  const organization = membership && {
    id: organizationId(membership.organization.id),
    name: membership.organization.name,
    subscription: membership.organization.subscription,
  };
  return { ...presentUser(user, membership), organization: organization ?? null };
};

export const presentToken = (tokens: IssuedTokens): z.infer<typeof tokenSchema> => ({
  token: tokens.accessToken,
  refreshToken: tokens.refreshToken,
  expiresAt: iso(tokens.accessExpiresAt),
});
