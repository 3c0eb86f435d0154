import { useAuth } from '@tegata/react';
import { useState } from 'react';
import { Link } from '../address.tsx';
import { client } from '../client.ts';
import { checkCurrentPassword, checkNewPassword, refusedPassword } from '../form/checks.ts';
import { CountDown } from '../form/count-down.tsx';
import { PasswordField } from '../form/fields.tsx';
import { FormView } from '../form/form-view.tsx';
import { isTrouble, useForm } from '../form/use-form.ts';
import { Loading } from '../frame/frame.tsx';
import { usePage } from '../page-context.tsx';
import { LogInAgain } from './log-in-again.tsx';
import { Said } from './said.tsx';
import { usePasswordState } from './use-password-state.ts';

export const PasswordSection = () => {
  const { texts } = usePage();
  const { user } = useAuth();
  const [done, setDone] = useState(false);
  const [none, setNone] = useState(false);
  const state = usePasswordState();

  const form = useForm({
    fields: { current: '', next: '' },
    check: (name, { current, next }) =>
      name === 'current' ? checkCurrentPassword(current, texts) : checkNewPassword(next, texts),
    // A repeated call would count the old password as a wrong guess, had the first one changed it.
    repeats: false,
    submit: async ({ current, next }) => {
      setDone(false);
      const result = await client.changePassword({ currentPassword: current, newPassword: next });
      if (result.ok) {
        form.change('current', '');
        form.change('next', '');
        setDone(true);
        return { kind: 'done' };
      }
      const { failure } = result;
      if (isTrouble(failure)) return { kind: 'trouble', failure };
      switch (failure.code) {
        case 'UNAUTHORIZED':
          return { kind: 'refused', problems: { current: texts.password.wrong } };
        case 'ACCOUNT_LOCKED':
          return { kind: 'refused', notice: <Locked until={failure.lockedUntil} /> };
        case 'CONFLICT':
          setNone(true);
          return { kind: 'done' };
        case 'VALIDATION_ERROR':
          return { kind: 'refused', problems: { next: refusedPassword(next, texts) } };
        default:
          // Signed out meanwhile: the area leads to where that is explained.
          return { kind: 'done' };
      }
    },
  });

  if (state === 'asking') return <Loading />;
  if (state === 'log_in_again') {
    return (
      <>
        <p>{texts.password.none}</p>
        <LogInAgain returnTo="/auth/account/password" />
      </>
    );
  }
  if (none || state === 'none') return <FirstPassword />;
  return (
    <>
      <p>{texts.password.lead}</p>
      <FormView form={form} submit={texts.password.submit} busy={texts.password.busy}>
        {/* Tells password managers whose password it is. */}
        <input type="text" name="username" autoComplete="username" value={user?.email ?? ''} readOnly hidden />
        <PasswordField form={form} name="current" is="current" label={texts.form.currentPassword} enterKeyHint="next" />
        <PasswordField
          form={form}
          name="next"
          is="new"
          label={texts.form.newPassword}
          known={user ? [user.email, user.name] : []}
        />
      </FormView>
      <Said text={done ? texts.password.done : undefined} />
    </>
  );
};

export const Locked = ({ until }: { until: string | undefined }) => {
  const { logIn } = usePage().texts;
  return (
    <>
      <CountDown until={Date.parse(until ?? '') || Date.now() + 15 * 60_000} text={logIn.locked} end={logIn.unlocked} />
      <Link href="/auth/forgot-password">{logIn.lockedReset}</Link>
      {logIn.lockedEnd}
    </>
  );
};

/** For somebody who logs in with another service. */
const FirstPassword = () => {
  const { texts } = usePage();
  const { user } = useAuth();
  const [end, setEnd] = useState<'added' | 'too_late'>();

  const form = useForm({
    fields: { password: '' },
    check: (_name, { password }) => checkNewPassword(password, texts),
    submit: async ({ password }) => {
      const result = await client.setPassword({ password });
      if (!result.ok && isTrouble(result.failure)) return { kind: 'trouble', failure: result.failure };
      if (!result.ok && result.failure.code === 'VALIDATION_ERROR') {
        return { kind: 'refused', problems: { password: refusedPassword(password, texts) } };
      }
      // `CONFLICT`: there is one by now, such as from an attempt whose answer was lost.
      setEnd(!result.ok && result.failure.code === 'STEP_UP_REQUIRED' ? 'too_late' : 'added');
      return { kind: 'done' };
    },
  });

  if (end === 'too_late') return <LogInAgain returnTo="/auth/account/password" />;
  if (end === 'added') return <Said text={texts.password.added} />;
  return (
    <>
      <p>{texts.password.none}</p>
      <FormView form={form} submit={texts.password.set} busy={texts.password.busy}>
        <input type="text" name="username" autoComplete="username" value={user?.email ?? ''} readOnly hidden />
        <PasswordField
          form={form}
          name="password"
          is="new"
          label={texts.form.newPassword}
          known={user ? [user.email, user.name] : []}
        />
      </FormView>
    </>
  );
};
