import { composeApp, composeEngine } from '../../packages/server/src/compose.ts';
import { parseConfig } from '../../packages/server/src/config/parse-config.ts';
import { listen } from '../../packages/server/src/http/listen.ts';

// One node in a process of its own, as `tegata serve` is, but composed here: no setting makes a hash cheaper or leaves the
// dummy hash out, and nothing but a test may.
//
// HASHES=cheap  races are about what happens around the hash, and hundreds of accounts have to be made for them
// DUMMY_HASH=off  the positive control of the timing statistics: an unknown address costs no hash

const { HASHES, DUMMY_HASH, ...settings } = process.env;

const config = parseConfig(settings as Record<string, string>);
const engine = await composeEngine(
  config,
  HASHES === 'cheap' ? { hashParameters: { argon2: { memoryKiB: 64, passes: 1 }, bcryptCost: 4 } } : {},
);
if (DUMMY_HASH === 'off') {
  const { hasher } = engine.deps;
  const verify: typeof hasher.verify = async (password, hash) => hash !== hasher.dummyHash && hasher.verify(password, hash);
  engine.deps.hasher = { ...hasher, verify };
}
const app = composeApp(config, engine, { isStopping: () => false });
const server = await listen((request, bindings) => app.fetch(request, bindings), { port: config.port, host: '127.0.0.1' });
engine.start();
// Asked for by the parent: to suspend somebody, as an operator does, and how many hashes this node has computed.
process.on('message', async (message: { suspend?: string }) => {
  if (message.suspend) await engine.auth.setUserStatus({ userId: message.suspend, status: 'suspended' });
  process.send?.({ hashes: engine.hashingCounts().completed });
});
process.stdout.write(`listening http://127.0.0.1:${server.port}\n`);
