import { useEffect, useState } from 'react';
import { client } from '../client.ts';

/** Whether the account has a password to ask for; `log_in_again`: it has none, and the log-in is too old to stand in for one. */
export type PasswordState = 'asking' | 'there' | 'none' | 'log_in_again';

/** Found out before anybody types a password that they do not have, or one that would be lost on the way to a new log-in. */
const ask = async (): Promise<PasswordState> => {
  const connections = await client.listConnections({ perPage: 1 });
  if (!connections.ok || connections.value.items.length === 0) return 'there';
  // Sets nothing: an empty password is refused, after it was looked whether there is one and how old the log-in is.
  const answer = await client.setPassword({ password: '' });
  if (answer.ok) return 'there';
  if (answer.failure.code === 'STEP_UP_REQUIRED') return 'log_in_again';
  return answer.failure.code === 'VALIDATION_ERROR' ? 'none' : 'there';
};

export const usePasswordState = (): PasswordState => {
  const [state, setState] = useState<PasswordState>('asking');
  useEffect(() => {
    let shown = true;
    void ask().then((found) => shown && setState(found));
    return () => {
      shown = false;
    };
  }, []);
  return state;
};
