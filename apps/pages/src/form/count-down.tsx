import { useEffect, useState } from 'react';

/** A sentence with the seconds left in it. It counts for the eye; a screen reader hears it once, and again at the end. */
type CountDownProps = { until: number; text: (seconds: number) => string; end?: string };

export const CountDown = (props: CountDownProps) => <Counting key={props.until} {...props} />;

const secondsUntil = (until: number): number => Math.max(0, Math.ceil((until - Date.now()) / 1000));

const Counting = ({ until, text, end }: CountDownProps) => {
  const [first] = useState(() => secondsUntil(until));
  const [seconds, setSeconds] = useState(first);
  useEffect(() => {
    const timer = setInterval(() => setSeconds(secondsUntil(until)), 1000);
    return () => clearInterval(timer);
  }, [until]);
  const over = seconds === 0 && end !== undefined;
  return (
    <>
      <span aria-hidden="true">{over ? end : text(Math.max(1, seconds))}</span>
      <span className="unseen" role="alert">
        {over ? end : text(Math.max(1, first))}
      </span>
    </>
  );
};
