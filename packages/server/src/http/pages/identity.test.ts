import { describe, expect, it } from 'vitest';
import { contrast } from './contrast.ts';
import { dark, light } from './identity.ts';

it('contrast is the one of WCAG 2.2', () => {
  expect(contrast('#000000', '#ffffff')).toBeCloseTo(21, 5);
  expect(contrast('#ffffff', '#ffffff')).toBe(1);
  // The grey that is known as the lightest one to be read on white.
  expect(contrast('#767676', '#ffffff')).toBeCloseTo(4.54, 2);
});

describe.each([
  ['light', light],
  ['dark', dark],
] as const)('the %s colors', (_name, palette) => {
  it.each(['ink', 'quiet', 'indigo', 'moss', 'seal'] as const)('%s can be read on paper and on card', (color) => {
    expect(contrast(palette[color], palette.paper)).toBeGreaterThanOrEqual(4.5);
    expect(contrast(palette[color], palette.card)).toBeGreaterThanOrEqual(4.5);
  });

  it('words on a button can be read, whatever the button does', () => {
    expect(contrast(palette.onAction, palette.indigo)).toBeGreaterThanOrEqual(4.5);
    expect(contrast(palette.onSeal, palette.seal)).toBeGreaterThanOrEqual(4.5);
  });
});
