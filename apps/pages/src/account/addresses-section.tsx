import type { UserEmail } from '@tegata/client';
import { useState } from 'react';
import { client } from '../client.ts';
import { checkCode, checkEmail } from '../form/checks.ts';
import { CodeField, EmailField } from '../form/fields.tsx';
import { FormView, TroubleNotice, troubleText } from '../form/form-view.tsx';
import { isTrouble, useForm } from '../form/use-form.ts';
import { Loading } from '../frame/frame.tsx';
import { usePage } from '../page-context.tsx';
import { Said } from './said.tsx';
import { useAction, useList } from './use-list.ts';

/** The addresses of an account: the main one first, those that still wait for their mail with a place for the code. */
export const AddressesSection = () => {
  const { texts } = usePage();
  const { addresses: say } = texts;
  const { items, trouble, reload } = useList(async () => {
    const result = await client.listEmails({ perPage: 100 });
    return result.ok ? { ok: true, value: result.value.items } : result;
  });
  const { busy, said, run } = useAction();
  const [entering, setEntering] = useState<string>();

  const remove = ({ id }: UserEmail) =>
    run(id, async () => {
      const result = await client.removeEmail(id);
      if (!result.ok && isTrouble(result.failure)) return { text: troubleText(result.failure, texts), problem: true };
      if (!result.ok && result.failure.code === 'CONFLICT') return { text: say.canUndo, problem: true };
      await reload();
      return { text: say.removed, problem: false };
    });

  const makeMain = ({ id }: UserEmail) =>
    run(id, async () => {
      const result = await client.setPrimaryEmail(id);
      if (!result.ok && isTrouble(result.failure)) return { text: troubleText(result.failure, texts), problem: true };
      await reload();
      return result.ok ? { text: say.mainChanged, problem: false } : { text: texts.problems.notAccepted, problem: true };
    });

  if (!items) return trouble ? <TroubleNotice trouble={trouble} retry={() => void reload()} /> : <Loading />;
  return (
    <>
      <p>{say.lead}</p>
      {trouble && <TroubleNotice trouble={trouble} retry={() => void reload()} />}
      <ul className="list">
        {items.map((email) => (
          <li key={email.id}>
            <div>
              <b>{email.email}</b>
              <span className="quiet">{email.primary ? say.main : email.verified ? say.confirmed : say.waiting}</span>
              {entering === email.id && (
                <EnterCode
                  email={email.email}
                  done={() => {
                    setEntering(undefined);
                    void reload();
                  }}
                />
              )}
            </div>
            {!email.primary && (
              <div className="actions">
                {email.verified && (
                  <button
                    type="button"
                    className="secondary small"
                    aria-label={say.makeMainOf(email.email)}
                    aria-disabled={busy !== undefined}
                    onClick={() => void makeMain(email)}
                  >
                    {say.makeMain}
                  </button>
                )}
                {!email.verified && entering !== email.id && (
                  <button
                    type="button"
                    className="secondary small"
                    aria-label={say.enterCodeFor(email.email)}
                    onClick={() => setEntering(email.id)}
                  >
                    {say.enterCode}
                  </button>
                )}
                <button
                  type="button"
                  className="secondary small"
                  aria-label={say.removeOf(email.email)}
                  aria-disabled={busy !== undefined}
                  onClick={() => void remove(email)}
                >
                  {say.remove}
                </button>
              </div>
            )}
          </li>
        ))}
      </ul>
      <Said text={said?.text} problem={said?.problem ?? false} />
      <AddAddress
        added={(email) => {
          setEntering(email.id);
          void reload();
        }}
      />
    </>
  );
};

const EnterCode = ({ email, done }: { email: string; done: () => void }) => {
  const { texts } = usePage();
  const form = useForm({
    fields: { code: '' },
    check: (_name, { code }) => checkCode(code, texts),
    submit: async ({ code }) => {
      const result = await client.verifyEmail({ email, code });
      if (result.ok) {
        done();
        return { kind: 'done' };
      }
      if (isTrouble(result.failure)) return { kind: 'trouble', failure: result.failure };
      const taken = result.failure.code === 'CONFLICT';
      return { kind: 'refused', problems: { code: taken ? texts.verifyEmail.taken : texts.problems.codeWrong } };
    },
  });
  return (
    <div className="inset">
      <p role="status">{texts.addresses.codeSent(email)}</p>
      <FormView form={form} submit={texts.addresses.confirm} busy={texts.checkYourMail.busy}>
        <CodeField form={form} name="code" />
      </FormView>
    </div>
  );
};

const AddAddress = ({ added }: { added: (email: UserEmail) => void }) => {
  const { texts } = usePage();
  const form = useForm({
    fields: { email: '' },
    check: (_name, { email }) => checkEmail(email, texts),
    submit: async ({ email }) => {
      const result = await client.addEmail({ email: email.trim() });
      if (result.ok) {
        form.change('email', '');
        added(result.value);
        return { kind: 'done' };
      }
      const { failure } = result;
      if (isTrouble(failure)) return { kind: 'trouble', failure };
      if (failure.code === 'VALIDATION_ERROR') return { kind: 'refused', problems: { email: texts.problems.emailMalformed } };
      return { kind: 'refused', problems: { email: texts.addresses.taken } };
    },
  });
  return (
    <>
      <h2>{texts.addresses.add}</h2>
      <FormView form={form} submit={texts.addresses.submit} busy={texts.addresses.busy}>
        <EmailField form={form} name="email" autoComplete="email" enterKeyHint="done" />
      </FormView>
    </>
  );
};
