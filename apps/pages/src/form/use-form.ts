import type { Failure } from '@tegata/client';
import { type FocusEvent, type FormEvent, type ReactNode, useEffect, useId, useRef, useState } from 'react';

// One form: what is typed, what is wrong with it, and the request it makes. It is checked when a field is left and when
// it is sent, never while it is typed the first time; it cannot be sent twice; and whatever happens, nothing typed is lost.

export type Values = Record<string, string>;
export type Problems<Fields extends Values> = Partial<Record<keyof Fields & string, string>>;

export type Outcome<Fields extends Values> =
  /** It worked, and the page has moved on by itself. */
  | { kind: 'done' }
  | { kind: 'refused'; problems?: Problems<Fields>; notice?: ReactNode }
  /** The server could not be asked, or asked for patience. */
  | { kind: 'trouble'; failure: Failure };

export type FormOptions<Fields extends Values> = {
  fields: Fields;
  /** In words what is wrong with a field, or undefined. Asked for each field. */
  check: (name: keyof Fields & string, values: Fields) => string | undefined;
  submit: (values: Fields, attempt: { answerWasLost: boolean }) => Promise<Outcome<Fields>>;
  /** Whether it may be sent again without being asked, after the server was out of reach. */
  repeats?: boolean;
};

export type Trouble = { failure: Failure; retryAt: number | undefined };

export type Form<Fields extends Values> = ReturnType<typeof useForm<Fields>>;

const slowAfterMs = 1_000;
const retryAfterMs = [5_000, 10_000, 20_000, 30_000];

let pointerDown = false;
window.addEventListener('pointerdown', () => (pointerDown = true), true);
for (const name of ['pointerup', 'pointercancel']) window.addEventListener(name, () => (pointerDown = false), true);

/** A message that appears between the press and the release of a button would move the button away from under the pointer. */
const afterPress = (work: () => void) => {
  if (!pointerDown) return work();
  window.addEventListener('pointerup', () => setTimeout(work), { once: true });
};

export const useForm = <Fields extends Values>({ fields, check, submit, repeats = true }: FormOptions<Fields>) => {
  type Name = keyof Fields & string;
  const [values, setValues] = useState(fields);
  const [problems, setProblems] = useState<Problems<Fields>>({});
  const [notice, setNotice] = useState<ReactNode>();
  const [trouble, setTrouble] = useState<Trouble>();
  const [busy, setBusy] = useState(false);
  const [slow, setSlow] = useState(false);
  /** Counts refusals, so that the summary takes the focus for each. */
  const [refusals, setRefusals] = useState(0);
  const sending = useRef(false);
  const failed = useRef(0);
  const latest = useRef(values);
  latest.current = values;

  const names = Object.keys(fields) as Name[];

  const change = (name: Name, value: string) => {
    const next = { ...latest.current, [name]: value };
    latest.current = next;
    setValues(next);
    // A problem that is shown goes away as soon as it is mended.
    if (problems[name] !== undefined) setProblems({ ...problems, [name]: check(name, next) });
  };

  const leave = (name: Name, event: FocusEvent) => {
    const staysInside = event.currentTarget.contains(event.relatedTarget);
    if (staysInside || latest.current[name] === '') return;
    afterPress(() => {
      if (!sending.current) setProblems((shown) => ({ ...shown, [name]: check(name, latest.current) }));
    });
  };

  const refuse = (found: Problems<Fields>, said?: ReactNode) => {
    setProblems(found);
    setNotice(said);
    setRefusals((count) => count + 1);
  };

  const send = async () => {
    if (sending.current) return;
    const sent = latest.current;
    const found = Object.fromEntries(
      names.map((name) => [name, check(name, sent)]).filter(([, problem]) => problem),
    ) as Problems<Fields>;
    setTrouble(undefined);
    if (Object.keys(found).length > 0) return refuse(found);
    sending.current = true;
    setBusy(true);
    setProblems({});
    setNotice(undefined);
    const becomesSlow = setTimeout(() => setSlow(true), slowAfterMs);
    const outcome = await submit(sent, { answerWasLost: failed.current > 0 });
    clearTimeout(becomesSlow);
    sending.current = false;
    setSlow(false);
    setBusy(false);
    if (outcome.kind === 'refused') refuse(outcome.problems ?? {}, outcome.notice);
    if (outcome.kind === 'trouble') {
      const { failure } = outcome;
      const unreachable = failure.code === 'network' || failure.code === 'unavailable';
      const pause = Math.max((failure.retryAfterSeconds ?? 0) * 1000, retryAfterMs[Math.min(failed.current, 3)] as number);
      if (unreachable) failed.current += 1;
      setTrouble({ failure, retryAt: unreachable && repeats ? Date.now() + pause : undefined });
    } else failed.current = 0;
  };

  // Sent again by itself, from wherever the person is by then.
  const again = useRef(send);
  again.current = send;
  const retryAt = trouble?.retryAt;
  useEffect(() => {
    if (retryAt === undefined) return undefined;
    const timer = setTimeout(() => void again.current(), Math.max(0, retryAt - Date.now()));
    return () => clearTimeout(timer);
  }, [retryAt]);

  return {
    id: useId(),
    values,
    problems,
    notice,
    trouble,
    busy,
    slow,
    refusals,
    change,
    leave,
    send,
    onSubmit: (event: FormEvent) => {
      event.preventDefault();
      void send();
    },
    setNotice,
  };
};

/** What a failure of the client's own codes leads to. */
export const isTrouble = (failure: Failure<string>): failure is Failure =>
  ['network', 'unavailable', 'rate_limited', 'unexpected'].includes(failure.code);
