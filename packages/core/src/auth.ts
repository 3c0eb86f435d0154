import { listAuditEvents } from './audit/list-audit-events.ts';
import { beginConnection } from './connections/begin-connection.ts';
import { finishConnection } from './connections/finish-connection.ts';
import { listConnections } from './connections/list-connections.ts';
import { listProviders } from './connections/list-providers.ts';
import { removeConnection } from './connections/remove-connection.ts';
import type { Deps } from './deps.ts';
import { addEmail } from './emails/add-email.ts';
import { listEmails } from './emails/list-emails.ts';
import { removeEmail } from './emails/remove-email.ts';
import { requestVerification } from './emails/request-verification.ts';
import { setPrimaryEmail } from './emails/set-primary-email.ts';
import { undoPrimaryEmail } from './emails/undo-primary-email.ts';
import { verifyEmail } from './emails/verify-email.ts';
import { answerMailRequest } from './mail/answer-mail-request.ts';
import { changeRole } from './organizations/change-role.ts';
import { showMembership } from './organizations/show-membership.ts';
import { changePassword } from './passwords/change-password.ts';
import { requestPasswordReset } from './passwords/request-password-reset.ts';
import { resetPassword } from './passwords/reset-password.ts';
import { setPassword } from './passwords/set-password.ts';
import { setUserPassword } from './passwords/set-user-password.ts';
import { purgeExpired } from './purge/purge-expired.ts';
import { addService } from './services/add-service.ts';
import { authenticateService } from './services/authenticate-service.ts';
import { listServices } from './services/list-services.ts';
import { revokeService } from './services/revoke-service.ts';
import { authenticate } from './sessions/authenticate.ts';
import { identifySessions } from './sessions/identify-sessions.ts';
import { introspectToken } from './sessions/introspect-token.ts';
import { listSessions } from './sessions/list-sessions.ts';
import { logIn } from './sessions/log-in.ts';
import { logOut } from './sessions/log-out.ts';
import { logOutEverywhere } from './sessions/log-out-everywhere.ts';
import { refreshSession } from './sessions/refresh-session.ts';
import { revokeSession } from './sessions/revoke-session.ts';
import { createSigningKey } from './tokens/create-signing-key.ts';
import { listSigningKeys } from './tokens/list-signing-keys.ts';
import { revokeSigningKey } from './tokens/revoke-signing-key.ts';
import { rotateSigningKey } from './tokens/rotate-signing-key.ts';
import { tendSigningKeys } from './tokens/tend-signing-keys.ts';
import { closeAccount } from './users/close-account.ts';
import { listUsers } from './users/list-users.ts';
import { register } from './users/register.ts';
import { setUserStatus } from './users/set-user-status.ts';
import { showUser } from './users/show-user.ts';
import { unlockUser } from './users/unlock-user.ts';
import { updateProfile } from './users/update-profile.ts';

/** The table of contents: everything Tegata can do, one line and one file each. */
export const createAuth = (deps: Deps) => {
  const bind =
    <Input extends unknown[], Output>(useCase: (deps: Deps, ...input: Input) => Output) =>
    (...input: Input): Output =>
      useCase(deps, ...input);

  return {
    // Registering and proving addresses
    register: bind(register),
    verifyEmail: bind(verifyEmail),
    requestVerification: bind(requestVerification),

    // Sessions
    logIn: bind(logIn),
    authenticate: bind(authenticate),
    identifySessions: bind(identifySessions),
    refreshSession: bind(refreshSession),
    logOut: bind(logOut),
    logOutEverywhere: bind(logOutEverywhere),
    listSessions: bind(listSessions),
    revokeSession: bind(revokeSession),

    // Logging in through other providers
    listProviders: bind(listProviders),
    beginConnection: bind(beginConnection),
    finishConnection: bind(finishConnection),
    listConnections: bind(listConnections),
    removeConnection: bind(removeConnection),

    // Passwords
    requestPasswordReset: bind(requestPasswordReset),
    resetPassword: bind(resetPassword),
    changePassword: bind(changePassword),
    setPassword: bind(setPassword),

    // The person's own account
    updateProfile: bind(updateProfile),
    listEmails: bind(listEmails),
    addEmail: bind(addEmail),
    removeEmail: bind(removeEmail),
    setPrimaryEmail: bind(setPrimaryEmail),
    undoPrimaryEmail: bind(undoPrimaryEmail),
    closeAccount: bind(closeAccount),

    // Organizations
    showMembership: bind(showMembership),
    changeRole: bind(changeRole),

    // Other services that trust this one
    addService: bind(addService),
    listServices: bind(listServices),
    revokeService: bind(revokeService),
    authenticateService: bind(authenticateService),
    introspectToken: bind(introspectToken),

    // Operators
    listUsers: bind(listUsers),
    showUser: bind(showUser),
    setUserStatus: bind(setUserStatus),
    setUserPassword: bind(setUserPassword),
    unlockUser: bind(unlockUser),
    listAuditEvents: bind(listAuditEvents),

    // Signing keys
    tendSigningKeys: bind(tendSigningKeys),
    listSigningKeys: bind(listSigningKeys),
    createSigningKey: bind(createSigningKey),
    rotateSigningKey: bind(rotateSigningKey),
    revokeSigningKey: bind(revokeSigningKey),

    // The mail worker
    answerMailRequest: bind(answerMailRequest),

    // The purge worker
    purgeExpired: bind(purgeExpired),
  };
};

export type Auth = ReturnType<typeof createAuth>;
