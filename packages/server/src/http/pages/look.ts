import type { Context } from 'hono';
import { dark, light, brand as ownName } from './identity.ts';
import { type Brand, fingerprint, themeStylesheet } from './theme.ts';

// How this server's pages look, ready to be written into documents: made once from the configuration.

export const themePath = '/auth/theme.css';
export const logoPath = '/auth/logo';

export type Look = {
  name: string;
  /** Address of the operator's logo. */
  logo: string | undefined;
  logoFile: { bytes: Uint8Array<ArrayBuffer>; type: string } | undefined;
  /** For the browser's tab. */
  icon: string;
  stylesheet: string;
  stylesheetAddress: string;
  /** From where else images may come. */
  imageOrigins: readonly string[];
};

/** The mark for the browser's tab, inside the page: nothing more to fetch, and it follows the theme. */
const ownIcon = `data:image/svg+xml,${encodeURIComponent(
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><style>.b{fill:${light.ink}}.s{fill:${light.seal}}@media(prefers-color-scheme:dark){.b{fill:${dark.ink}}.s{fill:${dark.seal}}}</style><path class="b" d="M10 0h2.5a3.5 3.5 0 0 0 7 0H22a5 5 0 0 1 5 5v22a5 5 0 0 1-5 5H10a5 5 0 0 1-5-5V5a5 5 0 0 1 5-5Z"/><rect class="s" x="10.5" y="15" width="11" height="11" rx="2"/></svg>`,
)}`;

/** `logoFile` holds what the brand's file held when the server started. */
export const createLook = (brand: Partial<Brand> = {}, logoFile?: Look['logoFile']): Look => {
  const stylesheet = themeStylesheet(brand);
  const fileVersion = logoFile && fingerprint(Buffer.from(logoFile.bytes).toString('base64'));
  const logo = brand.logo && ('url' in brand.logo ? brand.logo.url : `${logoPath}?v=${fileVersion}`);
  return {
    name: brand.name ?? ownName,
    logo,
    logoFile,
    icon: logo ?? ownIcon,
    stylesheet,
    stylesheetAddress: `${themePath}?v=${fingerprint(stylesheet)}`,
    imageOrigins: brand.logo && 'url' in brand.logo ? [new URL(brand.logo.url).origin] : [],
  };
};

const ownLook = createLook();

/** The look that the app has put into the context; Tegata's own where pages stand alone. */
export const lookOf = (c: Context): Look => c.get('look') ?? ownLook;
