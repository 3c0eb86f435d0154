export type Command = {
  /** How to call it, and what it does in one line. */
  lines: readonly (readonly [call: string, meaning: string])[];
  /** Resolves to the exit code. */
  run: (args: string[]) => Promise<number>;
};

/** The call was wrong; the message says how. */
export class UsageError extends Error {
  override name = 'UsageError';
}

/** What lies under the errors that were put around it. */
export const rootCause = (error: unknown): unknown =>
  error instanceof Error && error.cause !== undefined ? rootCause(error.cause) : error;

/** For commands that take none: a port given as an argument would otherwise be ignored without a word. */
export const refuseArguments = (args: string[]): void => {
  if (args.length === 0) return;
  throw new UsageError(`Unexpected "${args[0]}": settings are environment variables, such as PORT=8080.`);
};
