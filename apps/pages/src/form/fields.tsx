import { type ComponentProps, type FocusEvent, type ReactNode, useId, useState } from 'react';
import { usePage } from '../page-context.tsx';
import { type Strength, strengthOf } from '../password-strength.ts';
import type { Form, Values } from './use-form.ts';

// Fields: the label above, the hint below, what is wrong right beside it.

type FieldProps<Fields extends Values> = {
  form: Form<Fields>;
  name: keyof Fields & string;
  label: string;
  hint?: string;
  input: ComponentProps<'input'>;
  /** Stands inside the frame of the field, at its end. */
  inside?: ReactNode;
  below?: ReactNode;
};

/** Ids are made of the name, so that the summary can lead to the field. */
export const fieldId = (formId: string, name: string): string => `${formId}-${name}`;

export const Field = <Fields extends Values>({ form, name, label, hint, input, inside, below }: FieldProps<Fields>) => {
  const id = fieldId(form.id, name);
  const problem = form.problems[name];
  const described = [problem && `${id}-problem`, hint && `${id}-hint`].filter(Boolean).join(' ');
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: it only watches the focus leave field and button together.
    <div className="field" onBlur={(event: FocusEvent) => form.leave(name, event)}>
      <label htmlFor={id}>{label}</label>
      <div className="frame">
        <input
          id={id}
          name={name}
          value={form.values[name]}
          onChange={(event) => form.change(name, event.target.value)}
          aria-invalid={problem ? true : undefined}
          aria-describedby={described || undefined}
          required
          {...input}
        />
        {inside}
      </div>
      {problem && (
        <p className="problem" id={`${id}-problem`}>
          {problem}
        </p>
      )}
      {hint && (
        <p className="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
      {below}
    </div>
  );
};

type EmailFieldProps<Fields extends Values> = {
  form: Form<Fields>;
  name: keyof Fields & string;
  label?: string;
  /** `username` where the address is half of a log-in, so that password managers know it. */
  autoComplete?: 'username' | 'email' | 'off';
  enterKeyHint?: 'next' | 'done' | 'send';
};

export const EmailField = <Fields extends Values>({
  form,
  name,
  label,
  autoComplete = 'username',
  enterKeyHint = 'next',
}: EmailFieldProps<Fields>) => {
  const { texts } = usePage();
  return (
    <Field
      form={form}
      name={name}
      label={label ?? texts.form.email}
      input={{
        type: 'email',
        inputMode: 'email',
        autoComplete,
        autoCapitalize: 'off',
        spellCheck: false,
        enterKeyHint,
        maxLength: 320,
      }}
    />
  );
};

type PasswordFieldProps<Fields extends Values> = {
  form: Form<Fields>;
  name: keyof Fields & string;
  label?: string;
  /** A new one is hinted at and weighed; a current one is only asked for. */
  is: 'new' | 'current';
  /** What a guesser may know, such as the address. */
  known?: readonly string[];
  enterKeyHint?: 'next' | 'done' | 'go';
};

export const PasswordField = <Fields extends Values>({
  form,
  name,
  label,
  is,
  known,
  enterKeyHint,
}: PasswordFieldProps<Fields>) => {
  const { texts } = usePage();
  const [shown, setShown] = useState(false);
  const value = form.values[name] ?? '';
  return (
    <Field
      form={form}
      name={name}
      label={label ?? texts.form.password}
      {...(is === 'new' ? { hint: texts.form.passwordHint } : {})}
      input={{
        type: shown ? 'text' : 'password',
        autoComplete: is === 'new' ? 'new-password' : 'current-password',
        autoCapitalize: 'off',
        autoCorrect: 'off',
        spellCheck: false,
        enterKeyHint: enterKeyHint ?? 'done',
      }}
      inside={
        <button
          type="button"
          className="reveal"
          aria-label={shown ? texts.form.hidePassword : texts.form.showPassword}
          onClick={() => setShown(!shown)}
        >
          {shown ? texts.form.hide : texts.form.show}
        </button>
      }
      below={is === 'new' && value !== '' ? <StrengthHint strength={strengthOf(value, known)} /> : undefined}
    />
  );
};

const StrengthHint = ({ strength }: { strength: Strength }) => {
  const { texts } = usePage();
  return (
    <p className={`strength ${strength}`} role="status">
      <span className="meter" aria-hidden="true">
        <i />
        <i />
        <i />
      </span>
      {texts.form.strength[strength]}
    </p>
  );
};

/** One field for all six digits: a paste of "123 456" fits as well as a code that the phone offers. */
export const CodeField = <Fields extends Values>({ form, name }: { form: Form<Fields>; name: keyof Fields & string }) => {
  const { texts } = usePage();
  return (
    <Field
      form={form}
      name={name}
      label={texts.form.code}
      input={{
        type: 'text',
        className: 'code',
        inputMode: 'numeric',
        autoComplete: 'one-time-code',
        enterKeyHint: 'done',
        onChange: (event) => form.change(name, digitsOf(event.target.value)),
      }}
    />
  );
};

/** Also those that a Japanese keyboard makes full width. */
const digitsOf = (typed: string): string => typed.normalize('NFKC').replaceAll(/\D/g, '').slice(0, 6);

export const CheckBox = ({
  label,
  checked,
  onChange,
}: {
  label: string;
  checked: boolean;
  onChange: (checked: boolean) => void;
}) => {
  const id = useId();
  return (
    <div className="check">
      <input id={id} type="checkbox" checked={checked} onChange={(event) => onChange(event.target.checked)} />
      <label htmlFor={id}>{label}</label>
    </div>
  );
};
