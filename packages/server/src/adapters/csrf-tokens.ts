// Signed double-submit tokens: `<random>.<HMAC of session and random>`. A page of a sibling domain can plant a cookie and
// send an equal header, but it cannot sign, and a token of its own session is bound to that one.

import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { CsrfTokens } from '@tegata/core';
import type { KeyRing } from './derived-keys.ts';

const shape = /^([\w-]{22})\.([\w-]{43})$/;

export const createCsrfTokens = (ring: KeyRing): CsrfTokens => {
  const macs = ring.map(
    ({ key }) =>
      (sessionId: string, random: string) =>
        createHmac('sha256', key)
          .update(JSON.stringify([sessionId, random]))
          .digest('base64url'),
  );
  return {
    issue: (sessionId) => {
      const random = randomBytes(16).toString('base64url');
      return `${random}.${macs[0]?.(sessionId, random)}`;
    },
    verify: (token, sessionId) => {
      const [, random, mac] = shape.exec(token) ?? [];
      if (random === undefined || mac === undefined) return false;
      // As text: the last character of base64url has bits that no byte needs, and four spellings would be one signature.
      const presented = Buffer.from(mac);
      return macs.some((expected) => timingSafeEqual(Buffer.from(expected(sessionId, random)), presented));
    },
  };
};
