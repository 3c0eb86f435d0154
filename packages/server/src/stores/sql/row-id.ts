import { randomUUID } from 'node:crypto';

/** UUIDv7 (RFC 9562, section 5.7) of a time given in milliseconds, for rows that the stores themselves name. */
export const newRowId = (now: number): string => {
  const time = now.toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7${randomUUID().slice(15)}`;
};
