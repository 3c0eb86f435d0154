import { createHash } from 'node:crypto';
import { contrast, lightenedFor, readableOn } from './contrast.ts';
import { dark, fonts, light, type Palette } from './identity.ts';

// The colors, fonts and measures of everything people see, as CSS variables, with what an operator changed about them.
// A style sheet of its own: the pages a server renders and the hosted ones both begin with it.

/** What an operator may change (`TEGATA_BRAND_*`). Every value is validated in the configuration: nothing here can inject. */
export type Brand = {
  name: string;
  /** An https address, or a file that the server reads once. Shown in the place of the mark. */
  logo: { url: string } | { file: string } | undefined;
  /** `#rrggbb`. */
  primary: string | undefined;
  primaryDark: string | undefined;
  paper: string | undefined;
  paperDark: string | undefined;
  /** In pixels. */
  radius: number | undefined;
};

const variables = (palette: Palette): string =>
  Object.entries(palette)
    .map(([name, color]) => `--tegata-${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}: ${color};`)
    .join(' ');

const branded = (palette: Palette, primary: string | undefined, paper: string | undefined): Palette => ({
  ...palette,
  ...(primary ? { indigo: primary, onAction: readableOn(primary) } : {}),
  ...(paper ? { paper } : {}),
});

/** Text on these is read by everybody: WCAG 2.2, 1.4.3. */
export const leastContrast = 4.5;

/** The two palettes of a brand. Whoever gives one color gets its sister for the dark theme made from it. */
export const palettesOf = (brand: Partial<Brand>): { light: Palette; dark: Palette } => ({
  light: branded(light, brand.primary, brand.paper),
  dark: branded(
    dark,
    brand.primaryDark ?? (brand.primary && lightenedFor(brand.primary, dark.card, leastContrast + 1)),
    brand.paperDark,
  ),
});

/** The pairs of a palette that carry text, and what is wrong with the first that is too faint. */
export const faintPair = (palette: Palette): { text: string; ground: string; ratio: number } | undefined => {
  const { paper, card, ink, quiet, indigo, onAction, seal, moss } = palette;
  const pairs = [paper, card].flatMap((ground) => [ink, quiet, indigo, seal, moss].map((text) => ({ text, ground })));
  return [...pairs, { text: onAction, ground: indigo }]
    .map((pair) => ({ ...pair, ratio: contrast(pair.text, pair.ground) }))
    .find(({ ratio }) => ratio < leastContrast);
};

export const themeStylesheet = (brand: Partial<Brand> = {}): string => {
  const palettes = palettesOf(brand);
  const inDark = `color-scheme: dark; ${variables(palettes.dark)} --tegata-shadow: 0 8px 24px rgb(0 0 0 / 25%);`;
  return `
:root {
  color-scheme: light;
  ${variables(palettes.light)}
  --tegata-radius: ${brand.radius ?? 10}px;
  --tegata-shadow: 0 1px 2px rgb(28 27 25 / 5%), 0 8px 24px rgb(28 27 25 / 6%);
  --tegata-font: ${fonts};
  --tegata-mono: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace;
}
@media (prefers-color-scheme: dark) { :root:not([data-theme="light"]) { ${inDark} } }
:root[data-theme="dark"] { ${inDark} }
`.trimStart();
};

/** Part of a style sheet's address, so that it may be kept forever and still change. */
export const fingerprint = (text: string): string => createHash('sha256').update(text).digest('base64url').slice(0, 12);
