// What proves to a server that the doctor asks, who runs with the server's own secret. Good for a quarter of an hour, so
// that clocks may differ; it opens nothing but an echo of the asking call itself.

import { createHmac, type KeyObject, timingSafeEqual } from 'node:crypto';
import type { KeyRing } from './derived-keys.ts';

export type DoctorPass = {
  make: (now: number) => string;
  isGood: (pass: string, now: number) => boolean;
};

const goodMs = 15 * 60_000;

export const createDoctorPass = (ring: KeyRing): DoctorPass => {
  const sign = (key: KeyObject, at: string) => createHmac('sha256', key).update(at).digest();
  return {
    make: (now) => `${now}.${sign(ring[0].key, String(now)).toString('base64url')}`,
    isGood: (pass, now) => {
      const [, at = '', mac = ''] = /^(\d{1,15})\.([\w-]{43})$/.exec(pass) ?? [];
      if (Math.abs(now - Number(at)) > goodMs) return false;
      const given = Buffer.from(mac, 'base64url');
      return ring.some(({ key }) => given.length === 32 && timingSafeEqual(given, sign(key, at)));
    },
  };
};
