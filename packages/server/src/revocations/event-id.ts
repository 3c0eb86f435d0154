// Ids of revocations are UUIDv7 (RFC 9562), which begin with the time at which they were made. Several servers write them,
// each by its own clock, and a transaction becomes visible when it commits and not when its row got its id. So "everything
// after this id" always means: after this id less a margin. What is read twice is known by its id.

/** The smallest id of that time. */
export const firstIdAt = (ms: number): string => {
  const hex = Math.max(0, Math.floor(ms)).toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000`;
};

/** Milliseconds since 1970; undefined for what is no id of an event. */
export const timeOfId = (id: string): number | undefined =>
  /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/.test(id)
    ? Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16)
    : undefined;
