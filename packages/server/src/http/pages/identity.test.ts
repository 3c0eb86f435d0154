import { describe, expect, it } from 'vitest';
import { dark, light } from './identity.ts';

/** Contrast of two colors (WCAG 2.2, "contrast ratio"). */
const contrast = (one: string, other: string): number => {
  const luminance = (color: string) => {
    const [red, green, blue] = [1, 3, 5].map((at) => {
      const part = Number.parseInt(color.slice(at, at + 2), 16) / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    }) as [number, number, number];
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const [darker, lighter] = [luminance(one), luminance(other)].sort((a, b) => a - b) as [number, number];
  return (lighter + 0.05) / (darker + 0.05);
};

describe.each([
  ['light', light],
  ['dark', dark],
] as const)('the %s colors', (_name, palette) => {
  it.each(['ink', 'quiet', 'indigo', 'moss', 'seal'] as const)('%s can be read on paper and on card', (color) => {
    expect(contrast(palette[color], palette.paper)).toBeGreaterThanOrEqual(4.5);
    expect(contrast(palette[color], palette.card)).toBeGreaterThanOrEqual(4.5);
  });

  it.each(['indigo', 'seal'] as const)('words on a button of %s can be read', (color) => {
    expect(contrast(palette.onAction, palette[color])).toBeGreaterThanOrEqual(4.5);
  });
});
