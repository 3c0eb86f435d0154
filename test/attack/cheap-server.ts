import type { ComposeOptions } from '../../packages/server/src/compose.ts';
import { parseConfig } from '../../packages/server/src/config/parse-config.ts';
import { listen } from '../../packages/server/src/http/listen.ts';
import { createTegata } from '../../packages/server/src/index.ts';

// What `tegata serve` runs, in a process of its own, but for the price of a hash: a hundred thousand hostile requests
// would otherwise be an hour of honest hashing.

const config = parseConfig(process.env);
const options: ComposeOptions = { hashParameters: { argon2: { memoryKiB: 64, passes: 1 }, bcryptCost: 4 } };
const tegata = await createTegata(config, options);
const server = await listen(tegata.fetch, config);
process.once('SIGTERM', async () => {
  tegata.prepareToStop();
  await server.close();
  await tegata.close();
});
tegata.start();
process.stdout.write(`listening http://127.0.0.1:${server.port}\n`);
