import type { Environment } from './config.ts';

/** The only reader of `process.env`. */
export const readEnvironment = (): Environment => ({ ...process.env });
