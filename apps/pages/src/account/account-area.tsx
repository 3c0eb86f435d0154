import './account.css';
import { useSession } from '@tegata/react';
import { type ReactNode, useEffect, useRef, useState } from 'react';
import { goTo, Link, useAddress } from '../address.tsx';
import { client } from '../client.ts';
import { TroubleNotice } from '../form/form-view.tsx';
import { Heading, Loading } from '../frame/frame.tsx';
import { usePage } from '../page-context.tsx';
import { type PageName, routes } from '../routes.ts';
import { AddressesSection } from './addresses-section.tsx';
import { ConnectionsSection } from './connections-section.tsx';
import { DeleteAccountSection } from './delete-account-section.tsx';
import { PasswordSection } from './password-section.tsx';
import { ProfileSection } from './profile-section.tsx';
import { SessionsSection } from './sessions-section.tsx';

const sections: Partial<Record<PageName, () => ReactNode>> = {
  profile: ProfileSection,
  addresses: AddressesSection,
  password: PasswordSection,
  sessions: SessionsSection,
  connections: ConnectionsSection,
  deleteAccount: DeleteAccountSection,
};

/** What somebody may see and change about their own account: a list at the side, tabs on a phone. */
const AccountArea = ({ page }: { page: PageName }) => {
  const { texts } = usePage();
  const { pathname } = useAddress();
  const session = useSession();

  // Whoever was signed out is told why; whoever just arrives logs in and comes back.
  const reason = session.status === 'logged_out' ? session.reason : undefined;
  useEffect(() => {
    if (session.status !== 'logged_out') return;
    const to = reason
      ? `/auth/signed-out?${new URLSearchParams({ reason })}`
      : `/auth/log-in?${new URLSearchParams({ return_to: pathname })}`;
    goTo(to, { replace: true });
  }, [session.status, reason, pathname]);

  // On a phone the tabs are wider than the screen.
  const tabs = useRef<HTMLUListElement>(null);
  const shown = session.status === 'logged_in';
  useEffect(() => {
    if (shown) tabs.current?.querySelector(`[href="${pathname}"]`)?.scrollIntoView({ block: 'nearest', inline: 'center' });
  }, [shown, pathname]);

  if (session.status === 'loading' && session.failure) {
    return (
      <main className="card">
        <TroubleNotice trouble={{ failure: session.failure, retryAt: session.retryAt }} retry={() => void client.me()} />
      </main>
    );
  }
  if (session.status !== 'logged_in') return <Loading />;
  const Section = sections[page] ?? ProfileSection;
  return (
    <div className="account">
      <nav aria-label={texts.account.nav}>
        <ul ref={tabs}>
          {routes
            .filter((route) => route.account)
            .map((route) => (
              <li key={route.page}>
                <Link href={route.path} aria-current={route.page === page ? 'page' : undefined}>
                  {texts.titles[route.page]}
                </Link>
              </li>
            ))}
        </ul>
        <LogOut name={session.user.name} email={session.user.email} />
      </nav>
      <main className="card" key={page}>
        <Heading title={texts.titles[page]} />
        <Section />
      </main>
    </div>
  );
};

const LogOut = ({ name, email }: { name: string; email: string }) => {
  const { texts } = usePage();
  const [busy, setBusy] = useState(false);
  const logOut = () => {
    if (busy) return;
    setBusy(true);
    // Nobody is logged in here from this moment on, so the page leaves by itself.
    void client.logout();
  };
  return (
    <div className="who">
      <p>
        <b>{name}</b>
        <span className="quiet">{email}</span>
      </p>
      <button type="button" className="secondary small" aria-disabled={busy} onClick={logOut}>
        {busy ? texts.account.loggingOut : texts.account.logOut}
      </button>
    </div>
  );
};

export default AccountArea;
