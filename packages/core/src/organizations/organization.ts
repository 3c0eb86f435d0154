/** What a person may do in an organization. Registration makes everybody a `user`. */
export type Role = 'user' | 'admin' | 'owner';

export type Organization = {
  id: string;
  name: string;
  /** What the organization pays for; `free` until something else is sold. */
  subscription: 'free';
  createdAt: number;
};

/** The organization that a user belongs to, and as what. */
export type Membership = { organization: Organization; role: Role };
