// OTEL_*: where traces go, in the names that OpenTelemetry has for every program. Headers may hold a credential, so no
// value of theirs is ever repeated.

/** What is not listed by the standard but by a vendor is refused: a trace that silently is not sampled misleads. */
const samplers = [
  'always_on',
  'always_off',
  'traceidratio',
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
] as const;

export type TracingConfig = {
  /** Where traces are posted. */
  url: string;
  /** Sent with each post. */
  headers: Record<string, string>;
  /** What says which program and which installation a trace is from; `service.name` among them. */
  resource: Record<string, string>;
  sampler: { name: (typeof samplers)[number]; ratio: number };
};

type Readers = {
  text: (name: string) => string | undefined;
  oneOf: (name: string, choices: typeof samplers, fallback: TracingConfig['sampler']['name']) => TracingConfig['sampler']['name'];
};

/** @returns Undefined when no endpoint is set: then nothing is traced. Each mistake in words through `problem`. */
export const parseTracing = ({ text, oneOf }: Readers, problem: (line: string) => void): TracingConfig | undefined => {
  const headers = pairs(text('OTEL_EXPORTER_OTLP_HEADERS'));
  if (!headers || !Object.entries(headers).every(([name, value]) => isHeader(name, value))) {
    problem('OTEL_EXPORTER_OTLP_HEADERS: give name=value, several separated by commas; percent-encode commas and blanks.');
  }
  const attributes = pairs(text('OTEL_RESOURCE_ATTRIBUTES'));
  if (!attributes) problem('OTEL_RESOURCE_ATTRIBUTES: give name=value, several separated by commas; percent-encode commas.');
  const name = oneOf('OTEL_TRACES_SAMPLER', samplers, 'parentbased_always_on');
  const argument = text('OTEL_TRACES_SAMPLER_ARG') ?? '1';
  const ratio = /^(0|1|0?\.\d{1,12}|1\.0+)$/.test(argument) ? Number(argument) : Number.NaN;
  if (Number.isNaN(ratio)) problem(`OTEL_TRACES_SAMPLER_ARG=${argument}: give the part to be sampled, from 0 to 1, such as 0.1.`);
  const url = endpoint(text('OTEL_EXPORTER_OTLP_ENDPOINT'), problem);
  const serviceName = text('OTEL_SERVICE_NAME') ?? attributes?.['service.name'] ?? 'tegata';
  if (url === undefined) return undefined;
  return { url, headers: headers ?? {}, resource: { ...attributes, 'service.name': serviceName }, sampler: { name, ratio } };
};

/** The base address that all signals share; traces have a path of their own below it. */
const endpoint = (value: string | undefined, problem: (line: string) => void): string | undefined => {
  if (value === undefined) return undefined;
  const url = URL.parse(value);
  const bare = url && /^https?:$/.test(url.protocol) && !url.search && !url.hash && !url.username && !url.password;
  if (bare) return `${url.href.replace(/\/+$/, '')}/v1/traces`;
  // Not repeated: somebody may have put a password into it.
  problem(
    'OTEL_EXPORTER_OTLP_ENDPOINT: give the address of a collector for OTLP over HTTP, such as http://localhost:4318; credentials go into headers.',
  );
  return undefined;
};

/** `a=1,b=2` with percent-encoded values, as W3C Baggage writes it. Undefined when it is not. */
const pairs = (text = ''): Record<string, string> | undefined => {
  const found: Record<string, string> = {};
  for (const part of text.split(',').filter((each) => each.trim() !== '')) {
    const [, name, value] = /^\s*([^\s=]+)\s*=\s*(.*?)\s*$/.exec(part) ?? [];
    if (name === undefined || value === undefined || !canDecode(value)) return undefined;
    found[name] = decodeURIComponent(value);
  }
  return found;
};

const canDecode = (text: string): boolean => {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
};

/** RFC 9110, sections 5.1 and 5.5. */
const isHeader = (name: string, value: string): boolean =>
  /^[\w!#$%&'*+.^`|~-]+$/.test(name) && /^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/.test(value);
