/** Lines of a stream in bounded memory: what is longer than `longest` bytes is dropped as it passes, and told as undefined. */
export async function* readLines(
  chunks: AsyncIterable<Buffer>,
  longest: number,
): AsyncGenerator<{ number: number; text: string | undefined }> {
  let number = 0;
  let parts: Buffer[] = [];
  let length = 0;
  const take = () => {
    number += 1;
    const text = length > longest ? undefined : Buffer.concat(parts).toString('utf8').replace(/\r$/, '');
    parts = [];
    length = 0;
    return { number, text: number === 1 ? text?.replace(/^\ufeff/, '') : text };
  };
  const keep = (part: Buffer) => {
    length += part.length;
    if (length <= longest) parts.push(part);
    else parts = [];
  };
  for await (const chunk of chunks) {
    let from = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, from)) {
      keep(chunk.subarray(from, end));
      yield take();
      from = end + 1;
    }
    if (from < chunk.length) keep(chunk.subarray(from));
  }
  if (length > 0) yield take();
}
