/**
 * The same trouble on several databases, or several troubles, at the same time: most of their time is waiting. All are waited
 * for, so that each prints its figure and leaves nothing running; then every failure is told.
 */
export const sideBySide = async <Kind>(kinds: readonly Kind[], work: (kind: Kind) => Promise<void>): Promise<void> => {
  const ended = await Promise.allSettled(kinds.map(work));
  const failures = ended.filter((end) => end.status === 'rejected').map(({ reason }) => reason as unknown);
  if (failures.length > 1) throw new AggregateError(failures, failures.map(String).join('\n'));
  if (failures.length === 1) throw failures[0];
};
