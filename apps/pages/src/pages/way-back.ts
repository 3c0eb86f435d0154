// Where a log-in through a provider leads in the end. It waits in this tab while the provider has it; whoever put it
// there, it is checked like any other before it is followed.

const key = 'tegata:way-back';

export const keepWayBack = (wanted: string | null): void => {
  if (wanted === null) window.sessionStorage.removeItem(key);
  else window.sessionStorage.setItem(key, wanted);
};

export const takeWayBack = (): string | null => {
  const kept = window.sessionStorage.getItem(key);
  window.sessionStorage.removeItem(key);
  return kept;
};
