// Do the settings fit together, and do they fit what the network does with them? Facts in, findings out: no clock, no
// network, so that topology.test.ts can be a table of topologies.

import type { Config } from '../config/config.ts';
import { cookieFindings } from './cookie-rules.ts';
import type { Finding } from './finding.ts';
import type { LiveFacts } from './live-facts.ts';
import { liveFindings } from './live-rules.ts';
import { originFindings } from './origin-rules.ts';
import { partsFindings } from './parts-rules.ts';
import { proxyFindings } from './proxy-settings.ts';

export const examineTopology = (config: Config, live?: LiveFacts): Finding[] => [
  ...settingsFindings(config),
  ...(live ? liveFindings(config, live) : []),
];

const settingsFindings = (config: Config): Finding[] => [
  ...originFindings(config),
  ...cookieFindings(config),
  ...proxyFindings(config),
  ...partsFindings(config),
];

/** Few, and certain: whoever sets these has made a mistake, and the server would look as if it worked. */
const refused = ['proxy.trusts-everybody', 'cors.plain-origin', 'cors.suffix-origin', 'url.suffix', 'database.in-memory'];

/** Why a production server does not start. */
export const refusals = (config: Config): string[] =>
  config.production
    ? settingsFindings(config)
        .filter(({ id }) => refused.includes(id))
        .map(({ text, remedy }) => `${text} ${remedy}`)
    : [];
