import type { ConnectionBody, EmailBody, PaginationBody, SessionBody, UserBody } from '@tegata/contract';
import type { Connection, Session, User, UserEmail } from '@tegata/core';

const iso = (ms: number) => new Date(ms).toISOString();

export const presentUser = (user: User): UserBody => ({
  id: user.id,
  email: user.email,
  name: user.name,
  ...(user.avatarUrl === null ? {} : { avatar_url: user.avatarUrl }),
  status: user.status,
  email_verified: user.emailVerified,
  created_at: iso(user.createdAt),
  updated_at: iso(user.updatedAt),
});

export const presentSession = (session: Session, currentId: string): SessionBody => ({
  id: session.id,
  user_agent: session.userAgent,
  ip_address: session.ipAddress,
  created_at: iso(session.createdAt),
  last_used_at: iso(session.lastUsedAt),
  expires_at: iso(session.expiresAt),
  current: session.id === currentId,
});

export const presentEmail = (email: UserEmail): EmailBody => ({
  id: email.id,
  email: email.email,
  primary: email.isPrimary,
  verified: email.verifiedAt !== null,
  created_at: iso(email.createdAt),
});

export const presentConnection = ({ provider, email, createdAt, updatedAt }: Connection): ConnectionBody => ({
  provider,
  email,
  created_at: iso(createdAt),
  updated_at: iso(updatedAt),
});

/** One page of a short list that was read whole. */
export const paginate = <Item>(
  items: readonly Item[],
  { page, per_page }: { page: number; per_page: number },
): { items: Item[]; pagination: PaginationBody } => {
  const total_pages = Math.ceil(items.length / per_page);
  return {
    items: items.slice((page - 1) * per_page, page * per_page),
    pagination: {
      page,
      per_page,
      total_items: items.length,
      total_pages,
      has_next: page < total_pages,
      has_prev: page > 1 && total_pages > 0,
    },
  };
};
