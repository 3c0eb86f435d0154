/** What a service may do with its credential. */
export const serviceScopes = ['revocations:read', 'introspect'] as const;
export type ServiceScope = (typeof serviceScopes)[number];

/** Another program that trusts this server's tokens, and has a secret of its own to ask about them. */
export type Service = {
  id: string;
  /** For the operator's eyes. */
  name: string;
  scopes: readonly ServiceScope[];
  createdAt: number;
  revokedAt: number | null;
};

/** Of `id.secret`: how a service writes its credential where there is room for one text only. */
export const parseServiceCredential = (credential: string): { id: string; secret: string } | undefined => {
  const [, id, secret] = /^([0-9a-f-]{36})\.([\w-]{43})$/.exec(credential) ?? [];
  return id && secret ? { id, secret } : undefined;
};
