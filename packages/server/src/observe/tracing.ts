// Traces by OpenTelemetry. Loaded only when there is a collector to send them to. Nothing is registered globally, so an
// application that embeds Tegata keeps its own tracing. A span holds names of ours, statuses, times and kinds of errors:
// no parameter, no path as it was asked for, no message of an error, because each of them could quote a person or a token.

import { AsyncLocalStorage } from 'node:async_hooks';
import { type Attributes, ROOT_CONTEXT, type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { ExportResultCode, W3CTraceContextPropagator } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BatchSpanProcessor,
  ParentBasedSampler,
  type Sampler,
  type SpanExporter,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import type { TracingConfig } from '../config/tracing.ts';

/** What may be said of a span while it lasts. */
export type Noted = {
  rename: (name: string) => void;
  note: (name: string, value: string | number) => void;
  /** A word for what went wrong, from a list of ours or of a standard. */
  failed: (errorType: string) => void;
};

export type Kind = 'server' | 'client' | 'internal';

export type Tracing = {
  /** Begins a trace, or goes on with the caller's where `header` gives its `traceparent` (W3C Trace Context). */
  begin: <Value>(
    about: { name: string; kind: Kind; header?: (name: string) => string | undefined },
    work: (noted: Noted) => Promise<Value>,
  ) => Promise<Value>;
  /** A part of the trace that is under way; outside of any, or of one that is not sampled, just the work. */
  part: <Value>(
    about: { name: string; kind: Kind; attributes?: Attributes },
    work: (noted: Noted) => Promise<Value>,
  ) => Promise<Value>;
  /** The same outside of any trace: for what a request sets off and does not wait for. */
  outside: (work: () => void) => () => void;
  /** For a line of the log. */
  ids: () => { trace_id?: string; span_id?: string };
  /** Sends what is left, for two seconds at most. */
  close: () => Promise<void>;
};

const kinds: Record<Kind, SpanKind> = { server: SpanKind.SERVER, client: SpanKind.CLIENT, internal: SpanKind.INTERNAL };
const unnoted: Noted = { rename: () => {}, note: () => {}, failed: () => {} };

/** `tell` hears when the collector stops taking traces, and when it takes them again. */
export const openTracing = (
  { url, headers, resource, sampler }: TracingConfig,
  { version, instance, tell }: { version: string; instance: string; tell: (trouble: string | undefined) => void },
): Tracing => {
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ 'service.version': version, 'service.instance.id': instance, ...resource }),
    sampler: samplerOf(sampler),
    spanProcessors: [
      new BatchSpanProcessor({
        exporter: watched(new OTLPTraceExporter({ url, headers, timeoutMillis: 5_000 }), tell),
        scheduledDelayMillis: 2_000,
        exportTimeoutMillis: 10_000,
      }),
    ],
  });
  const tracer = provider.getTracer('tegata', version);
  const propagator = new W3CTraceContextPropagator();
  const current = new AsyncLocalStorage<Span | undefined>();

  const within = <Value>(span: Span, work: (noted: Noted) => Promise<Value>): Promise<Value> =>
    current.run(span, async () => {
      try {
        return await work(noting(span));
      } catch (error) {
        noting(span).failed(kindOf(error));
        throw error;
      } finally {
        span.end();
      }
    });

  return {
    begin: ({ name, kind, header }, work) => {
      const parent = header
        ? propagator.extract(ROOT_CONTEXT, header, { get: (get, key) => get(key), keys: () => [] })
        : ROOT_CONTEXT;
      return within(tracer.startSpan(name, { kind: kinds[kind] }, parent), work);
    },
    part: ({ name, kind, attributes }, work) => {
      const parent = current.getStore();
      // One that has ended records nothing any more: what a request left running makes no late spans.
      if (!parent?.isRecording()) return work(unnoted);
      const options = { kind: kinds[kind], ...(attributes && { attributes }) };
      return within(tracer.startSpan(name, options, trace.setSpan(ROOT_CONTEXT, parent)), work);
    },
    outside: (work) => () => current.run(undefined, work),
    ids: () => {
      const span = current.getStore()?.spanContext();
      return span ? { trace_id: span.traceId, span_id: span.spanId } : {};
    },
    close: async () => {
      const limit = Promise.withResolvers<void>();
      const timer = setTimeout(limit.resolve, 2_000);
      await Promise.race([provider.shutdown().catch(() => {}), limit.promise]);
      clearTimeout(timer);
    },
  };
};

const noting = (span: Span): Noted => ({
  rename: (name) => span.updateName(name),
  note: (name, value) => span.setAttribute(name, value),
  failed: (errorType) => {
    span.setAttribute('error.type', errorType);
    span.setStatus({ code: SpanStatusCode.ERROR });
  },
});

/** A code such as `ECONNREFUSED` or a SQLSTATE, else the name of the class. */
const kindOf = (error: unknown): string => {
  const { code, name } = (error ?? {}) as { code?: unknown; name?: unknown };
  return [code, name].find((word): word is string => typeof word === 'string' && /^\w{1,60}$/.test(word)) ?? 'Error';
};

const samplerOf = ({ name, ratio }: TracingConfig['sampler']): Sampler => {
  const roots = {
    always_on: () => new AlwaysOnSampler(),
    always_off: () => new AlwaysOffSampler(),
    traceidratio: () => new TraceIdRatioBasedSampler(ratio),
  };
  const [, parentBased, root] = /^(parentbased_)?(.+)$/.exec(name) as unknown as [string, string?, (keyof typeof roots)?];
  const sampler = roots[root ?? 'always_on']();
  return parentBased ? new ParentBasedSampler({ root: sampler }) : sampler;
};

/** The library repeats and drops by itself; an operator hears of an outage once, and of its end. */
const watched = (exporter: OTLPTraceExporter, tell: (trouble: string | undefined) => void): SpanExporter => {
  let isAway = false;
  return {
    export: (spans, done) =>
      exporter.export(spans, ({ code, error }) => {
        const failed = code !== ExportResultCode.SUCCESS;
        // By its kind: the message may quote what the collector answered.
        if (failed !== isAway) tell(failed ? String((error as { code?: unknown })?.code ?? kindOf(error)) : undefined);
        isAway = failed;
        done({ code: ExportResultCode.SUCCESS });
      }),
    forceFlush: () => exporter.forceFlush(),
    shutdown: () => exporter.shutdown(),
  };
};
