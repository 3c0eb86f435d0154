/** What `TEGATA_WORKERS` asks for; undefined when it says nothing understandable. Read before everything else is, hence alone. */
export const workerCount = (text: string | undefined, cores: number): number | undefined => {
  const value = text?.trim() || '1';
  if (value === 'auto') return cores;
  return /^[1-9]\d?$/.test(value) && Number(value) <= mostWorkers ? Number(value) : undefined;
};

export const mostWorkers = 64;
