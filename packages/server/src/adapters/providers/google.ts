// Google is a provider of OpenID Connect, with its address and `email_verified` in the ID token. Its tokens have named the
// issuer with and without `https://` over the years; discovery says which, and what is kept is what it says.

import type { Provider } from '@tegata/core';
import { createOidc } from './oidc.ts';
import type { ProviderParts, ProviderSettings } from './provider-parts.ts';

export type GoogleSettings = ProviderSettings & { issuer: string };

export const createGoogle = (settings: GoogleSettings, parts: ProviderParts): Provider => createOidc(settings, parts);
