// The shapes of contract `standard`, written out flat: they cost a type-checker nothing, and need no schema library beside
// them. `conformity.test.ts` does not compile when one of them differs from the contract.

export type User = {
  id: string;
  /** The primary address. */
  email: string;
  name: string;
  avatar_url?: string | undefined;
  status: 'pending' | 'active' | 'suspended' | 'deactivated';
  email_verified: boolean;
  /** ISO 8601, UTC, like every time here. */
  created_at: string;
  updated_at: string;
};

/** A place where somebody is logged in. */
export type UserSession = {
  id: string;
  user_agent: string | null;
  ip_address: string | null;
  created_at: string;
  last_used_at: string;
  expires_at: string;
  /** Whether it is the one that asks. */
  current: boolean;
};

export type UserEmail = { id: string; email: string; primary: boolean; verified: boolean; created_at: string };

export type Pagination = {
  page: number;
  per_page: number;
  total_items: number;
  total_pages: number;
  has_next: boolean;
  has_prev: boolean;
};

export type PageOf<Item> = { items: Item[]; pagination: Pagination };
export type PageQuery = { page?: number; perPage?: number };

/** What the server says when it is done, in the language of the request. */
export type Message = { message: string };

/** A provider that people can log in with, and one that this person has linked. */
export type Provider = { id: string; name: string };
export type Connection = { provider: string; email: string | null; created_at: string };
