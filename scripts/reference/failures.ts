import { type FailureCode, type FinishConnectionReason, failureStatus } from '@tegata/contract';
import { consequences, type SessionEndReason, type WhySessionEnded } from '@tegata/core';
import * as bearer from '../../packages/server/src/http/contracts/bearer/failures.ts';
import { texts as bearerTexts } from '../../packages/server/src/http/contracts/bearer/texts.ts';
import * as cookie from '../../packages/server/src/http/contracts/cookie/failures.ts';
import { texts as cookieTexts } from '../../packages/server/src/http/contracts/cookie/texts.ts';
import * as organization from '../../packages/server/src/http/contracts/organization/failures.ts';
import { texts as organizationTexts } from '../../packages/server/src/http/contracts/organization/texts.ts';
import { code, table } from './table.ts';

// What to do is written here, once for each failure: a new one does not compile until somebody has said it.

const doing = {
  mend: 'mend the request; repeating it changes nothing',
  mendField: 'show the text at its field',
  logIn: 'have the person log in',
  refresh: 'refresh once, then repeat the call; when that is refused, have the person log in',
  say: 'show the text',
  tryAgain: 'show the text at the form, and let them try again',
  wait: 'wait as long as `Retry-After` says, then repeat',
  report: 'repeat once; then look in the log for the `X-Request-Id` of the answer',
  newLink: 'have a new link sent',
  otherAddress: 'offer to log in or to reset the password',
  proveAtProvider: 'have them mend it at the provider, then begin again',
  begin: 'begin the log-in through the provider again',
  origin: 'add the origin to `TEGATA_ALLOWED_ORIGINS`, if it is yours',
  csrf: 'send `X-CSRF-Token` with the value of the CSRF cookie; where that is gone, have the person log in',
  smaller: 'send less than 64 KiB',
  json: 'send `Content-Type: application/json`',
  method: 'use a method that `Allow` names',
  unlock: 'say when it is over; a reset of the password lifts the lock, and a browser that has logged in before is counted apart',
} as const;

const standardCodes: Record<FailureCode, readonly [meaning: string, todo: string]> = {
  VALIDATION_ERROR: ['a field is wrong; `details` names it', doing.mendField],
  INVALID_REQUEST: ['the body, its type (415), its size (413) or the method (405) is wrong', doing.mend],
  UNAUTHORIZED: ['nobody is logged in, or not any more; or the password was wrong. `reason` says which', doing.logIn],
  TOKEN_EXPIRED: ['the access token is over, as planned', doing.refresh],
  FORBIDDEN: ['a page of a foreign origin, or a service without that scope', doing.origin],
  ACCOUNT_LOCKED: ['too many wrong passwords; `details` has `locked_until`', doing.unlock],
  STEP_UP_REQUIRED: ['the log-in is too long ago for this call', doing.logIn],
  NOT_FOUND: ['no such path, or nothing of that id belongs to the caller', doing.mend],
  CONFLICT: ['it is taken, or there already', doing.say],
  RATE_LIMIT_EXCEEDED: ['too many calls; `RateLimit` says which limit', doing.wait],
  INTERNAL_ERROR: ['a mistake of the server', doing.report],
  SERVICE_UNAVAILABLE: ['database, Redis or a provider is away, or too much is being hashed', doing.wait],
};

type OtherReason =
  | 'refresh_cookie_missing'
  | 'refresh_token_invalid'
  | 'email_not_verified'
  | 'no_password'
  | 'has_password'
  | 'wrong_password'
  | 'login_too_old'
  | 'last_way_in'
  | 'token_invalid'
  | 'token_expired'
  | 'insufficient_scope'
  | 'invalid_client'
  | 'foreign_origin'
  | 'account_locked'
  | 'account_pending';

type Reason = WhySessionEnded | FinishConnectionReason | OtherReason;
type Said = readonly [codes: readonly FailureCode[], meaning: string, todo: string];

