import { useState } from 'react';
import { Link, useAddress } from '../address.tsx';
import { client } from '../client.ts';
import { checkEmail } from '../form/checks.ts';
import { EmailField } from '../form/fields.tsx';
import { FormView } from '../form/form-view.tsx';
import { isTrouble, useForm } from '../form/use-form.ts';
import { Card } from '../frame/frame.tsx';
import { usePage } from '../page-context.tsx';
import { keepReturn } from '../return-to.ts';

/** Asks for a reset link. What it says afterwards is the same whether the address has an account or not. */
export const ForgotPasswordPage = () => {
  const { texts, settings } = usePage();
  const { search, handed } = useAddress();
  const [sentTo, setSentTo] = useState<string>();

  const form = useForm({
    fields: { email: handed.email ?? '' },
    check: (_name, { email }) => checkEmail(email, texts),
    submit: async ({ email }) => {
      const result = await client.forgotPassword({ email: email.trim() });
      if (!result.ok) {
        if (isTrouble(result.failure)) return { kind: 'trouble', failure: result.failure };
        return { kind: 'refused', problems: { email: texts.problems.emailMalformed } };
      }
      setSentTo(email.trim());
      return { kind: 'done' };
    },
  });

  const back = (
    <p className="links">
      <Link href={keepReturn('/auth/log-in', search)}>{texts.forgotPassword.back}</Link>
    </p>
  );
  if (sentTo !== undefined) {
    return (
      <Card title={texts.forgotPassword.doneTitle}>
        <p>{texts.forgotPassword.done(sentTo)}</p>
        <p>{texts.forgotPassword.doneNext}</p>
        <p className="links">
          <button type="button" className="link" onClick={() => setSentTo(undefined)}>
            {texts.forgotPassword.again}
          </button>
        </p>
        {back}
        {settings.mailbox && (
          <p className="links development">
            <a href={`/dev/mailbox?${new URLSearchParams({ to: sentTo })}`}>{texts.checkYourMail.mailbox}</a>
          </p>
        )}
      </Card>
    );
  }
  return (
    <Card title={texts.titles.forgotPassword}>
      <p>{texts.forgotPassword.lead}</p>
      <FormView form={form} submit={texts.forgotPassword.submit} busy={texts.forgotPassword.busy}>
        <EmailField form={form} name="email" enterKeyHint="send" />
      </FormView>
      {back}
    </Card>
  );
};
