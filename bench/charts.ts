import type { Result, Slice } from './results-file.ts';
import type { Row } from './table.ts';

// Pictures of the results as SVG, readable on light and on dark pages: an SVG follows the reader's color scheme by itself.

const style = `<style>
text { font: 13px system-ui, sans-serif; fill: #333 }
.quiet { fill: #666 } .grid { stroke: #ddd } .ours { fill: #2f6f4f } .limit { fill: #9aa5ad } .peer { fill: #c07a2c }
.line { fill: none; stroke-width: 2; stroke-linejoin: round } .worst { stroke: #c07a2c } .median { stroke: #2f6f4f } .refused { fill: #9a4a5a }
.storm { fill: #c07a2c; opacity: .12 }
@media (prefers-color-scheme: dark) {
text { fill: #ddd } .quiet { fill: #aaa } .grid { stroke: #444 } .ours { fill: #6fbf95 } .limit { fill: #77828a } .peer { fill: #e0a25c }
.worst { stroke: #e0a25c } .median { stroke: #6fbf95 } .refused { fill: #d98a9a } .storm { fill: #e0a25c }
}
</style>`;

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

const svg = (title: string, width: number, height: number, body: string): string =>
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">
<title>${escaped(title)}</title>
${style}
${body}
</svg>
`;

type Bar = { label: string; value: number; kind: 'ours' | 'limit' | 'peer' };

/** One group of bars for each heading, all to one scale. */
const bars = (title: string, groups: { heading: string; bars: Bar[] }[]): string => {
  const [left, right, row, gap, width] = [190, 90, 24, 40, 760];
  const most = Math.max(...groups.flatMap((group) => group.bars.map(({ value }) => value)));
  const scale = (width - left - right) / most;
  let y = 10;
  const lines = groups.flatMap(({ heading, bars: list }) => {
    y += 18;
    const head = `<text x="0" y="${y}" font-weight="600">${escaped(heading)}</text>`;
    y += 8;
    const drawn = list.map(({ label, value, kind }) => {
      const line = `<text class="quiet" x="${left - 10}" y="${y + 16}" text-anchor="end">${escaped(label)}</text>
<rect class="${kind}" x="${left}" y="${y + 2}" width="${Math.max(1, value * scale).toFixed(1)}" height="${row - 6}" rx="2"/>
<text x="${(left + value * scale + 8).toFixed(1)}" y="${y + 16}">${Math.round(value).toLocaleString('en')}</text>`;
      y += row;
      return line;
    });
    y += gap - 28;
    return [head, ...drawn];
  });
  return svg(title, width, y + 4, lines.join('\n'));
};

/** Session checks a second on each store: Tegata, the limit and the peer. */
export const sessionCheckChart = ({ rows }: Result): string => {
  const about = rows.filter(({ id = '' }) => id.startsWith('me-'));
  const stores = [...new Set(about.map(({ name }) => name))];
  const ofStore = (name: string): Bar[] => {
    const own = about.filter((row) => row.name === name);
    const others = own.map(
      ({ limit = 0, limitIs = '' }): Bar => ({ label: limitIs, value: limit, kind: limitIs === 'limit' ? 'limit' : 'peer' }),
    );
    return [{ label: 'Tegata', value: (own[0] as Row).figure, kind: 'ours' }, ...others];
  };
  const groups = stores.map((name) => ({ heading: name.replace('session check, ', ''), bars: ofStore(name) }));
  return bars('Session checks a second', groups);
};

/** How long session checks took, tenth by tenth of a second, before, in and after a storm of log-ins. */
export const stormChart = ({ details }: Result): string | undefined => {
  const storm = details['storm over time'];
  if (!storm) return undefined;
  const { checks, refused } = storm;
  const [left, top, width, height, bottom] = [60, 30, 760, 320, 50];
  const end = Math.max(...checks.map(({ atMs }) => atMs), 1);
  const most = Math.max(...checks.map(({ worst }) => worst), ...refused.map(({ worst }) => worst), 10);
  const x = (ms: number) => left + (ms / end) * (width - left - 20);
  // A logarithmic scale: half a millisecond and a hundred are both to be read.
  const least = 0.5;
  const y = (ms: number) =>
    height - bottom - (Math.log(Math.max(ms, least) / least) / Math.log(most / least)) * (height - bottom - top);
  const path = (of: (slice: Slice) => number) =>
    checks.map((slice, index) => `${index === 0 ? 'M' : 'L'}${x(slice.atMs).toFixed(1)} ${y(of(slice)).toFixed(1)}`).join('');
  const grid = [1, 5, 10, 50, 100, 500, 1_000].filter((ms) => ms < most);
  const [stormFrom = 0, stormTo = 0] = [refused[0]?.atMs, refused.at(-1)?.atMs];
  const body = [
    `<rect class="storm" x="${x(stormFrom).toFixed(1)}" y="${top}" width="${(x(stormTo) - x(stormFrom)).toFixed(1)}" height="${height - bottom - top}"/>`,
    `<text class="quiet" x="${((x(stormFrom) + x(stormTo)) / 2).toFixed(1)}" y="${top - 10}" text-anchor="middle">${storm.stormPerSecond} log-ins a second arrive</text>`,
    ...grid.map(
      (ms) =>
        `<line class="grid" x1="${left}" x2="${width - 20}" y1="${y(ms).toFixed(1)}" y2="${y(ms).toFixed(1)}"/><text class="quiet" x="${left - 8}" y="${(y(ms) + 4).toFixed(1)}" text-anchor="end">${ms} ms</text>`,
    ),
    ...Array.from(
      { length: Math.floor(end / 2_000) + 1 },
      (_, index) =>
        `<text class="quiet" x="${x(index * 2_000).toFixed(1)}" y="${height - bottom + 18}" text-anchor="middle">${index * 2} s</text>`,
    ),
    ...refused.map(
      (slice) => `<circle class="refused" cx="${x(slice.atMs).toFixed(1)}" cy="${y(slice.median).toFixed(1)}" r="2"/>`,
    ),
    `<path class="line worst" d="${path(({ worst }) => worst)}"/>`,
    `<path class="line median" d="${path((slice) => slice.median)}"/>`,
    ...[
      ['ours', 'session check, median'],
      ['peer', 'session check, worst'],
      ['refused', 'refused log-in, median'],
    ].map(
      ([kind, label], index) =>
        `<rect class="${kind}" x="${left + index * 200}" y="${height - 20}" width="12" height="12" rx="2"/><text x="${left + 18 + index * 200}" y="${height - 9}">${label}</text>`,
    ),
  ];
  return svg('Session checks during a storm of log-ins', width, height, body.join('\n'));
};
