// Reads server-sent events (WHATWG HTML, section 9.2) off a stream of bytes, as far as the feed uses them.

export type StreamEvent = { event: string; data: string; id: string | undefined };

/** More than any event of the feed; a server that sends longer lines is none of ours. */
const maxLine = 64 * 1024;

/** @throws Error when a line is too long. Calls back in the order of arrival. */
export const createEventStreamParser = (on: { event: (event: StreamEvent) => void; comment: (text: string) => void }) => {
  const decoder = new TextDecoder();
  let rest = '';
  let event = '';
  let data: string[] = [];
  let id: string | undefined;

  const line = (text: string) => {
    if (text === '') {
      if (data.length > 0) on.event({ event: event || 'message', data: data.join('\n'), id });
      event = '';
      data = [];
      id = undefined;
      return;
    }
    if (text.startsWith(':')) return on.comment(text.slice(1).trim());
    const colon = text.indexOf(':');
    const name = colon < 0 ? text : text.slice(0, colon);
    const value = colon < 0 ? '' : text.slice(colon + 1).replace(/^ /, '');
    if (name === 'event') event = value;
    else if (name === 'data') data.push(value);
    else if (name === 'id') id = value;
  };

  return (chunk: Uint8Array): void => {
    rest += decoder.decode(chunk, { stream: true });
    const lines = rest.split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop() ?? '';
    if (rest.length > maxLine) throw new Error('a line of the event stream is too long');
    for (const one of lines) line(one);
  };
};