const ended = (event: SessionEndReason): Said => [
  ['UNAUTHORIZED'],
  `the session is over: ${consequences[event].event}`,
  doing.logIn,
];

export const reasons: Record<Reason, Said> = {
  token_invalid: [['UNAUTHORIZED'], 'the access token is none of this server', doing.logIn],
  token_expired: [['TOKEN_EXPIRED'], 'the access token is over', doing.refresh],
  session_expired: [['UNAUTHORIZED'], 'nobody used the session for too long, or it reached its greatest age', doing.logIn],
  session_unknown: [['UNAUTHORIZED'], 'the session ended so long ago that nobody knows why', doing.logIn],
  refresh_cookie_missing: [['UNAUTHORIZED'], 'no refresh token came along', doing.logIn],
  refresh_token_invalid: [['UNAUTHORIZED'], 'the refresh token is none of this server', doing.logIn],
  logged_out: ended('logged_out'),
  logged_out_everywhere: ended('logged_out_everywhere'),
  session_revoked: ended('session_revoked'),
  session_limit: ended('session_limit'),
  refresh_reuse: ended('refresh_reuse'),
  password_changed: ended('password_changed'),
  password_reset: ended('password_reset'),
  password_set: ended('password_set'),
  email_change_undone: ended('email_change_undone'),
  account_closed: ended('account_closed'),
  account_claimed: ended('account_claimed'),
  account_suspended: [['UNAUTHORIZED'], 'an operator suspended the account', doing.say],
  account_deactivated: [['UNAUTHORIZED'], 'an operator deactivated the account', doing.say],
  account_pending: [['UNAUTHORIZED'], 'no address of the account is proved yet', 'offer to send the verification mail again'],
  email_not_verified: [
    ['UNAUTHORIZED'],
    'the password was right, the address is not proved yet',
    'offer to send the verification mail again',
  ],
  account_locked: [['ACCOUNT_LOCKED'], 'too many wrong passwords', doing.unlock],
  wrong_password: [['UNAUTHORIZED'], 'the password given again was wrong; the session goes on', doing.tryAgain],
  no_password: [['UNAUTHORIZED', 'CONFLICT'], 'the account has no password', 'offer the providers, or to set a password'],
  has_password: [['CONFLICT'], 'the account has a password already', 'offer to change it'],
  login_too_old: [['STEP_UP_REQUIRED'], 'the log-in is more than five minutes ago', doing.logIn],
  last_way_in: [['CONFLICT'], 'without this connection nobody could log in', 'offer to set a password first'],
  foreign_origin: [['FORBIDDEN'], 'a page of an origin that is not allowed', doing.origin],
  insufficient_scope: [['FORBIDDEN'], 'the service has no such scope', 'add a service with the scope: `tegata services add`'],
  invalid_client: [
    ['UNAUTHORIZED'],
    'the credential of the service is unknown or revoked',
    'give it a new one: `tegata services add`',
  ],
  flow_missing: [['VALIDATION_ERROR'], 'the cookie of the call that began the log-in did not come along', doing.begin],
  flow_expired: [['VALIDATION_ERROR'], 'it was begun more than ten minutes ago', doing.begin],
  flow_used: [['VALIDATION_ERROR'], 'it was finished before', doing.begin],
  flow_of_another_user: [['VALIDATION_ERROR'], 'somebody else had begun it in this browser', doing.begin],
  state_missing: [['VALIDATION_ERROR'], '`state` was not handed on', 'hand on what the provider sent, whole'],
  state_mismatch: [['VALIDATION_ERROR'], '`state` is that of another log-in', doing.begin],
  provider_error: [['VALIDATION_ERROR'], 'the provider answered with an error', doing.begin],
  code_rejected: [['VALIDATION_ERROR'], 'the provider did not take its own code back', doing.begin],
  provider_denied: [['INVALID_REQUEST'], 'the person refused at the provider', doing.say],
  address_missing: [['INVALID_REQUEST'], 'the provider told no address', doing.proveAtProvider],
  address_unverified: [['INVALID_REQUEST'], 'the address is not proved at the provider', doing.proveAtProvider],
  connected_to_other: [['CONFLICT'], 'that account of the provider belongs to another user here', doing.say],
  provider_taken: [['CONFLICT'], 'another account of this provider is connected already', 'have them disconnect that one first'],
  verify_own_address: [
    ['CONFLICT'],
    'to connect something, the own address has to be proved first',
    'offer to send the verification mail again',
  ],
  log_in_required: [['UNAUTHORIZED'], 'the flow adds a connection, and nobody is logged in', doing.logIn],
};

