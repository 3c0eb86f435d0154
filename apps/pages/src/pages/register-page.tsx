import { goTo, Link, useAddress } from '../address.tsx';
import { client } from '../client.ts';
import { checkEmail, checkName, checkNewPassword, refusedPassword } from '../form/checks.ts';
import { EmailField, Field, PasswordField } from '../form/fields.tsx';
import { FormView } from '../form/form-view.tsx';
import { isTrouble, type Problems, useForm } from '../form/use-form.ts';
import { Card } from '../frame/frame.tsx';
import { usePage } from '../page-context.tsx';
import { keepReturn } from '../return-to.ts';
import { Providers } from './providers.tsx';

type Fields = { name: string; email: string; password: string };

export const RegisterPage = () => {
  const { texts } = usePage();
  const { search } = useAddress();

  const form = useForm<Fields>({
    fields: { name: '', email: '', password: '' },
    check: (field, { name, email, password }) =>
      ({
        name: () => checkName(name, texts),
        email: () => checkEmail(email, texts),
        password: () => checkNewPassword(password, texts),
      })[field as keyof Fields](),
    submit: async ({ name, email, password }, { answerWasLost }) => {
      const address = email.trim();
      const result = await client.register({ name: name.trim(), email: address, password });
      // When an answer was lost, the address may be taken by the very request that it was the answer to.
      const sent = result.ok || (result.failure.code === 'CONFLICT' && answerWasLost);
      if (sent) {
        goTo(keepReturn('/auth/check-your-mail', search), { handed: { email: address } });
        return { kind: 'done' };
      }
      const { failure } = result;
      if (isTrouble(failure)) return { kind: 'trouble', failure };
      if (failure.code === 'CONFLICT') return { kind: 'refused', problems: { email: texts.register.taken } };
      const problems: Problems<Fields> = {
        ...(failure.fields?.name ? { name: texts.problems.nameLong } : {}),
        ...(failure.fields?.email ? { email: texts.problems.emailMalformed } : {}),
        ...(failure.fields?.password ? { password: refusedPassword(password, texts) } : {}),
      };
      return { kind: 'refused', problems, notice: Object.keys(problems).length === 0 ? texts.problems.notAccepted : undefined };
    },
  });

  return (
    <Card title={texts.titles.register}>
      <FormView form={form} submit={texts.register.submit} busy={texts.register.busy}>
        <Field
          form={form}
          name="name"
          label={texts.form.name}
          hint={texts.form.nameHint}
          input={{ autoComplete: 'name', enterKeyHint: 'next', maxLength: 200 }}
        />
        <EmailField form={form} name="email" />
        <PasswordField form={form} name="password" is="new" known={[form.values.email, form.values.name]} />
      </FormView>
      <Providers search={search} />
      <p className="links">
        {texts.register.haveOne} <Link href={keepReturn('/auth/log-in', search)}>{texts.register.logIn}</Link>
      </p>
    </Card>
  );
};
