// Whether two samples of times differ: Welch's t on values cropped where the slowest 5 % of both together begin (dudect's
// way: what the machine did meanwhile sits in the tail).

export type Comparison = {
  t: number;
  /** The difference of the means of the cropped values, and of all medians, in milliseconds. */
  effectMs: number;
  medianMs: number;
  n: number;
};

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
const variance = (values: readonly number[], center: number): number =>
  values.reduce((sum, value) => sum + (value - center) ** 2, 0) / (values.length - 1);
const quantile = (values: readonly number[], share: number): number => {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] as number;
};

export const compare = (one: readonly number[], other: readonly number[]): Comparison => {
  const limit = quantile([...one, ...other], 0.95);
  // When one side is the slower half as a whole, cropping must not leave it empty.
  const crop = (values: readonly number[]) => values.filter((value) => value <= Math.max(limit, quantile(values, 0.5)));
  const [a, b] = [crop(one), crop(other)];
  const [meanA, meanB] = [mean(a), mean(b)];
  const error = Math.sqrt(variance(a, meanA) / a.length + variance(b, meanB) / b.length);
  return {
    t: (meanB - meanA) / error,
    effectMs: meanB - meanA,
    medianMs: quantile(other, 0.5) - quantile(one, 0.5),
    n: Math.min(one.length, other.length),
  };
};
