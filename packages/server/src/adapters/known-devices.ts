// "This browser has logged in to that address before", kept by the browser itself: `v1.<device id>.<mac>.<mac>…`,
// newest first. Each MAC binds the device id to one address, so the cookie names nobody to whoever reads it and cannot
// be extended without the key.

import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { KnownDevices } from '@tegata/core';
import type { DerivedKey, KeyRing } from './derived-keys.ts';

const rememberedAddresses = 5;
/** 128 bits are 22 characters of base64url, for the id and for each MAC. */
const cookieForm = /^v1\.([\w-]{22})((?:\.[\w-]{22}){1,5})$/;

const read = (cookie: string | undefined): { id: string; macs: string[] } | undefined => {
  const [, id, macs] = cookieForm.exec(cookie ?? '') ?? [];
  return id && macs ? { id, macs: macs.slice(1).split('.') } : undefined;
};

const isSameMac = (a: string, b: string): boolean => timingSafeEqual(Buffer.from(a), Buffer.from(b));

/** MACs by keys of earlier secrets are still recognized; `remember` replaces them by one of today's. */
export const createKnownDevices = (ring: KeyRing): KnownDevices => {
  const macOf = ({ key }: DerivedKey, id: string, email: string) =>
    createHmac('sha256', key).update(`${id}.${email}`).digest().subarray(0, 16).toString('base64url');

  return {
    recognize: (cookie, email) => {
      const device = read(cookie);
      if (!device) return undefined;
      const expected = ring.map((key) => macOf(key, device.id, email));
      return device.macs.some((mac) => expected.some((right) => isSameMac(mac, right))) ? device.id : undefined;
    },
    remember: (cookie, email) => {
      const { id, macs } = read(cookie) ?? { id: randomBytes(16).toString('base64url'), macs: [] };
      const own = ring.map((key) => macOf(key, id, email));
      const others = macs.filter((mac) => !own.some((right) => isSameMac(mac, right)));
      return ['v1', id, own[0], ...others].slice(0, 2 + rememberedAddresses).join('.');
    },
  };
};
