// What a log-in through a provider will be held against travels encrypted in the browser, so that any node can finish
// what another one began, and nobody has to remember flows that were never finished.

import type { ConnectionFlow, ConnectionFlows } from '@tegata/core';
import type { KeyRing } from './derived-keys.ts';
import { createSeal } from './seal.ts';

export const createConnectionFlows = (ring: KeyRing): ConnectionFlows => {
  const { seal, open } = createSeal(ring);
  return {
    seal: (flow) => seal(JSON.stringify(flow)),
    open: (sealed) => {
      try {
        // Authenticated, and of a key that seals nothing else: what opens is a flow.
        return JSON.parse(open(sealed)) as ConnectionFlow;
      } catch {
        return undefined;
      }
    },
  };
};
