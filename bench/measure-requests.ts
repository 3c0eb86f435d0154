import type { Plan } from './load.ts';
import { type Running, startLimitServer, startPeer, startTegata } from './processes.ts';
import { type Prepared, type PreparedPeer, preparedPeer, preparedStore, type StoreId, storeNames } from './stores.ts';
import { median } from './table.ts';
import { details, load, medianRatio, only, people, rounds, rows, secret, started, stop, tell } from './workbench.ts';

// Session check and refresh on one kind of store, each in turn with the limit and with the peer.

export type Wanted = { me: boolean; refresh: boolean; memory: boolean; peer: boolean };

type Contender = { name: string; server: Running; plan: Partial<Plan> & Pick<Plan, 'kind' | 'peopleFile'> };

/**
 * Requests a second by contender and round. Interleaved, so that all meet the same weather on the machine. The time of the
 * processor that a request cost is kept too: it is nearly the same on a busy machine.
 */
const inTurn = async (contenders: readonly Contender[], ofRound: (round: number) => Partial<Plan>) => {
  const figures: Record<string, number[]> = Object.fromEntries(contenders.map(({ name }) => [name, []]));
  const cpuMs: Record<string, number[]> = Object.fromEntries(contenders.map(({ name }) => [name, []]));
  // The first round warms up.
  for (let round = 0; round <= rounds; round += 1) {
    for (const { name, server, plan } of contenders) {
      const before = server.cpuSeconds();
      const measured = await load(server, { ...plan, ...ofRound(round) });
      const perSecond = only(200, measured);
      if (round === 0) continue;
      figures[name]?.push(perSecond);
      cpuMs[name]?.push(((server.cpuSeconds() - before) * 1000) / measured.answers);
    }
  }
  return { figures, cpuMs };
};

const peerContenders = async ({ database, peopleFile, cached }: PreparedPeer): Promise<Contender[]> => [
  {
    name: 'better-auth',
    server: await started(startPeer({ database }, secret)),
    plan: { kind: 'peer-session', peopleFile },
  },
  {
    name: 'better-auth, cookie cache',
    server: await started(startPeer({ database, cookieCache: true }, secret)),
    plan: { kind: 'peer-cached-session', peopleFile, peopleCount: cached },
  },
];

const checkSessions = async (store: Prepared, tegata: Running, limit: Running, withPeer: boolean) => {
  const { peopleFile } = store;
  const kind = 'me';
  // Before counting: the code warms up, and every access token is seen once, as most have been in the minutes they live.
  for (const server of [tegata, limit]) only(200, await load(server, { kind, peopleFile, requests: people }));
  // Redis keeps no sessions of the peer's by default: its row there would be the one of PostgreSQL.
  const peers = withPeer && store.id !== 'redis' ? await peerContenders(await preparedPeer(store.id)) : [];
  const contenders = [
    { name: 'Tegata', server: tegata, plan: { kind, peopleFile } as const },
    { name: 'limit', server: limit, plan: { kind, peopleFile } as const },
    ...peers,
  ];
  tell(`${store.name}: session checks`);
  const { figures, cpuMs } = await inTurn(contenders, () => ({}));
  details[`session check, ${store.name}`] = { perSecond: figures, cpuMsPerRequest: cpuMs };
  for (const { server } of peers) await stop(server);

  const { Tegata: ours = [] } = figures;
  for (const [name, others] of Object.entries(figures)) {
    if (name === 'Tegata') continue;
    rows.push({
      id: `me-${store.id}-${name}`,
      name: `session check, ${store.name}`,
      unit: 'requests/s',
      figure: median(ours),
      limit: median(others),
      limitIs: name,
      ratio: medianRatio(ours, others),
      ...(name === 'limit' && { floor: 0.6, aim: 0.85 }),
      ...(name === 'better-auth' && { floor: 10, aim: 20 }),
    });
  }
};

const refreshSessions = async (store: Prepared, tegata: Running, limit: Running) => {
  const plan = { kind: 'refresh', peopleFile: store.peopleFile } as const;
  // A chain of refresh tokens is lost when the load generator ends, so each round takes other people.
  const share = Math.floor(people / (rounds + 1));
  const contenders = [
    { name: 'Tegata', server: tegata, plan },
    { name: 'limit', server: limit, plan },
  ];
  tell(`${store.name}: refreshes`);
  const { figures, cpuMs } = await inTurn(contenders, (round) => ({ peopleFrom: round * share, peopleCount: share }));
  details[`refresh, ${store.name}`] = { perSecond: figures, cpuMsPerRequest: cpuMs };
  const { Tegata: ours = [], limit: bare = [] } = figures;
  rows.push({
    id: `refresh-${store.id}`,
    name: `refresh, ${store.name}`,
    unit: 'requests/s',
    figure: median(ours),
    limit: median(bare),
    limitIs: 'limit',
    ratio: medianRatio(ours, bare),
    floor: 0.6,
    aim: 0.85,
  });
};

const memory = (id: string, name: string, figure: number, floor: number, aim: number) =>
  rows.push({ id, name, unit: 'MB', figure, floor, aim, lessIsBetter: true });

export const measureRequests = async (id: StoreId, wanted: Wanted): Promise<void> => {
  tell(`${storeNames[id]}: preparing ${people} people`);
  const store = await preparedStore(id);
  const tegata = await started(startTegata(store.settings));
  const afterStart = tegata.rssMb();
  const limit = await started(startLimitServer(store.limit, secret, store.firstAccessToken));
  if (wanted.me || wanted.memory) await checkSessions(store, tegata, limit, wanted.peer);
  if (wanted.memory && id === 'sqlite') {
    memory('memory-start', 'memory after start', afterStart, 130, 90);
    memory('memory-load', 'memory under session checks', tegata.rssMb(), 250, 160);
  }
  if (wanted.refresh) await refreshSessions(store, tegata, limit);
  await stop(limit);
  await stop(tegata);
};
