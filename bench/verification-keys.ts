import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Public keys, where a verifier looks for them. */
export const startJwks = async (keys: readonly object[]): Promise<{ url: string; close: () => void }> => {
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify({ keys }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = () => {
    server.close();
    server.closeAllConnections();
  };
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, close };
};
