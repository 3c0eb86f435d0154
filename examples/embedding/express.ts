import { once } from 'node:events';
import { createTegata, parseConfig, sendResponse, webRequest } from '@tegata/server';
import express, { type RequestHandler } from 'express';

const notes = new Map<string, string[]>();

const config = parseConfig({ TEGATA_CONTRACTS: 'cookie', ...process.env });
const tegata = await createTegata(config, {
  beforeAccountCloses: async ({ userId }) => void notes.delete(userId),
});

const requireUser: RequestHandler = async (request, response, next) => {
  const guarded = await tegata.guards.requireUser(webRequest(request));
  if (!guarded.ok) return sendResponse(response, guarded.response);
  response.locals.user = guarded.user;
  next();
};

const app = express().disable('x-powered-by');

app.get('/notes', requireUser, (_request, response) => {
  response.json(notes.get(response.locals.user.id) ?? []);
});
// The parser belongs to the route. For the whole application it would take the bodies that Tegata has to read.
app.post('/notes', requireUser, express.text({ type: () => true, limit: '1kb' }), (request, response) => {
  const mine = [...(notes.get(response.locals.user.id) ?? []), request.body];
  notes.set(response.locals.user.id, mine);
  response.json(mine);
});

// Last, so that the application's own routes come first.
app.use(tegata.nodeListener);

const server = app.listen(config.port, config.host, () => console.log('listening', server.address()));
tegata.start();

process.once('SIGTERM', async () => {
  tegata.prepareToStop();
  await once(server.close(), 'close');
  await tegata.close();
});
