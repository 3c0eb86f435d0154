// The tokens that were verified lately, so that a signature is checked once and not with each request. Two halves instead
// of a list: what is asked for moves to the young half, and when that is full the old one is forgotten. At most `max`
// entries, and no bookkeeping for what is already young.

export type Recent<Value> = {
  get: (key: string) => Value | undefined;
  set: (key: string, value: Value) => void;
  clear: () => void;
};

export const createRecent = <Value>(max: number): Recent<Value> => {
  const half = Math.floor(max / 2);
  let young = new Map<string, Value>();
  let old = new Map<string, Value>();
  const set = (key: string, value: Value) => {
    if (half < 1) return;
    if (young.size >= half) {
      old = young;
      young = new Map();
    }
    young.set(key, value);
  };
  return {
    get: (key) => {
      const value = young.get(key);
      if (value !== undefined) return value;
      const aged = old.get(key);
      if (aged !== undefined) set(key, aged);
      return aged;
    },
    set,
    clear: () => {
      young = new Map();
      old = new Map();
    },
  };
};
