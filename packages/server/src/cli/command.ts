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
