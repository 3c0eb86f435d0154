/**
 * Why a log-in through a provider was not finished: the `reason` beside the code, for programs that want to say more than the
 * texts do. Every one that the server may answer.
 */
export const finishConnectionReasons = [
  // The cookie that the call which began it has set.
  'flow_missing',
  'flow_expired',
  'flow_used',
  'flow_of_another_user',
  // What the provider sent the person back with.
  'state_missing',
  'state_mismatch',
  'provider_error',
  'code_rejected',
  'provider_denied',
  // Whose account it is.
  'address_missing',
  'address_unverified',
  'connected_to_other',
  'provider_taken',
  'verify_own_address',
  'account_pending',
  'account_suspended',
  'account_deactivated',
  'log_in_required',
] as const;

export type FinishConnectionReason = (typeof finishConnectionReasons)[number];
