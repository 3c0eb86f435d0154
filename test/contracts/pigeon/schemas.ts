import { z } from 'zod';

export const credentials = z.object({ loft: z.string(), secret: z.string() });
export const ring = z.object({ ring: z.string() });
export const keeper = z.object({ loft: z.string(), keeper: z.string() });
export const squawk = z.object({ squawk: z.string() });
