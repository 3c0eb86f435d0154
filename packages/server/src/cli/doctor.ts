import { parseArgs } from 'node:util';
import { readEnvironment } from '../config/env.ts';
import { examine } from '../doctor/examine.ts';
import { areaOf, type Finding } from '../doctor/finding.ts';
import { type Command, UsageError } from './command.ts';

/** Looks at everything the server will need and says what to do about what is wrong. Changes nothing. */
export const doctor: Command = {
  lines: [
    [
      'doctor [--url <origin>] [--json]',
      'Check settings, database, keys, Redis, mail and clock; with --url the running server too.',
    ],
  ],
  run: async (args) => {
    const { url, json } = parse(args);
    const findings = await examine(readEnvironment(), { url });
    const errors = findings.filter(({ level }) => level === 'error').length;
    if (json) console.log(JSON.stringify({ findings, errors }, null, 2));
    else console.log(`${findings.map(lines).join('\n')}\n\n${conclusion(findings)}`);
    return errors === 0 ? 0 : 1;
  },
};

const parse = (args: string[]): { url: string | undefined; json: boolean } => {
  let values: { url?: string; json?: boolean };
  try {
    values = parseArgs({ args, options: { url: { type: 'string' }, json: { type: 'boolean' } } }).values;
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
  const url = values.url === undefined ? undefined : URL.parse(values.url);
  if (url === null || (url && !/^https?:$/.test(url.protocol))) {
    throw new UsageError('--url takes the address of the running server, such as https://auth.example.com.');
  }
  return { url: url?.origin, json: values.json ?? false };
};

const signs = { ok: 'ok', note: 'note', warning: 'warning', error: 'PROBLEM' };

const lines = (finding: Finding): string => {
  const { level, text, remedy, browsers } = finding;
  const where = browsers ? ` [${browsers.join(', ')}]` : '';
  const first = `${signs[level].padEnd(7)}  ${areaOf(finding).padEnd(14)} ${text}${where}`;
  return remedy === undefined ? first : `${first}\n${''.padEnd(24)}→ ${remedy}`;
};

const conclusion = (findings: Finding[]): string => {
  const count = (level: Finding['level']) => findings.filter((finding) => finding.level === level).length;
  if (count('error') > 0) return `${count('error')} to fix before the server can serve.`;
  const warnings = count('warning');
  return `Nothing stands in the way.${warnings === 0 ? '' : ` ${warnings} to think about.`}`;
};
