export type { AccessClaims } from './claims.ts';
export type { TokenFailure, TokenFailureCode } from './failures.ts';
export type { FeedHealth } from './feed.ts';
export {
  createVerifier,
  type LostFeedPolicy,
  type Verification,
  type VerifiedUser,
  type Verifier,
  type VerifierOptions,
  type VerifyOptions,
} from './verifier.ts';
