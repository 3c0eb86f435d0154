import { hashesAlonePerSecond, startPeer, startTegata } from './processes.ts';
import { preparedPeer, preparedStore } from './stores.ts';
import { median } from './table.ts';
import { details, lanes, load, medianRatio, only, rows, secret, started, stop, tell } from './workbench.ts';

// Logging in with the right password beside the hash alone, and beside the peer with the same hash.

const measuredRounds = 3;

export const measureLogIn = async (): Promise<void> => {
  tell('logging in');
  const { settings, peopleFile } = await preparedStore('sqlite');
  const tegata = await started(startTegata({ ...settings, TEGATA_RATE_LIMITS: 'off', TEGATA_HASH_CONCURRENCY: String(lanes) }));
  const figures: number[] = [];
  const limits: number[] = [];
  for (let round = 0; round < measuredRounds; round += 1) {
    figures.push(only(200, await load(tegata, { kind: 'log-in', peopleFile, connections: 4 * lanes, seconds: 3 })));
    limits.push(await hashesAlonePerSecond(lanes, 3));
  }
  await stop(tegata);
  details['log in'] = { Tegata: figures, 'hash alone': limits };
  rows.push({
    id: 'log-in',
    name: 'log in',
    unit: 'log-ins/s',
    figure: median(figures),
    limit: median(limits),
    limitIs: 'hash alone',
    ratio: medianRatio(figures, limits),
    floor: 0.9,
    aim: 0.97,
  });
};

/** As many hashes at once in both: the peer has no lane, and takes all four threads of libuv's pool. */
export const measureLogInBesidePeer = async (): Promise<void> => {
  const { settings, peopleFile } = await preparedStore('sqlite');
  const peer = await preparedPeer('sqlite');
  const [ours, theirs]: number[][] = [[], []];
  const tegata = await started(startTegata({ ...settings, TEGATA_RATE_LIMITS: 'off', TEGATA_HASH_CONCURRENCY: '4' }));
  const peerServer = await started(startPeer({ database: peer.database, sameHash: true }, secret));
  const plan = { connections: 8, seconds: 3 };
  for (let round = 0; round < measuredRounds; round += 1) {
    ours?.push(only(200, await load(tegata, { ...plan, kind: 'log-in', peopleFile })));
    theirs?.push(only(200, await load(peerServer, { ...plan, kind: 'peer-log-in', peopleFile: peer.peopleFile })));
  }
  await stop(tegata);
  await stop(peerServer);
  details['log in beside better-auth'] = { Tegata: ours, 'better-auth': theirs };
  rows.push({
    id: 'log-in-peer',
    name: 'log in, four hashes at once',
    unit: 'log-ins/s',
    figure: median(ours ?? []),
    limit: median(theirs ?? []),
    limitIs: 'better-auth, same hash',
    ratio: medianRatio(ours ?? [], theirs ?? []),
  });
};
