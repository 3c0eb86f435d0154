import { setFlagsFromString } from 'node:v8';

// While the sources are read, V8's young generation grows to 32 MB, and a server at rest never gives them back: some 10 MB of
// what it has in memory after a start, more where nothing was cached. Kept at its first size until then, for some 14 % more of the
// processor during the start; under load it may grow as ever.

/** Before anything else is loaded. */
export const keepYoungGenerationSmall = (): void => setFlagsFromString('--semi-space-growth-factor=1');

/** As V8 has it by itself. */
export const letYoungGenerationGrow = (): void => setFlagsFromString('--semi-space-growth-factor=2');
