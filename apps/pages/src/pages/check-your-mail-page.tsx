import { useState } from 'react';
import { Link, useAddress } from '../address.tsx';
import { client } from '../client.ts';
import { checkCode, checkEmail } from '../form/checks.ts';
import { CodeField, EmailField } from '../form/fields.tsx';
import { FormView, troubleText } from '../form/form-view.tsx';
import { isTrouble, useForm } from '../form/use-form.ts';
import { Card } from '../frame/frame.tsx';
import { usePage } from '../page-context.tsx';
import { keepReturn } from '../return-to.ts';
import { Confirmed } from './verify-email-page.tsx';

/** After registering: wait for the mail, or type its code. The address is handed over by the page before, not in the URL. */
export const CheckYourMailPage = () => {
  const { handed, search } = useAddress();
  const [email, setEmail] = useState(handed.notice === 'unverified' ? undefined : handed.email);
  const [confirmed, setConfirmed] = useState(false);
  if (confirmed) return <Confirmed email={email} search={search} />;
  return email === undefined ? (
    <AskForAddress first={handed.email ?? ''} sent={setEmail} />
  ) : (
    <EnterCode email={email} confirmed={() => setConfirmed(true)} />
  );
};

export const AskForAddress = ({ first, sent }: { first: string; sent: (email: string) => void }) => {
  const { texts } = usePage();
  const form = useForm({
    fields: { email: first },
    check: (_name, { email }) => checkEmail(email, texts),
    submit: async ({ email }) => {
      const result = await client.resendVerification({ email: email.trim() });
      if (result.ok) {
        sent(email.trim());
        return { kind: 'done' };
      }
      if (isTrouble(result.failure)) return { kind: 'trouble', failure: result.failure };
      return { kind: 'refused', problems: { email: texts.problems.emailMalformed } };
    },
  });
  return (
    <Card title={texts.titles.checkYourMail}>
      <p>{texts.checkYourMail.ask}</p>
      <FormView form={form} submit={texts.checkYourMail.askSubmit} busy={texts.forgotPassword.busy}>
        <EmailField form={form} name="email" enterKeyHint="send" />
      </FormView>
    </Card>
  );
};

const EnterCode = ({ email, confirmed }: { email: string; confirmed: () => void }) => {
  const { texts, settings } = usePage();
  const { search } = useAddress();
  const [again, setAgain] = useState<{ busy: boolean; said?: string }>({ busy: false });

  const form = useForm({
    fields: { code: '' },
    check: (_name, { code }) => checkCode(code, texts),
    submit: async ({ code }) => {
      const result = await client.verifyEmail({ email, code });
      if (result.ok) {
        confirmed();
        return { kind: 'done' };
      }
      if (isTrouble(result.failure)) return { kind: 'trouble', failure: result.failure };
      const taken = result.failure.code === 'CONFLICT';
      return { kind: 'refused', problems: { code: taken ? texts.verifyEmail.taken : texts.problems.codeWrong } };
    },
  });

  const sendAgain = async () => {
    if (again.busy) return;
    setAgain({ busy: true });
    const result = await client.resendVerification({ email });
    const said = result.ok
      ? texts.checkYourMail.sentAgain
      : isTrouble(result.failure)
        ? troubleText(result.failure, texts)
        : texts.problems.notAccepted;
    setAgain({ busy: false, said });
  };

  return (
    <Card title={texts.titles.checkYourMail}>
      <p>{texts.checkYourMail.sent(email)}</p>
      <p>{texts.checkYourMail.either}</p>
      <FormView form={form} submit={texts.checkYourMail.submit} busy={texts.checkYourMail.busy}>
        <CodeField form={form} name="code" />
      </FormView>
      <p className="links">
        {texts.checkYourMail.nothing}
        <button type="button" className="link" aria-disabled={again.busy} onClick={() => void sendAgain()}>
          {texts.checkYourMail.again}
        </button>
        {texts.checkYourMail.nothingEnd}
      </p>
      <p className="said" role="status">
        {again.said}
      </p>
      <p className="links">
        <Link href={keepReturn('/auth/register', search)}>{texts.checkYourMail.otherAddress}</Link>
      </p>
      {settings.mailbox && (
        <p className="links development">
          <a href={`/dev/mailbox?${new URLSearchParams({ to: email })}`}>{texts.checkYourMail.mailbox}</a>
        </p>
      )}
    </Card>
  );
};
