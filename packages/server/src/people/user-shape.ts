// The shape of a line. Unknown fields are refused: one that was misspelled, or that means something Tegata does not keep,
// shall not be lost without a word. docs/import.md explains each field.

import { z } from 'zod';

const time = z.iso.datetime({ offset: true });
const uuid = z.uuid().toLowerCase();
const base64Text = z.string().max(512);
const plainText = (longest: number) =>
  z
    .string()
    .max(longest)
    .regex(/^[^\p{Cc}]+$/u);

const hash = z.union([
  z.string().max(1024),
  z.strictObject({
    algorithm: z.literal('scrypt'),
    N: z.int().min(2),
    r: z.int().min(1),
    p: z.int().min(1),
    salt: base64Text,
    hash: base64Text,
  }),
  z.strictObject({
    algorithm: z.enum(['pbkdf2-sha1', 'pbkdf2-sha256', 'pbkdf2-sha512']),
    iterations: z.int().min(1).max(999_999_999),
    salt: base64Text,
    hash: base64Text,
  }),
  z.strictObject({ algorithm: z.literal('firebase-scrypt'), salt: base64Text, hash: base64Text }),
]);

export const userSchema = z.strictObject({
  id: uuid.optional(),
  email: z.string(),
  email_verified: z.boolean().default(false),
  email_verified_at: time.optional(),
  name: z.string().max(1000).optional(),
  avatar_url: z.string().nullable().optional(),
  locale: z.enum(['en', 'ja']).default('en'),
  status: z.enum(['active', 'pending', 'suspended', 'deactivated']).optional(),
  created_at: time.optional(),
  emails: z
    .array(
      z.strictObject({
        email: z.string(),
        verified: z.boolean().default(false),
        verified_at: time.optional(),
        created_at: time.optional(),
      }),
    )
    .max(20)
    .default([]),
  password_hash: hash.nullable().optional(),
  organization: z
    .strictObject({
      id: uuid.optional(),
      name: plainText(200),
      role: z.enum(['user', 'admin', 'owner']).default('user'),
      created_at: time.optional(),
    })
    .optional(),
  connections: z
    .array(
      z.strictObject({
        provider: z.string().regex(/^[a-z0-9_]{1,64}$/),
        issuer: z.string().regex(/^\S{1,512}$/),
        subject: plainText(512),
        email: z.string().nullable().optional(),
        created_at: time.optional(),
      }),
    )
    .max(20)
    .default([]),
});

/** As it stands in the file. */
export type UserLine = z.input<typeof userSchema>;

export const headerSchema = z.strictObject({
  firebase_scrypt: z.strictObject({
    signer_key: z.base64(),
    salt_separator: z.base64(),
    rounds: z.int().min(1).max(64),
    mem_cost: z.int().min(1).max(30),
  }),
});
