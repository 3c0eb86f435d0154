import type { Failure } from '@tegata/client';
import { useAuth } from '@tegata/react';
import { type ReactNode, useEffect, useState } from 'react';
import { goTo, Link, useAddress } from '../address.tsx';
import { client } from '../client.ts';
import { checkCurrentPassword, checkEmail } from '../form/checks.ts';
import { CountDown } from '../form/count-down.tsx';
import { CheckBox, EmailField, PasswordField } from '../form/fields.tsx';
import { FormView } from '../form/form-view.tsx';
import { isTrouble, useForm } from '../form/use-form.ts';
import { Card, Loading } from '../frame/frame.tsx';
import { type PageContext, usePage } from '../page-context.tsx';
import { keepReturn, returnAddress } from '../return-to.ts';
import { Providers } from './providers.tsx';

export const LogInPage = () => {
  const page = usePage();
  const { texts, settings } = page;
  const { search, handed } = useAddress();
  const { isAuthenticated, loading } = useAuth();
  const [remember, setRemember] = useState(false);

  const form = useForm({
    fields: { email: handed.email ?? '', password: '' },
    check: (name, values) => (name === 'email' ? checkEmail(values.email, texts) : checkCurrentPassword(values.password, texts)),
    submit: async ({ email, password }) => {
      const result = await client.login({ email: email.trim(), password, rememberMe: remember });
      if (result.ok) return { kind: 'done' };
      if (isTrouble(result.failure)) return { kind: 'trouble', failure: result.failure };
      return { kind: 'refused', notice: <Refusal failure={result.failure} email={email.trim()} page={page} search={search} /> };
    },
  });

  // Also for whoever is logged in already, or logs in in another tab.
  const wanted = new URLSearchParams(search).get('return_to');
  useEffect(() => {
    if (!isAuthenticated) return;
    goTo(returnAddress(wanted, { origin: window.location.origin, allowed: settings.returnOrigins }), { replace: true });
  }, [isAuthenticated, wanted, settings]);

  if ((loading && !form.busy && form.refusals === 0) || isAuthenticated) return <Loading />;
  return (
    <Card title={texts.titles.logIn}>
      <FormView form={form} submit={texts.logIn.submit} busy={texts.logIn.busy}>
        <EmailField form={form} name="email" />
        <PasswordField form={form} name="password" is="current" enterKeyHint="go" />
        <div className="row">
          <CheckBox label={texts.logIn.remember} checked={remember} onChange={setRemember} />
        </div>
      </FormView>
      <Providers search={search} />
      <p className="links">
        <Link href={keepReturn('/auth/forgot-password', search)} handed={{ email: form.values.email }}>
          {texts.logIn.forgot}
        </Link>
      </p>
      <p className="links">
        {texts.logIn.newHere} <Link href={keepReturn('/auth/register', search)}>{texts.logIn.register}</Link>
      </p>
    </Card>
  );
};

type RefusalProps = { failure: Failure<string>; email: string; page: PageContext; search: string };

/** Says what to do next, and never whether the address has an account. */
const Refusal = ({ failure, email, page, search }: RefusalProps): ReactNode => {
  const { logIn } = page.texts;
  const handed = { email };
  const reset = (label: string) => (
    <Link href={keepReturn('/auth/forgot-password', search)} handed={handed}>
      {label}
    </Link>
  );
  if (failure.code === 'ACCOUNT_LOCKED') {
    return (
      <>
        <CountDown
          until={Date.parse(failure.lockedUntil ?? '') || Date.now() + 15 * 60_000}
          text={logIn.locked}
          end={logIn.unlocked}
        />
        {reset(logIn.lockedReset)}
        {logIn.lockedEnd}
      </>
    );
  }
  switch (failure.reason) {
    case 'email_not_verified':
      return (
        <>
          {logIn.unverified}
          <Link href={keepReturn('/auth/check-your-mail', search)} handed={{ email, notice: 'unverified' }}>
            {logIn.unverifiedResend}
          </Link>
          {logIn.unverifiedEnd}
        </>
      );
    case 'account_suspended':
      return logIn.suspended;
    case 'account_deactivated':
      return logIn.deactivated;
    case 'no_password':
      return logIn.noPassword;
    default:
      return (
        <>
          {logIn.wrong}
          {reset(logIn.wrongReset)}
          {logIn.wrongEnd}
        </>
      );
  }
};
