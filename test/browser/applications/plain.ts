import { createStandardClient, type StandardClient } from '@tegata/client';

// A page that has nothing but the client: the tests call it by name, and read when its state changed.

declare global {
  interface Window {
    auth: StandardClient;
    changes: { status: string; reason?: string | undefined; at: number }[];
  }
}

window.auth = createStandardClient();
window.changes = [];
window.auth.subscribe(() => {
  const state = window.auth.getState();
  window.changes.push({ status: state.status, reason: state.status === 'logged_out' ? state.reason : undefined, at: Date.now() });
});
void window.auth.start();
