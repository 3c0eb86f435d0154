/** A PHC string (`$argon2id$…`) or a bcrypt one (`$2b$…`): the only form in which a password is stored. */
export type PasswordHash = string & { readonly __brand: 'PasswordHash' };
