import { type Application, startServer, type TestServer } from '../server.ts';

export type Note = { userId: string; sessionId: string; text: string };

/** A small application with one route of its own, `/notes`, behind the exported guard; everything else is the server's. */
export const startWithNotes = async (
  settings: Record<string, string> = {},
): Promise<{ server: TestServer; notes: readonly Note[] }> => {
  const notes: Note[] = [];
  const application: Application =
    ({ fetch, guards }) =>
    async (request, bindings) => {
      if (new URL(request.url).pathname !== '/notes') return fetch(request, bindings);
      const caller = await guards.requireUser(request);
      if (!caller.ok) return caller.response;
      const { user, sessionId } = caller;
      if (request.method !== 'GET') notes.push({ userId: user.id, sessionId, text: await request.text() });
      return Response.json({ notes: notes.filter(({ userId }) => userId === user.id) });
    };
  const server = await startServer({ TEGATA_CONTRACTS: 'cookie', ...settings }, undefined, application);
  return { server, notes };
};
