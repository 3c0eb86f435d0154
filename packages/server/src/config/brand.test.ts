import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { palettesOf, themeStylesheet } from '../http/pages/theme.ts';
import { parseBrand, readLogo } from './brand.ts';

const brandOf = (settings: Record<string, string>) => {
  const problems: string[] = [];
  const brand = parseBrand(
    (name) => settings[name],
    (line) => problems.push(line),
  );
  return { brand, problems };
};

describe('colors', () => {
  test('are #rgb or #rrggbb, and end up in the style sheet', () => {
    const { brand, problems } = brandOf({
      TEGATA_BRAND_PRIMARY: '#063',
      TEGATA_BRAND_PAPER: '#FFFFFF',
      TEGATA_BRAND_RADIUS: '4',
    });
    expect(problems).toEqual([]);
    expect(brand).toMatchObject({ primary: '#006633', paper: '#ffffff', radius: 4 });
    const css = themeStylesheet(brand);
    expect(css).toContain('--tegata-indigo: #006633');
    expect(css).toContain('--tegata-paper: #ffffff');
    expect(css).toContain('--tegata-radius: 4px');
  });

  test.each(['red', '#12345', '#1234567', 'rgb(1,2,3)', '#fff;} body{display:none', 'url(//evil.example)', '#fff\n'])(
    '"%s" is refused: nothing but a color comes into a style sheet',
    (value) => {
      const { problems } = brandOf({ TEGATA_BRAND_PRIMARY: value });
      expect(problems).toEqual([`TEGATA_BRAND_PRIMARY=${value}: give a color as #rrggbb, such as #274a78.`]);
    },
  );

  test('that cannot be read are a mistake, with the figure and what to do', () => {
    const { problems } = brandOf({ TEGATA_BRAND_PRIMARY: '#ffd54a' });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(/light theme #ffd54a on #fbf9f4 has a contrast of 1\.3, and text needs 4\.5: choose a darker/);
    expect(brandOf({ TEGATA_BRAND_PAPER_DARK: '#808080' }).problems[0]).toMatch(/in the dark theme/);
  });

  test('for the dark theme are made from the light ones, as light as it takes', () => {
    const { brand, problems } = brandOf({ TEGATA_BRAND_PRIMARY: '#7a003c' });
    expect(problems).toEqual([]);
    expect(palettesOf(brand).dark.indigo).not.toBe('#7a003c');
    expect(palettesOf(brand).dark.onAction).toBe('#14171c');
  });
});

describe('the logo', () => {
  test('is an https address, with nothing in it that would begin something else in a header', () => {
    expect(brandOf({ TEGATA_BRAND_LOGO: 'https://cdn.example.com/logo.svg' })).toMatchObject({
      brand: { logo: { url: 'https://cdn.example.com/logo.svg' } },
      problems: [],
    });
    for (const value of [
      'http://cdn.example.com/logo.svg',
      'https://a.example;script-src',
      'https://a.example/ x',
      'data:image/png,x',
      'javascript:1',
    ]) {
      expect(brandOf({ TEGATA_BRAND_LOGO: value }).problems, value).toEqual([
        `TEGATA_BRAND_LOGO=${value}: give an https address, or the path of a file.`,
      ]);
    }
  });

  test('or a small picture, read once', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tegata-test-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const file = (name: string) => join(folder, name);
    await writeFile(file('logo.svg'), '<svg xmlns="http://www.w3.org/2000/svg"/>');
    await writeFile(file('logo.html'), 'x');
    await writeFile(file('big.png'), Buffer.alloc(300_000));
    const { brand, problems } = brandOf({ TEGATA_BRAND_LOGO: file('logo.svg') });
    expect(problems).toEqual([]);
    expect(readLogo(brand)?.type).toBe('image/svg+xml');
    expect(brandOf({ TEGATA_BRAND_LOGO: file('logo.html') }).problems[0]).toContain('give a file that ends in .svg, .png');
    expect(brandOf({ TEGATA_BRAND_LOGO: file('big.png') }).problems[0]).toContain('at most 256 KiB');
    expect(brandOf({ TEGATA_BRAND_LOGO: file('none.png') }).problems[0]).toContain('there is no such file');
  });
});

test('name and radius stay what they are', () => {
  expect(brandOf({ TEGATA_BRAND_NAME: 'Café 手形 & Söhne' }).brand.name).toBe('Café 手形 & Söhne');
  expect(brandOf({ TEGATA_BRAND_NAME: 'x'.repeat(61) }).problems).toHaveLength(1);
  for (const value of ['25', '-1', '1.5', '10px', '1;}'])
    expect(brandOf({ TEGATA_BRAND_RADIUS: value }).problems, value).toHaveLength(1);
});
