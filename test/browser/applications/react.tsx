import { createStandardClient, type StandardClient } from '@tegata/client';
import { AuthProvider, LoggedIn, LoggedOut, useAuth, useSession } from '@tegata/react';
import { StrictMode } from 'react';
import { createRoot, hydrateRoot } from 'react-dom/client';

// Many components that ask who is logged in, under StrictMode; hydrated where the page came with markup. The same file is
// rendered on the server by the test.

const Name = () => {
  const { user, loading } = useAuth();
  return <li>{loading ? 'unknown' : (user?.email ?? 'nobody')}</li>;
};

const Status = () => <p id="status">{useSession().status}</p>;

const Entrance = () => {
  const { login } = useAuth();
  return (
    <button type="button" onClick={() => void login({ email: 'ada@example.com', password: 'correct horse battery' })}>
      Log in
    </button>
  );
};

const Exit = () => {
  const { logout } = useAuth();
  return (
    <button type="button" onClick={() => void logout()}>
      Log out
    </button>
  );
};

export const Application = ({ client }: { client: StandardClient }) => (
  <StrictMode>
    <AuthProvider client={client}>
      <Status />
      <ul>
        {Array.from({ length: 20 }, (_, index) => `name-${index}`).map((key) => (
          <Name key={key} />
        ))}
      </ul>
      <LoggedIn>
        {(user) => (
          <section id="in">
            Welcome, {user.name} <Exit />
          </section>
        )}
      </LoggedIn>
      <LoggedOut>
        <section id="out">
          Please log in <Entrance />
        </section>
      </LoggedOut>
    </AuthProvider>
  </StrictMode>
);

if (typeof document !== 'undefined') {
  const root = document.getElementById('root') as HTMLElement;
  const application = <Application client={createStandardClient()} />;
  if (root.hasChildNodes()) hydrateRoot(root, application);
  else createRoot(root).render(application);
}
