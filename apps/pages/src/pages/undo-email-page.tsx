import { useState } from 'react';
import { useAddress } from '../address.tsx';
import { client } from '../client.ts';
import { FormView } from '../form/form-view.tsx';
import { isTrouble, useForm } from '../form/use-form.ts';
import { Card } from '../frame/frame.tsx';
import { mailedToken } from '../mailed-token.ts';
import { usePage } from '../page-context.tsx';
import { IncompleteLink } from './incomplete-link.tsx';

/** Behind the link that the earlier address gets when it is no longer the main one. */
export const UndoEmailPage = () => {
  const { texts } = usePage();
  const { pathname } = useAddress();
  const token = mailedToken(pathname);
  const [end, setEnd] = useState<'done' | 'failed'>();

  const form = useForm({
    fields: {},
    check: () => undefined,
    submit: async () => {
      const result = await client.undoEmailChange({ token: token ?? '' });
      if (!result.ok && isTrouble(result.failure)) return { kind: 'trouble', failure: result.failure };
      setEnd(result.ok ? 'done' : 'failed');
      return { kind: 'done' };
    },
  });

  if (token === undefined) return <IncompleteLink />;
  if (end) {
    const done = end === 'done';
    return (
      <Card title={done ? texts.undoEmail.doneTitle : texts.undoEmail.failedTitle} done={done}>
        <p>{done ? texts.undoEmail.done : texts.undoEmail.failed}</p>
      </Card>
    );
  }
  return (
    <Card title={texts.titles.undoEmail}>
      <p>{texts.undoEmail.lead}</p>
      <p>{texts.undoEmail.ifYou}</p>
      <FormView form={form} submit={texts.undoEmail.submit} busy={texts.undoEmail.busy} destructive />
    </Card>
  );
};
