import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Locale } from '@tegata/core';

// The hosted pages as `apps/pages/build.ts` left them: a table of pages, and files whose names change with what is in
// them. Everything is small and read once.

/** `pages.json`, as the build writes it. Names of files are relative to the folder `assets`. */
export type PageTable = {
  script: string;
  styles: string[];
  /** Loaded with the page rather than after its script has asked for them. */
  preloads: { languages: Record<Locale, string[]>; account: string[] };
  accountStyles: string[];
  routes: { path: string; account: boolean; titles: Record<Locale, string> }[];
};

export type BuiltFile = { type: string; plain: Bytes; brotli: Bytes | undefined; gzip: Bytes | undefined };
type Bytes = Uint8Array<ArrayBuffer>;

export type BuiltPages = { table: PageTable; files: ReadonlyMap<string, BuiltFile> };

const types: Record<string, string> = { '.js': 'text/javascript; charset=utf-8', '.css': 'text/css; charset=utf-8' };

/** In the published package beside this file; in the workspace where the build puts them. */
const folders = ['./hosted/', '../../../../../apps/pages/dist/'].map((path) => fileURLToPath(new URL(path, import.meta.url)));

let read: BuiltPages | undefined;

/** Undefined where nothing has been built. */
export const readBuiltPages = (): BuiltPages | undefined => {
  read ??= folders.filter((folder) => existsSync(join(folder, 'pages.json'))).map(readFrom)[0];
  return read;
};

const readFrom = (folder: string): BuiltPages => {
  const assets = join(folder, 'assets');
  const names = readdirSync(assets);
  const bytes = (name: string): Bytes | undefined =>
    names.includes(name) ? new Uint8Array(readFileSync(join(assets, name))) : undefined;
  const files = names
    .filter((name) => Object.hasOwn(types, extname(name)))
    .map((name): [string, BuiltFile] => [
      name,
      {
        type: types[extname(name)] as string,
        plain: bytes(name) as Bytes,
        brotli: bytes(`${name}.br`),
        gzip: bytes(`${name}.gz`),
      },
    ]);
  return { table: JSON.parse(readFileSync(join(folder, 'pages.json'), 'utf8')), files: new Map(files) };
};
