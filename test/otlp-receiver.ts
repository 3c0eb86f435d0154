import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

/** One span as it came over the wire. */
export type ReceivedSpan = {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  /** 1 internal, 2 server, 3 client, as in opentelemetry/proto/trace/v1/trace.proto. */
  kind: number;
  status: { code?: number; message?: string };
  events: unknown[];
  attributes: Record<string, string | number | boolean>;
  resource: Record<string, string | number | boolean>;
};

type Value = { stringValue?: string; intValue?: number | string; doubleValue?: number; boolValue?: boolean };
type Pairs = { key: string; value: Value }[];

const plain = ({ stringValue, intValue, doubleValue, boolValue }: Value) =>
  stringValue ?? (intValue === undefined ? undefined : Number(intValue)) ?? doubleValue ?? boolValue ?? '';
const record = (pairs: Pairs = []) => Object.fromEntries(pairs.map(({ key, value }) => [key, plain(value)]));

/** A collector for OTLP over HTTP on loopback: keeps every byte that it is sent, and reads it as JSON. */
export const startOtlpReceiver = async ({ answerWith = () => 200 }: { answerWith?: () => number | 'nothing' } = {}) => {
  const posts: { path: string; headers: Record<string, unknown>; body: string }[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    posts.push({ path: request.url ?? '', headers: request.headers, body: Buffer.concat(chunks).toString('utf8') });
    const status = answerWith();
    if (status === 'nothing') return;
    response.writeHead(status, { 'content-type': 'application/json' }).end('{"partialSuccess":{}}');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    posts,
    spans: (): ReceivedSpan[] =>
      posts.flatMap(({ body }) =>
        // biome-ignore lint/suspicious/noExplicitAny: what a test found on the wire.
        JSON.parse(body).resourceSpans.flatMap(({ resource, scopeSpans }: any) =>
          // biome-ignore lint/suspicious/noExplicitAny: the same.
          scopeSpans.flatMap(({ spans }: any) =>
            // biome-ignore lint/suspicious/noExplicitAny: the same.
            spans.map((span: any) => ({
              ...span,
              events: span.events ?? [],
              attributes: record(span.attributes),
              resource: record(resource.attributes),
            })),
          ),
        ),
      ),
  };
};
