import { createServer } from 'node:http';
import { toNodeHandler } from 'better-auth/node';
import { openPeer } from './auth.mjs';

// `node server.mjs '{"database": …, "port": …}'`: the peer over node:http, as its documentation serves it.

const settings = JSON.parse(process.argv[2]);
const { auth } = openPeer(settings);
createServer(toNodeHandler(auth)).listen(settings.port, '127.0.0.1');
