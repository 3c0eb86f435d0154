export type Row = {
  /** Stays the same from run to run, for whoever reads the results. */
  id?: string;
  name: string;
  unit: string;
  figure: number;
  /** What it is measured against, in the same run; where nothing else is said, the same work with everything of ours removed. */
  limit?: number;
  limitIs?: string;
  /** `figure` by `limit`, compared round by round. */
  ratio?: number;
  /** What must be reached, and what we would like: of the ratio where there is one, else of the figure. */
  floor?: number;
  aim?: number;
  /** `floor` and `aim` speak of the figure although there is a ratio. */
  absolute?: boolean;
  lessIsBetter?: boolean;
};

export const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

export const shown = (value: number | undefined): string => {
  if (value === undefined) return '';
  return value >= 100 ? value.toFixed(0) : value.toFixed(value >= 10 ? 1 : 2);
};

export const verdict = ({ figure, ratio, floor, aim, absolute, lessIsBetter }: Row): string => {
  const value = absolute ? figure : (ratio ?? figure);
  const reaches = (bound: number | undefined) => bound !== undefined && (lessIsBetter ? value <= bound : value >= bound);
  if (floor === undefined) return '';
  return reaches(aim) ? 'aim' : reaches(floor) ? 'floor' : 'BELOW';
};

export const printTable = (rows: readonly Row[]): void => {
  const head = ['', 'measured', '', 'beside', '', 'ratio', 'floor', 'aim', 'reached'];
  const cells = rows.map((row) => [
    row.name,
    shown(row.figure),
    row.unit,
    shown(row.limit),
    row.limitIs ?? '',
    shown(row.ratio),
    shown(row.floor),
    shown(row.aim),
    verdict(row),
  ]);
  const widths = head.map((title, column) => Math.max(title.length, ...cells.map((line) => line[column]?.length ?? 0)));
  const isText = (column: number) => [0, 2, 4, 8].includes(column);
  for (const line of [head, ...cells]) {
    const padded = line.map((cell, column) =>
      isText(column) ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
    );
    console.log(padded.join('  ').trimEnd());
  }
};
