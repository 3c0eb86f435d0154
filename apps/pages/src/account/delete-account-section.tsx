import { useAuth } from '@tegata/react';
import { useState } from 'react';
import { client } from '../client.ts';
import { checkCurrentPassword } from '../form/checks.ts';
import { PasswordField } from '../form/fields.tsx';
import { FormView } from '../form/form-view.tsx';
import { isTrouble, useForm } from '../form/use-form.ts';
import { Loading } from '../frame/frame.tsx';
import { usePage } from '../page-context.tsx';
import { LogInAgain } from './log-in-again.tsx';
import { Locked } from './password-section.tsx';
import { usePasswordState } from './use-password-state.ts';

/** The end of an account, behind its password; behind a fresh log-in where there is none. */
export const DeleteAccountSection = () => {
  const { texts } = usePage();
  const { user } = useAuth();
  const [logInAgain, setLogInAgain] = useState(false);
  const state = usePasswordState();
  const withoutPassword = state === 'none';

  const form = useForm({
    fields: { password: '' },
    check: (_name, { password }) => (withoutPassword ? undefined : checkCurrentPassword(password, texts)),
    repeats: false,
    submit: async ({ password }) => {
      const result = await client.closeAccount(withoutPassword ? {} : { password });
      if (result.ok) return { kind: 'done' };
      const { failure } = result;
      if (isTrouble(failure)) return { kind: 'trouble', failure };
      switch (failure.code) {
        case 'UNAUTHORIZED':
        case 'VALIDATION_ERROR':
          return { kind: 'refused', problems: { password: texts.deleteAccount.wrong } };
        case 'ACCOUNT_LOCKED':
          return { kind: 'refused', notice: <Locked until={failure.lockedUntil} /> };
        case 'STEP_UP_REQUIRED':
          setLogInAgain(true);
          return { kind: 'done' };
        default:
          // Signed out meanwhile: the area leads to where that is explained.
          return { kind: 'done' };
      }
    },
  });

  if (state === 'asking') return <Loading />;
  if (logInAgain || state === 'log_in_again') return <LogInAgain returnTo="/auth/account/delete" />;
  return (
    <>
      <p>{texts.deleteAccount.lead}</p>
      <FormView form={form} submit={texts.deleteAccount.submit} busy={texts.deleteAccount.busy} destructive>
        {withoutPassword ? (
          <p>{texts.deleteAccount.withoutPassword}</p>
        ) : (
          <>
            <input type="text" name="username" autoComplete="username" value={user?.email ?? ''} readOnly hidden />
            <PasswordField form={form} name="password" is="current" />
          </>
        )}
      </FormView>
    </>
  );
};
