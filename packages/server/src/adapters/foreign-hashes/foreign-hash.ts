// What the ways in which other systems store passwords have in common. Each is a file of this shape; `read-hash.ts` lists
// them. All are read from one kind of text, PHC strings, into which an import translates what it is given.

export type HashFormat = {
  /** Whether it begins as a hash of this format; what it says may still be nonsense. */
  matches: (hash: string) => boolean;
  /** Undefined when it is malformed. */
  read: (hash: string) => ReadHash | undefined;
};

export type ReadHash = {
  /** The text up to the digest: with a password, all that is needed to make the digest again. It can be read as well. */
  recipe: string;
  /** Empty in a recipe. */
  digest: Buffer;
  /**
   * `too_costly` is more than a second or a quarter of a gigabyte: it is never derived, because whoever got it into the
   * database could hold up everybody's log-in with it. `weak` is cheaper to guess than today's rules allow.
   */
  cost: 'weak' | 'fair' | 'too_costly';
  derive: (password: string) => Promise<Buffer>;
};

/** No format needs more memory at once than this, so that a few side by side fit into a small server. */
export const mostMemoryKiB = 2 ** 18;

/** A salt shorter than this may repeat among many people. */
export const shortestSalt = 8;

export type Phc = { id: string; version: number | undefined; parameters: Record<string, number>; salt: Buffer; digest: Buffer };

const phc =
  /^\$([a-z0-9-]{1,32})(?:\$v=(\d{1,3}))?\$([a-z]{1,4}=\d{1,10}(?:,[a-z]{1,4}=\d{1,10})*)\$([A-Za-z0-9+/]*)\$([A-Za-z0-9+/]*)$/;

export const readPhc = (text: string): Phc | undefined => {
  const match = text.length <= 512 ? phc.exec(text) : null;
  if (!match) return undefined;
  const [, id = '', version, pairs = '', salt = '', digest = ''] = match;
  const parameters = Object.fromEntries(
    pairs.split(',').map((pair) => [pair.slice(0, pair.indexOf('=')), Number(pair.slice(pair.indexOf('=') + 1))]),
  );
  return {
    id,
    version: version === undefined ? undefined : Number(version),
    parameters,
    salt: Buffer.from(salt, 'base64'),
    digest: Buffer.from(digest, 'base64'),
  };
};

const unpadded = (bytes: Buffer): string => bytes.toString('base64').replaceAll('=', '');

/** `l` says how long the digest is, which a recipe could not tell otherwise. */
export const phcText = ({ id, version, parameters, salt, digest }: Phc): string => {
  const pairs = Object.entries(parameters).map(([name, value]) => `${name}=${value}`);
  return `$${id}$${version === undefined ? '' : `v=${version}$`}${pairs.join(',')}$${unpadded(salt)}$${unpadded(digest)}`;
};

export const recipeOf = (read: Phc): string => phcText({ ...read, digest: Buffer.alloc(0) });

/** The length of the digest, when what is said of it agrees with what is there; shorter than 16 bytes it proves too little. */
export const digestLength = ({ parameters, digest }: Phc, most: number): number | undefined => {
  const length = parameters.l ?? digest.length;
  const agrees = digest.length === 0 || digest.length === length;
  return agrees && length >= 16 && length <= most ? length : undefined;
};
