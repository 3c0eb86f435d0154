/** What was just done, in a place that screen readers listen to. */
export const Said = ({ text, problem = false }: { text: string | undefined; problem?: boolean }) => (
  <p className={problem ? 'said problem' : 'said'} role="status">
    {text}
  </p>
);
