import { useAuth } from '@tegata/react';
import { useState } from 'react';
import { client } from '../client.ts';
import { checkName } from '../form/checks.ts';
import { Field } from '../form/fields.tsx';
import { FormView } from '../form/form-view.tsx';
import { isTrouble, useForm } from '../form/use-form.ts';
import { usePage } from '../page-context.tsx';
import { dateIn } from '../time-in-words.ts';
import { Said } from './said.tsx';

export const ProfileSection = () => {
  const { texts, language } = usePage();
  const { user } = useAuth();
  const [saved, setSaved] = useState(0);

  const form = useForm({
    fields: { name: user?.name ?? '' },
    check: (_name, { name }) => checkName(name, texts),
    submit: async ({ name }) => {
      setSaved(0);
      const result = await client.updateProfile({ name: name.trim() });
      if (result.ok) {
        setSaved((count) => count + 1);
        return { kind: 'done' };
      }
      if (isTrouble(result.failure)) return { kind: 'trouble', failure: result.failure };
      return { kind: 'refused', problems: { name: texts.problems.nameLong } };
    },
  });

  return (
    <>
      <p>{texts.profile.lead}</p>
      <FormView form={form} submit={texts.profile.submit} busy={texts.profile.busy}>
        <Field
          form={form}
          name="name"
          label={texts.form.name}
          input={{ autoComplete: 'name', enterKeyHint: 'done', maxLength: 200 }}
        />
      </FormView>
      <Said text={saved > 0 ? texts.account.saved : undefined} />
      {user && <p className="quiet">{texts.profile.since(dateIn(language, user.created_at))}</p>}
    </>
  );
};
