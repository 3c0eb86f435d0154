// What the doctor says. Ids are stable: scripts and runbooks name them, and docs/doctor.md has a line for each.

export type Level = 'ok' | 'note' | 'warning' | 'error';

export type Finding = {
  /** `area.what`, such as `cookies.safari-localhost`. */
  id: string;
  level: Level;
  text: string;
  /** What to do: the setting, and what to set it to. */
  remedy?: string | undefined;
  /** Where it fails; left out when it fails everywhere, or has nothing to do with browsers. */
  browsers?: readonly Browser[] | undefined;
};

export type Browser = 'Chrome' | 'Edge' | 'Firefox' | 'Safari';

export const everyBrowser: readonly Browser[] = ['Chrome', 'Edge', 'Firefox', 'Safari'];

/** The area of an id, for the eye: findings about one thing stand together. */
export const areaOf = ({ id }: Pick<Finding, 'id'>): string => id.slice(0, id.indexOf('.'));
