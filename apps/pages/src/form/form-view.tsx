import { type ReactNode, useEffect, useRef } from 'react';
import { usePage } from '../page-context.tsx';
import type { Texts } from '../texts/texts.ts';
import { CountDown } from './count-down.tsx';
import { fieldId } from './fields.tsx';
import type { Form, Trouble, Values } from './use-form.ts';

type FormViewProps<Fields extends Values> = {
  form: Form<Fields>;
  children?: ReactNode;
  submit: string;
  busy: string;
  destructive?: boolean;
  /** Beside the button, such as "Cancel". */
  beside?: ReactNode;
  className?: string;
};

/** What is around the fields of every form: what is wrong as a whole above, the one button below. */
export const FormView = <Fields extends Values>({
  form,
  children,
  submit,
  busy,
  destructive,
  beside,
  className,
}: FormViewProps<Fields>) => {
  const { texts } = usePage();
  return (
    <form className={className} onSubmit={form.onSubmit} noValidate aria-busy={form.busy}>
      <Summary form={form} />
      {form.trouble && <TroubleNotice trouble={form.trouble} retry={() => void form.send()} />}
      {children}
      <div className="act">
        {/* Not `disabled`: that would take the focus away from whoever pressed it. */}
        <button type="submit" className={destructive ? 'primary destructive' : 'primary'} aria-disabled={form.busy}>
          {form.busy ? (
            <>
              <span className="spinner" aria-hidden="true" />
              {busy}
            </>
          ) : (
            submit
          )}
        </button>
        {beside}
      </div>
      <p className="slow" role="status">
        {form.slow && texts.form.slow}
      </p>
    </form>
  );
};

/** Takes the focus after each refusal, so that nobody has to look for what happened. */
const Summary = <Fields extends Values>({ form }: { form: Form<Fields> }) => {
  const { texts } = usePage();
  const box = useRef<HTMLDivElement>(null);
  const wrong = Object.entries(form.problems).filter(([, problem]) => problem) as [string, string][];
  useEffect(() => {
    if (form.refusals > 0) box.current?.focus();
  }, [form.refusals]);
  if (form.refusals === 0 || (wrong.length === 0 && !form.notice)) return null;
  return (
    <div className="notice" ref={box} tabIndex={-1} role="alert">
      {form.notice && <p>{form.notice}</p>}
      {wrong.length > 0 && (
        <>
          <p className="heading">{texts.form.summary(wrong.length)}</p>
          <ul>
            {wrong.map(([name, problem]) => (
              <li key={name}>
                <a
                  href={`#${fieldId(form.id, name)}`}
                  onClick={(event) => {
                    event.preventDefault();
                    document.getElementById(fieldId(form.id, name))?.focus();
                  }}
                >
                  {problem}
                </a>
              </li>
            ))}
          </ul>
        </>
      )}
    </div>
  );
};

/** The server could not be asked: what that means, and when it is asked again. */
export const TroubleNotice = ({ trouble: { failure, retryAt }, retry }: { trouble: Trouble; retry: () => void }) => {
  const { texts } = usePage();
  return (
    <div className="notice">
      {retryAt === undefined ? (
        <p role="alert">{troubleText(failure, texts)}</p>
      ) : (
        <p>
          <CountDown until={retryAt} text={texts.trouble.unreachable} />
        </p>
      )}
      {failure.code !== 'rate_limited' && (
        <button type="button" className="plain" onClick={retry}>
          {retryAt === undefined ? texts.trouble.tryAgain : texts.trouble.tryNow}
        </button>
      )}
    </div>
  );
};

export const troubleText = (failure: Trouble['failure'], { trouble }: Texts): string => {
  if (failure.code === 'rate_limited') return trouble.tooMany(failure.retryAfterSeconds ?? 60);
  return failure.code === 'unexpected' ? trouble.unexpected : trouble.unreachableAsk;
};
