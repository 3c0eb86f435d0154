export type Row = {
  name: string;
  unit: string;
  figure: number;
  /** The same work with everything of ours removed, in the same run. */
  limit?: number;
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

const number = (value: number | undefined): string => {
  if (value === undefined) return '';
  return value >= 100 ? value.toFixed(0) : value.toFixed(value >= 10 ? 1 : 2);
};

const verdict = ({ figure, ratio, floor, aim, absolute, lessIsBetter }: Row): string => {
  const value = absolute ? figure : (ratio ?? figure);
  const reaches = (bound: number | undefined) => bound !== undefined && (lessIsBetter ? value <= bound : value >= bound);
  if (floor === undefined) return '';
  return reaches(aim) ? 'aim' : reaches(floor) ? 'floor' : 'BELOW';
};

export const printTable = (rows: readonly Row[]): void => {
  const head = ['', 'measured', '', 'limit', 'ratio', 'floor', 'aim', 'reached'];
  const cells = rows.map((row) => [
    row.name,
    number(row.figure),
    row.unit,
    number(row.limit),
    number(row.ratio),
    number(row.floor),
    number(row.aim),
    verdict(row),
  ]);
  const widths = head.map((title, column) => Math.max(title.length, ...cells.map((line) => line[column]?.length ?? 0)));
  const isText = (column: number) => column === 0 || column === 2 || column === 7;
  for (const line of [head, ...cells]) {
    const padded = line.map((cell, column) =>
      isText(column) ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
    );
    console.log(padded.join('  ').trimEnd());
  }
};
