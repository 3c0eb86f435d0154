import { Link, useAddress } from '../address.tsx';
import { Card } from '../frame/frame.tsx';
import { usePage } from '../page-context.tsx';
import { keepReturn } from '../return-to.ts';

/** After these somebody else may have done it: the owner is shown the way to a new password. */
const suspicious = ['session_revoked', 'refresh_reuse', 'password_changed', 'password_reset', 'email_change_undone'];
/** There is nothing to log in to. */
const final = ['account_suspended', 'account_deactivated'];

/** "Why was I signed out?": the stable words of the contract, in words for people. */
export const SignedOutPage = () => {
  const { texts } = usePage();
  const { search } = useAddress();
  const { reasons, ...say } = texts.signedOut;
  const reason = new URLSearchParams(search).get('reason') ?? '';
  const known = Object.hasOwn(reasons, reason) ? (reason as keyof typeof reasons) : 'unknown';
  return (
    <Card title={texts.titles.signedOut}>
      <p>
        {reasons[known]}
        {suspicious.includes(known) && (
          <>
            {say.notYou}
            <Link href="/auth/forgot-password">{say.notYouReset}</Link>
          </>
        )}
      </p>
      {!final.includes(known) && (
        <p className="act">
          <Link className="button" href={keepReturn(known === 'account_closed' ? '/auth/register' : '/auth/log-in', search)}>
            {known === 'account_closed' ? texts.titles.register : say.logIn}
          </Link>
        </p>
      )}
    </Card>
  );
};
