import { goTo } from '../address.tsx';
import { client } from '../client.ts';
import { usePage } from '../page-context.tsx';

/** What only a fresh log-in may do. It comes back to where it was asked for. */
export const LogInAgain = ({ returnTo }: { returnTo: string }) => {
  const { texts } = usePage();
  const again = async () => {
    await client.logout();
    goTo(`/auth/log-in?${new URLSearchParams({ return_to: returnTo })}`, { replace: true });
  };
  return (
    <>
      <p role="alert">{texts.logInAgain.lead}</p>
      <p className="act">
        <button type="button" className="primary" onClick={() => void again()}>
          {texts.logInAgain.go}
        </button>
      </p>
    </>
  );
};