const cookieTodo: Record<cookie.Failure, string> = {
  invalidBody: doing.mend,
  unsupportedMediaType: doing.json,
  bodyTooLarge: doing.smaller,
  methodNotAllowed: doing.method,
  notFound: doing.mend,
  foreignOrigin: doing.origin,
  csrfMissing: doing.csrf,
  csrfMismatch: doing.csrf,
  rateLimited: doing.wait,
  internal: doing.report,
  unavailable: doing.wait,
  emailTaken: doing.otherAddress,
  invalidCredentials: doing.tryAgain,
  refreshTokenInvalid: doing.logIn,
  tokenMissing: doing.logIn,
  tokenInvalid: doing.logIn,
  tokenExpired: doing.refresh,
  passwordWrong: doing.tryAgain,
  currentPasswordWrong: doing.tryAgain,
  noPassword: 'offer a reset of the password, which sets one',
  signInAgain: doing.logIn,
  resetInvalid: doing.newLink,
  resetExpired: doing.newLink,
  resetUsed: doing.newLink,
  providerUnsupported: 'ask which providers there are',
  authorizationCodeInvalid: doing.begin,
  providerDenied: doing.say,
  providerAddressMissing: doing.proveAtProvider,
  providerAddressUnverified: doing.proveAtProvider,
  providerTaken: doing.say,
  accountNotActive: doing.say,
};

const bearerTodo: Record<keyof typeof bearer.failureStatus, string> = {
  emailTaken: doing.otherAddress,
  emailInvalid: doing.mendField,
  passwordTooShort: doing.mendField,
  passwordTooLong: doing.mendField,
  passwordTooCommon: doing.mendField,
  passwordSameAsEmail: doing.mendField,
  passwordNotText: doing.mendField,
  nameRequired: doing.mendField,
  nameTooLong: doing.mendField,
  nameControl: doing.mendField,
  credentialsRequired: doing.mendField,
  credentialsWrong: doing.tryAgain,
  authenticationRequired: doing.logIn,
  authorizationMalformed: 'send `Authorization: Bearer …`',
  tokenInvalid: doing.logIn,
  bodyInvalid: doing.mend,
  bodyTooLarge: doing.smaller,
  unsupportedMediaType: doing.json,
  foreignOrigin: doing.origin,
  notFound: doing.mend,
  methodNotAllowed: doing.method,
  rateLimited: doing.wait,
  internal: doing.report,
  unavailable: doing.wait,
};

type OrganizationCode = keyof typeof organization.failureStatus;

