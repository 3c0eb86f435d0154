// WCAG 2.2, "contrast ratio" and "relative luminance", for colors written `#rrggbb`.

const luminance = (color: string): number => {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(color.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
};

/** From 1 (none) to 21 (black on white). */
export const contrast = (one: string, other: string): number => {
  const [lighter = 0, darker = 0] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (lighter + 0.05) / (darker + 0.05);
};

/** White or nearly black, whichever can be read better on the color. */
export const readableOn = (color: string): string =>
  contrast('#ffffff', color) >= contrast('#14171c', color) ? '#ffffff' : '#14171c';

/** The color itself, or as much white mixed into it as makes it readable on the dark ground. */
export const lightenedFor = (color: string, ground: string, wanted: number): string => {
  const parts = [1, 3, 5].map((at) => Number.parseInt(color.slice(at, at + 2), 16));
  for (let white = 0; white <= 1; white += 0.05) {
    const mixed = `#${parts
      .map((part) =>
        Math.round(part + (255 - part) * white)
          .toString(16)
          .padStart(2, '0'),
      )
      .join('')}`;
    if (contrast(mixed, ground) >= wanted) return mixed;
  }
  return '#ffffff';
};
