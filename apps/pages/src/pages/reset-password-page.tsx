import { useState } from 'react';
import { Link, useAddress } from '../address.tsx';
import { client } from '../client.ts';
import { checkNewPassword, refusedPassword } from '../form/checks.ts';
import { PasswordField } from '../form/fields.tsx';
import { FormView } from '../form/form-view.tsx';
import { isTrouble, useForm } from '../form/use-form.ts';
import { Card } from '../frame/frame.tsx';
import { mailedToken } from '../mailed-token.ts';
import { usePage } from '../page-context.tsx';
import { IncompleteLink } from './incomplete-link.tsx';

/** Behind the link in the mail. The link stays good until a password has been accepted. */
export const ResetPasswordPage = () => {
  const { texts } = usePage();
  const { pathname } = useAddress();
  const token = mailedToken(pathname);
  const [end, setEnd] = useState<'done' | 'failed'>();

  const form = useForm({
    fields: { password: '' },
    check: (_name, { password }) => checkNewPassword(password, texts),
    submit: async ({ password }) => {
      const result = await client.resetPassword({ token: token ?? '', password });
      if (!result.ok) {
        if (isTrouble(result.failure)) return { kind: 'trouble', failure: result.failure };
        if (result.failure.fields?.password) return { kind: 'refused', problems: { password: refusedPassword(password, texts) } };
      }
      setEnd(result.ok ? 'done' : 'failed');
      return { kind: 'done' };
    },
  });

  if (token === undefined) return <IncompleteLink />;
  if (end) {
    const done = end === 'done';
    const { resetPassword: say } = texts;
    return (
      <Card title={done ? say.doneTitle : say.failedTitle} done={done}>
        <p>{done ? say.done : say.failed}</p>
        <p className="act">
          <Link className="button" href={done ? '/auth/log-in' : '/auth/forgot-password'}>
            {done ? say.goOn : say.again}
          </Link>
        </p>
      </Card>
    );
  }
  return (
    <Card title={texts.titles.resetPassword}>
      <p>{texts.resetPassword.lead}</p>
      <FormView form={form} submit={texts.resetPassword.submit} busy={texts.resetPassword.busy}>
        <PasswordField form={form} name="password" is="new" label={texts.form.newPassword} />
      </FormView>
    </Card>
  );
};
