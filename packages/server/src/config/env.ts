export type Environment = Readonly<Record<string, string | undefined>>;

/** The only reader of `process.env`. */
export const readEnvironment = (): Environment => ({ ...process.env });
