export { type AnyClient, AuthProvider, type AuthProviderProps, type UserOf, useAuthClient, useSession } from './auth-context.ts';
export { LoggedIn, type LoggedInProps, LoggedOut } from './logged-in.ts';
export { type UseAuth, useAuth } from './use-auth.ts';
