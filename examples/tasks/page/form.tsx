import type { Failure } from '@tegata/client';
import {
  type ComponentProps,
  createContext,
  type FormEvent,
  type ReactNode,
  useContext,
  useEffect,
  useId,
  useRef,
  useState,
} from 'react';
import { sentence, wordsFor } from './words.ts';

export type Typed = Record<string, string>;

const Problems = createContext<Record<string, string>>({});

type FormProps = {
  /** Gives the failure, if there was one. Then nothing typed is lost. */
  action: (typed: Typed) => Promise<Failure<string> | undefined>;
  /** Other words for a code than the usual ones. */
  words?: Record<string, string>;
  submit: string;
  destructive?: boolean;
  /** Beside the button. */
  more?: ReactNode;
  className?: string;
  children: ReactNode;
};

/** Sends what was typed, once, and says what is wrong beside the field it is about. */
export const Form = ({ action, words = {}, submit, destructive = false, more, className, children }: FormProps) => {
  const form = useRef<HTMLFormElement>(null);
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<Failure<string>>();

  const send = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    if (busy) return;
    const typed = Object.fromEntries(new FormData(event.currentTarget)) as Typed;
    setBusy(true);
    setFailure(undefined);
    const failed = await action(typed);
    setBusy(false);
    setFailure(failed);
    if (!failed) form.current?.reset();
  };

  useEffect(() => {
    if (failure) form.current?.querySelector<HTMLElement>('[aria-invalid=true]')?.focus();
  }, [failure]);

  const general = failure && !failure.fields ? (words[failure.code] ?? wordsFor(failure)) : '';
  return (
    <form ref={form} className={className} method="post" onSubmit={send} aria-busy={busy}>
      <Problems.Provider value={failure?.fields ?? {}}>{children}</Problems.Provider>
      <p className="problem" role="alert">
        {general}
      </p>
      <p className="actions">
        <button type="submit" className={destructive ? 'destructive' : undefined}>
          {submit}
        </button>
        {more}
      </p>
    </form>
  );
};

type FieldProps = { name: string; label: string; hint?: string } & (
  | ({ as?: 'input' } & ComponentProps<'input'>)
  | ({ as: 'textarea' } & ComponentProps<'textarea'>)
  | ({ as: 'select' } & ComponentProps<'select'>)
);

export const Field = ({ label, hint, as: Control = 'input', ...control }: FieldProps) => {
  const id = useId();
  const problem = useContext(Problems)[control.name];
  const described = [hint && `${id}-hint`, `${id}-problem`].filter(Boolean).join(' ');
  const attributes = { ...control, id, 'aria-describedby': described, 'aria-invalid': problem !== undefined } as object;
  return (
    <>
      <label htmlFor={id}>{label}</label>
      <Control {...attributes} />
      {hint && (
        <p className="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
      <p className="problem" id={`${id}-problem`}>
        {problem === undefined ? '' : sentence(problem)}
      </p>
    </>
  );
};

/** Takes the focus when it appears, so that keyboards and screen readers follow. */
export const Heading = ({ children }: { children: ReactNode }) => {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  return (
    <h1 ref={heading} tabIndex={-1}>
      {children}
    </h1>
  );
};

/** A window over the page, for as long as it is there. */
export const Dialog = ({ heading, onClose, children }: { heading: string; onClose: () => void; children: ReactNode }) => {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const opened = dialog.current;
    opened?.showModal();
    return () => opened?.close();
  }, []);
  return (
    <dialog ref={dialog} aria-labelledby={id} onCancel={onClose}>
      <h2 id={id}>{heading}</h2>
      {children}
    </dialog>
  );
};
