import { readFileSync, statSync } from 'node:fs';
import { extname, resolve } from 'node:path';
import { brand as ownName } from '../http/pages/identity.ts';
import { type Brand, faintPair, leastContrast, palettesOf } from '../http/pages/theme.ts';

// TEGATA_BRAND_*: the few things that make the pages look like somebody's own. What is set here ends up in a style
// sheet and in a policy header, so it is a color, a number or an address, and nothing else.

/** The kinds of file a logo may be, and what they are served as. */
const logoTypes: Readonly<Record<string, string>> = {
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.webp': 'image/webp',
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
};

const largestLogoBytes = 256 * 1024;

/** @returns Each mistake in words through `problem`. */
export const parseBrand = (text: (name: string) => string | undefined, problem: (line: string) => void): Brand => {
  const color = (name: string): string | undefined => {
    const value = text(name);
    if (value === undefined) return undefined;
    const short = /^#([0-9a-f])([0-9a-f])([0-9a-f])$/i.exec(value);
    if (short)
      return `#${short
        .slice(1)
        .map((digit) => digit + digit)
        .join('')}`.toLowerCase();
    if (/^#[0-9a-f]{6}$/i.test(value)) return value.toLowerCase();
    problem(`${name}=${value}: give a color as #rrggbb, such as #274a78.`);
    return undefined;
  };

  const name = text('TEGATA_BRAND_NAME') ?? ownName;
  if ([...name].length > 60 || /\p{Cc}/u.test(name)) problem('TEGATA_BRAND_NAME: give at most 60 characters in one line.');

  const radius = text('TEGATA_BRAND_RADIUS');
  if (radius !== undefined && !/^(\d|1\d|2[0-4])$/.test(radius)) {
    problem(`TEGATA_BRAND_RADIUS=${radius}: give a whole number of pixels from 0 to 24.`);
  }

  const brand: Brand = {
    name,
    logo: parseLogo(text('TEGATA_BRAND_LOGO'), problem),
    primary: color('TEGATA_BRAND_PRIMARY'),
    primaryDark: color('TEGATA_BRAND_PRIMARY_DARK'),
    paper: color('TEGATA_BRAND_PAPER'),
    paperDark: color('TEGATA_BRAND_PAPER_DARK'),
    radius: radius === undefined ? undefined : Number(radius),
  };

  // A page that some people cannot read is a mistake, not a matter of taste.
  for (const [shade, palette] of Object.entries(palettesOf(brand))) {
    const faint = faintPair(palette);
    if (!faint) continue;
    problem(
      `TEGATA_BRAND_*: in the ${shade} theme ${faint.text} on ${faint.ground} has a contrast of ${faint.ratio.toFixed(1)}, and text needs ${leastContrast}: ` +
        `choose a ${shade === 'light' ? 'darker TEGATA_BRAND_PRIMARY or a lighter TEGATA_BRAND_PAPER' : 'lighter TEGATA_BRAND_PRIMARY_DARK or a darker TEGATA_BRAND_PAPER_DARK'}.`,
    );
  }
  return brand;
};

const parseLogo = (value: string | undefined, problem: (line: string) => void): Brand['logo'] => {
  if (value === undefined) return undefined;
  if (/^[a-z]+:/i.test(value)) {
    const url = URL.parse(value);
    // The origin goes into a header, where these characters would begin something else.
    if (url?.protocol === 'https:' && !url.username && !/[\s;,'"*]/.test(value)) return { url: url.href };
    problem(`TEGATA_BRAND_LOGO=${value}: give an https address, or the path of a file.`);
    return undefined;
  }
  const file = resolve(value);
  const size = statSync(file, { throwIfNoEntry: false })?.size;
  if (size === undefined) problem(`TEGATA_BRAND_LOGO=${value}: there is no such file.`);
  else if (!Object.hasOwn(logoTypes, extname(file).toLowerCase())) {
    problem(`TEGATA_BRAND_LOGO=${value}: give a file that ends in ${Object.keys(logoTypes).join(', ')}.`);
  } else if (size > largestLogoBytes) problem(`TEGATA_BRAND_LOGO=${value}: give a file of at most 256 KiB.`);
  return { file };
};

/** What the brand's file holds when the server starts. */
export const readLogo = ({ logo }: Brand): { bytes: Uint8Array<ArrayBuffer>; type: string } | undefined => {
  if (!logo || 'url' in logo) return undefined;
  const type = logoTypes[extname(logo.file).toLowerCase()] as string;
  return { bytes: new Uint8Array(readFileSync(logo.file)), type };
};
