/**
 * How often a test of the scorecard does what it does: the long form is the default, `SHORT=1` (continuous integration) takes the
 * short one, and a variable of the given name decides in any case, as in `KILLS=5 npm run test:faults`.
 */
export const size = (name: string, { long, short }: { long: number; short: number }): number => {
  const asked = process.env[name];
  if (asked === undefined) return process.env.SHORT ? short : long;
  if (!/^[1-9]\d*$/.test(asked)) throw new Error(`${name} must be a whole number from 1, not "${asked}".`);
  return Number(asked);
};
