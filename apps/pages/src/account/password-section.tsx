import { useAuth } from '@tegata/react';
import { useState } from 'react';
import { Link } from '../address.tsx';
import { client } from '../client.ts';
import { checkCurrentPassword, checkNewPassword, refusedPassword } from '../form/checks.ts';
import { CountDown } from '../form/count-down.tsx';
import { PasswordField } from '../form/fields.tsx';
import { FormView, troubleText } from '../form/form-view.tsx';
import { isTrouble, useForm } from '../form/use-form.ts';
import { usePage } from '../page-context.tsx';
import { Said } from './said.tsx';
import { useAction } from './use-list.ts';

export const PasswordSection = () => {
  const { texts } = usePage();
  const { user } = useAuth();
  const [done, setDone] = useState(false);
  const [none, setNone] = useState(false);

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

  if (none && user) return <NoPassword email={user.email} />;
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

/** Somebody who logs in with another service. What they get by mail, the server decides. */
const NoPassword = ({ email }: { email: string }) => {
  const { texts } = usePage();
  const { busy, said, run } = useAction();
  const send = () =>
    run('send', async () => {
      const result = await client.forgotPassword({ email });
      if (!result.ok && isTrouble(result.failure)) return { text: troubleText(result.failure, texts), problem: true };
      return { text: texts.password.linkSent, problem: false };
    });
  return (
    <>
      <p>{texts.password.none}</p>
      <p className="act">
        <button type="button" className="secondary" aria-disabled={busy !== undefined} onClick={() => void send()}>
          {texts.password.setOne}
        </button>
      </p>
      <Said text={said?.text} problem={said?.problem ?? false} />
    </>
  );
};