const organizationTodo: Record<OrganizationCode, string> = {
  INVALID_REQUEST: doing.mend,
  INVALID_RESET_TOKEN: doing.newLink,
  RESET_TOKEN_EXPIRED: doing.newLink,
  INVALID_AUTHORIZATION_CODE: doing.begin,
  PROVIDER_DENIED: doing.say,
  PROVIDER_EMAIL_MISSING: doing.proveAtProvider,
  PROVIDER_EMAIL_UNVERIFIED: doing.proveAtProvider,
  AUTH_REQUIRED: doing.logIn,
  TOKEN_EXPIRED: doing.refresh,
  INVALID_TOKEN: doing.logIn,
  INVALID_CREDENTIALS: doing.tryAgain,
  INVALID_REFRESH_TOKEN: doing.logIn,
  REFRESH_TOKEN_EXPIRED: doing.logIn,
  ACCOUNT_NOT_ACTIVE: doing.say,
  ACCOUNT_LOCKED: doing.unlock,
  CSRF_TOKEN_INVALID: doing.csrf,
  PERMISSION_DENIED: doing.origin,
  NOT_FOUND: doing.mend,
  METHOD_NOT_ALLOWED: doing.method,
  DUPLICATE_EMAIL: doing.otherAddress,
  PROVIDER_ALREADY_CONNECTED: doing.say,
  PAYLOAD_TOO_LARGE: doing.smaller,
  UNSUPPORTED_MEDIA_TYPE: doing.json,
  VALIDATION_ERROR: doing.mendField,
  RATE_LIMIT_EXCEEDED: doing.wait,
  INTERNAL_SERVER_ERROR: doing.report,
  SERVICE_UNAVAILABLE: doing.wait,
};

const entries = <Key extends string, Value>(record: Readonly<Record<Key, Value>>) => Object.entries(record) as [Key, Value][];
const locked = '15 minutes and longer, as the text says';

export const failuresReference = (): string => `# Failures

What can go wrong in each contract, and what a client does about it. Codes, types, reasons and statuses are stable; texts are for people and follow \`Accept-Language\`. 429 and 503 carry \`Retry-After\`; every answer carries \`X-Request-Id\`.

## Contract \`standard\`

\`{"error": {"code", "message", "reason"?, "details"?}, "meta": null}\`

${table(
  ['code', 'status', 'what it means', 'what to do'],
  entries(standardCodes).map(([name, [meaning, todo]]) => [code(name), String(failureStatus[name]), meaning, todo]),
)}

### Reasons

The \`reason\` beside the code, where there is more to say.

${table(
  ['reason', 'code', 'what it means', 'what to do'],
  entries(reasons).map(([name, [codes, meaning, todo]]) => [code(name), codes.map(code).join(', '), meaning, todo]),
)}

## Contract \`cookie\`

\`{"error", "error_type", "errors"?}\`, where \`errors\` has a text for each field.

${table(
  ['status', '`error_type`', '`error`', 'what to do'],
  [
    ['400', code('validation_errors'), cookieTexts.en.failures.validationFailed, doing.mendField],
    ...entries(cookie.failures).map(([name, failure]: [cookie.Failure, { type: cookie.ErrorType; status?: number }]) => [
      String(failure.status ?? cookie.failureStatus[failure.type]),
      code(failure.type),
      cookieTexts.en.failures[name],
      cookieTodo[name],
    ]),
    ['403', code('forbidden'), `${cookieTexts.en.accountLocked(15)} (${locked})`, doing.unlock],
  ],
)}

## Contract \`bearer\`

\`{"error"}\`: the status and the text are all there is.

${table(
  ['status', '`error`', 'what to do'],
  [
    ...entries(bearer.failureStatus).map(([name, status]) => [String(status), bearerTexts.en[name], bearerTodo[name]]),
    [String(bearer.lockedStatus), `${bearerTexts.en.accountLocked(15)} (${locked})`, doing.unlock],
  ],
)}

## Contract \`organization\`

\`{"success": false, "error": {"code", "message", "details"?}}\`

${table(
  ['code', 'status', '`message`, in English', 'what to do'],
  entries(organization.failureStatus).map(([name, status]) => [
    code(name),
    String(status),
    name === 'ACCOUNT_LOCKED'
      ? `${organizationTexts.en.accountLocked(15)} (${locked})`
      : organizationTexts.en.failures[name as Exclude<OrganizationCode, 'ACCOUNT_LOCKED'>],
    organizationTodo[name],
  ]),
)}
`;
