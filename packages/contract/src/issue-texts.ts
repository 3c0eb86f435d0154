/**
 * What validation says about a field. The schemas give the keys, so that each door and each client can say it in its
 * reader's language; the English is a literal part of the contract.
 */
export const issueTexts = {
  emailRequired: 'email is required',
  passwordRequired: 'password is required',
  passwordTooLong: 'password is too long',
  nameRequired: 'name is required',
  nameLength: 'name must be 1 to 100 characters',
  nameControl: 'name must not contain control characters',
  avatarUrlNotHttps: 'avatar_url must be an https URL',
  avatarUrlTooLong: 'avatar_url is too long',
  tokenRequired: 'token is required',
  tokenTooLong: 'token is too long',
  codeRequired: 'code is required',
  codeTooLong: 'code is too long',
  stateTooLong: 'state is too long',
  redirectToNotText: 'redirect_to must be an address',
  rememberMeNotBoolean: 'remember_me must be true or false',
  tokenTransportUnknown: 'token_transport must be cookie or body',
  refreshTokenTooLong: 'refresh_token is too long',
  pageOutOfRange: 'page must be a whole number of at least 1',
  perPageOutOfRange: 'per_page must be a whole number from 1 to 100',
  /** For whatever has no words of its own. */
  notValid: 'is not valid',
} as const;

export type IssueKey = keyof typeof issueTexts;

/** The key of an issue that a schema reported: a message that is no key came from the schema library itself. */
export const issueKey = (message: string): IssueKey => (Object.hasOwn(issueTexts, message) ? (message as IssueKey) : 'notValid');

/** For schemas: `z.string(says('emailRequired'))`. */
export const says = (key: IssueKey): { error: IssueKey } => ({ error: key });
