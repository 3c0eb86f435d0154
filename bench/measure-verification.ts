import { fileURLToPath } from 'node:url';
import { runScript } from './processes.ts';
import { median, type Row } from './table.ts';
import type { VerificationFigures, Verified } from './verification.ts';
import { details, medianRatio, rows, tell } from './workbench.ts';

export const measureVerification = async (): Promise<void> => {
  tell('verifying');
  const script = fileURLToPath(new URL('./verification.ts', import.meta.url));
  const figures: VerificationFigures = JSON.parse(await runScript([script], { withinMs: 180_000 }));
  details.verification = figures;
  const row = (id: string, name: string, what: string, verified: Verified, bounds: Partial<Row>): Row => ({
    id,
    name,
    unit: 'tokens/s',
    figure: median(verified.perSecond),
    limit: median(verified.limitPerSecond),
    limitIs: what,
    ratio: medianRatio(verified.perSecond, verified.limitPerSecond),
    ...bounds,
  });
  rows.push(row('verify-hot', 'verifier, token seen before', 'Map look-up', figures.hot, { floor: 300_000, absolute: true }));
  rows.push({
    id: 'verify-hot-cpu',
    name: '  in a second of the processor',
    unit: 'tokens/s',
    figure: median(figures.hot.perCpuSecond),
    floor: 300_000,
  });
  rows.push(row('verify-hs256', 'verifier, first seen, HS256', 'jose', figures.coldHs256, { floor: 0.5 }));
  rows.push(row('verify-es256', 'verifier, first seen, ES256', 'jose', figures.coldEs256, { floor: 0.5 }));
};
