import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createTegata, parseConfig, sendResponse, webRequest } from '@tegata/server';

const notes = new Map<string, string[]>();

const config = parseConfig({ TEGATA_CONTRACTS: 'cookie', ...process.env });
const tegata = await createTegata(config, {
  beforeAccountCloses: async ({ userId }) => void notes.delete(userId),
});

const answerNotes = async (request: IncomingMessage, response: ServerResponse) => {
  const guarded = await tegata.guards.requireUser(webRequest(request));
  if (!guarded.ok) return sendResponse(response, guarded.response);
  const mine = notes.get(guarded.user.id) ?? [];
  if (request.method === 'POST') {
    let note = '';
    for await (const chunk of request.setEncoding('utf8')) {
      note += chunk;
      if (note.length > 1000) return response.writeHead(413, { Connection: 'close' }).end();
    }
    notes.set(guarded.user.id, [...mine, note]);
  }
  response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(notes.get(guarded.user.id) ?? []));
};

const server = createServer((request, response) => {
  // The application's own routes first; whatever else is asked for is Tegata's.
  if (request.url !== '/notes') return tegata.nodeListener(request, response);
  answerNotes(request, response).catch((error) => {
    console.error(error);
    response.writeHead(500).end();
  });
});

server.listen(config.port, config.host);
await once(server, 'listening');
tegata.start();
console.log('listening', server.address());

process.once('SIGTERM', async () => {
  tegata.prepareToStop();
  await once(server.close(), 'close');
  await tegata.close();
});
