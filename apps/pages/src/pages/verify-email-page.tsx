import { useState } from 'react';
import { Link, useAddress } from '../address.tsx';
import { client } from '../client.ts';
import { FormView } from '../form/form-view.tsx';
import { isTrouble, useForm } from '../form/use-form.ts';
import { Card } from '../frame/frame.tsx';
import { mailedToken } from '../mailed-token.ts';
import { usePage } from '../page-context.tsx';
import { keepReturn } from '../return-to.ts';
import { IncompleteLink } from './incomplete-link.tsx';

/** Behind the link in the mail. Opening it does nothing; the button does. */
export const VerifyEmailPage = () => {
  const { texts } = usePage();
  const { pathname, search } = useAddress();
  const token = mailedToken(pathname);
  const [end, setEnd] = useState<'done' | 'failed' | 'taken'>();

  const form = useForm({
    fields: {},
    check: () => undefined,
    submit: async () => {
      const result = await client.verifyEmail({ token: token ?? '' });
      if (!result.ok && isTrouble(result.failure)) return { kind: 'trouble', failure: result.failure };
      setEnd(result.ok ? 'done' : result.failure.code === 'CONFLICT' ? 'taken' : 'failed');
      return { kind: 'done' };
    },
  });

  if (token === undefined) return <IncompleteLink />;
  if (end === 'done') return <Confirmed email={undefined} search={search} />;
  if (end) {
    return (
      <Card title={texts.verifyEmail.failedTitle}>
        <p>{texts.verifyEmail[end]}</p>
        <p className="act">
          <Link className="button" href="/auth/check-your-mail">
            {texts.verifyEmail.resend}
          </Link>
        </p>
      </Card>
    );
  }
  return (
    <Card title={texts.titles.verifyEmail}>
      <p>{texts.verifyEmail.lead}</p>
      <FormView form={form} submit={texts.verifyEmail.submit} busy={texts.verifyEmail.busy} />
    </Card>
  );
};

export const Confirmed = ({ email, search }: { email: string | undefined; search: string }) => {
  const { texts } = usePage();
  return (
    <Card title={texts.verifyEmail.doneTitle} done>
      <p>{texts.verifyEmail.done}</p>
      <p className="act">
        <Link className="button" href={keepReturn('/auth/log-in', search)} handed={email ? { email } : {}}>
          {texts.verifyEmail.goOn}
        </Link>
      </p>
    </Card>
  );
};
