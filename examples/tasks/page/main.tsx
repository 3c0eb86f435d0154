import { createCookieClient } from '@tegata/client';
import { AuthProvider } from '@tegata/react';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app.tsx';

// The two tokens are in cookies that no script can read. Who is signed in, in every tab, is the client's business.

const auth = createCookieClient();

createRoot(document.getElementById('page') as HTMLElement).render(
  <StrictMode>
    <AuthProvider client={auth}>
      <App />
    </AuthProvider>
  </StrictMode>,
);
