/** What a use case gives back: its value, or an expected failure as a literal code. Unexpected failures are thrown. */
export type Result<Value, Failure extends { code: string } = never> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly failure: Failure };

export const ok = <Value>(value: Value): { ok: true; value: Value } => ({ ok: true, value });

export const fail = <Code extends string, Detail extends object = Record<never, never>>(
  code: Code,
  detail?: Detail,
): { ok: false; failure: { code: Code } & Detail } => ({ ok: false, failure: { code, ...(detail as Detail) } });

/** Part of the infrastructure is down or full. Doors answer 503 with `Retry-After`, never "wrong password". */
export class Unavailable extends Error {
  override name = 'Unavailable';
  readonly retryAfterSeconds: number;

  constructor(message: string, options: { retryAfterSeconds?: number; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.retryAfterSeconds = options.retryAfterSeconds ?? 1;
  }
}
