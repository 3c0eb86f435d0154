import type { Deps } from '../deps.ts';
import type { Connection } from './connection.ts';

/** A person sees through which providers they can log in. */
export const listConnections = (
  { connections }: Pick<Deps, 'connections'>,
  { userId }: { userId: string },
): Promise<Connection[]> => connections.list(userId);
