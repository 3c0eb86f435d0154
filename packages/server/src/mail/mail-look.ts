import type { Locale } from '@tegata/core';
import { brand as ownName, type Palette } from '../http/pages/identity.ts';
import { type Brand, palettesOf } from '../http/pages/theme.ts';
import { oneLine } from './one-line.ts';

// Whose mail it is, as far as a mail can show it: a name and colors. A logo would have to be fetched from somewhere, which
// many mail programs refuse and which tells whoever serves it that the mail was opened.

export type MailLook = {
  name: string;
  light: Palette;
  dark: Palette;
  /** In pixels. */
  radius: number;
  /** Whether Tegata's mark stands beside the name: not for somebody who has a logo of their own. */
  mark: boolean;
};

export type MailSite = { host: string; locale: Locale; look: MailLook };

export const mailLook = (brand: Partial<Brand> = {}): MailLook => ({
  name: oneLine(brand.name ?? ownName),
  ...palettesOf(brand),
  radius: brand.radius ?? 10,
  mark: brand.logo === undefined,
});
