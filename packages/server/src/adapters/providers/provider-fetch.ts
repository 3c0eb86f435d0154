// How we talk to a provider: no redirects, a deadline for the whole answer, and no more than a megabyte of it. A provider
// is not an attacker, but somebody between us and it, or behind it, may be.

import type { CustomFetch } from 'openid-client';
import type { ProviderParts } from './provider-parts.ts';

const maxBytes = 1024 * 1024;

export class AnswerTooLong extends Error {
  override name = 'AnswerTooLong';
}

const readBounded = async (response: Response): Promise<Uint8Array<ArrayBuffer>> => {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += chunk.byteLength;
    // Leaving the loop cancels the stream.
    if (length > maxBytes) throw new AnswerTooLong('the answer is too long');
    chunks.push(chunk);
  }
  return new Uint8Array(Buffer.concat(chunks));
};

/** A web-standard fetch for openid-client. The body is read here, while the deadline still runs: a stalled one ends too. */
export const createProviderFetch = (
  { timeoutSeconds, askProvider }: Pick<ProviderParts, 'timeoutSeconds' | 'askProvider'>,
  mend: (response: Response) => Promise<Response> = async (response) => response,
): CustomFetch => {
  const ask: CustomFetch = async (url, { method, headers, body, signal }) => {
    const deadline = AbortSignal.timeout(timeoutSeconds * 1000);
    const response = await fetch(url, {
      method,
      headers,
      body: body ?? null,
      redirect: 'manual',
      signal: signal ? AbortSignal.any([signal, deadline]) : deadline,
    });
    const bytes = await readBounded(response);
    const { status, statusText } = response;
    // A status without a body may not be given one.
    const content = bytes.byteLength === 0 ? null : bytes;
    return mend(new Response(content, { status, statusText, headers: response.headers }));
  };
  if (!askProvider) return ask;
  return (url, options) => askProvider({ method: options.method, host: new URL(url).host }, () => ask(url, options));
};
