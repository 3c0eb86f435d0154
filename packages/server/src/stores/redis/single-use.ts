/**
 * What may be used once, such as the state of an OAuth log-in.
 *
 *     <prefix>once:<key>                     string: '1', until the key's time is over
 */
import type { SingleUse } from '@tegata/core';
import type { Redis } from './connection.ts';

export const createRedisSingleUse = ({ prefix, send }: Redis): SingleUse => ({
  claim: async (key, expiresAt, now) => {
    // What is over already is nobody's any more.
    if (expiresAt <= now) return false;
    return (await send('SET', `${prefix}once:${key}`, '1', 'PX', String(Math.ceil(expiresAt - now)), 'NX')) === 'OK';
  },
});
