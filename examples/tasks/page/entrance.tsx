import type { CookieClient } from '@tegata/client';
import { useAuth } from '@tegata/react';
import { useState } from 'react';
import { Field, Form, Heading } from './form.tsx';
import { wordsForLeaving } from './words.ts';

type Shown = 'sign-in' | 'sign-up' | 'forgot';

/** Signing in, making an account, asking for a new password. */
export const Entrance = ({ say }: { say: (notice: string) => void }) => {
  const { login, register, reason, client } = useAuth<CookieClient>();
  const [shown, setShown] = useState<Shown>(reason === 'account_closed' ? 'sign-up' : 'sign-in');
  const [note, setNote] = useState(wordsForLeaving(reason));
  const show = (next: Shown, notice = '') => {
    setShown(next);
    setNote(notice);
  };
  const link = (next: Shown, label: string) => (
    <button type="button" className="link" onClick={() => show(next)}>
      {label}
    </button>
  );

  return (
    <main id="entrance">
      {note && (
        <p className="note" role="status">
          {note}
        </p>
      )}
      {shown === 'sign-in' && (
        <Form
          className="card"
          submit="Sign in"
          words={{ unauthorized: 'That e-mail and password don’t match. Check them, or reset your password.' }}
          action={async ({ email = '', password = '', remember_me }) => {
            say('');
            const result = await login({ email, password, rememberMe: remember_me === 'on' });
            return result.ok ? undefined : result.failure;
          }}
        >
          <Heading>Sign in</Heading>
          <Field name="email" label="E-mail" type="email" autoComplete="username" required />
          <Field name="password" label="Password" type="password" autoComplete="current-password" required />
          <label className="choice">
            <input name="remember_me" type="checkbox" /> Stay signed in for 30 days
          </label>
        </Form>
      )}
      {shown === 'sign-up' && (
        <Form
          className="card"
          submit="Make an account"
          words={{ conflict: 'There is an account with this address. Sign in, or reset your password.' }}
          action={async ({ email = '', password = '' }) => {
            const result = await register({ email, password });
            if (!result.ok) return result.failure;
            say(`Welcome. We sent a link to ${result.value.email}; please open it to confirm the address.`);
            return undefined;
          }}
        >
          <Heading>Make an account</Heading>
          <Field name="email" label="E-mail" type="email" autoComplete="username" required />
          <Field
            name="password"
            label="Password"
            hint="At least 8 characters. A few words in a row are easy to keep in mind."
            type="password"
            autoComplete="new-password"
            minLength={8}
            required
          />
        </Form>
      )}
      {shown === 'forgot' && (
        <Form
          className="card"
          submit="Send the link"
          action={async ({ email = '' }) => {
            const result = await client.forgotPassword({ email });
            if (!result.ok) return result.failure;
            show('sign-in', `If ${email} has an account, a link is on its way.`);
            return undefined;
          }}
        >
          <Heading>Reset your password</Heading>
          <p>We will mail you a link with which you can set a new one.</p>
          <Field name="email" label="E-mail" type="email" autoComplete="username" required />
        </Form>
      )}
      <p className="others">
        {shown === 'sign-in' ? link('sign-up', 'Make an account') : link('sign-in', 'I have an account')}
        {shown === 'sign-in' && link('forgot', 'Forgot your password?')}
      </p>
    </main>
  );
};
