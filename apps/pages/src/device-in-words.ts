// A `User-Agent` as people would say it: "Chrome on macOS". The header is a museum of imitations, so the order counts:
// whoever imitates comes before whom they imitate.

const browsers: [pattern: RegExp, name: string][] = [
  [/\bEdg(?:e|A|iOS)?\//, 'Edge'],
  [/\bOPR\/|\bOpera\b/, 'Opera'],
  [/\bVivaldi\//, 'Vivaldi'],
  [/\bSamsungBrowser\//, 'Samsung Internet'],
  [/\b(?:Firefox|FxiOS)\//, 'Firefox'],
  [/\bLine\//, 'LINE'],
  [/\b(?:Headless)?(?:Chrome|CriOS)\//, 'Chrome'],
  [/\bChromium\//, 'Chromium'],
  [/\bVersion\/[\d.]+.*\bSafari\//, 'Safari'],
];

const systems: [pattern: RegExp, name: string][] = [
  [/\biPhone\b/, 'iPhone'],
  [/\biPad\b/, 'iPad'],
  [/\bAndroid\b/, 'Android'],
  [/\bWindows\b/, 'Windows'],
  [/\bCrOS\b/, 'ChromeOS'],
  [/\bMac OS X\b|\bMacintosh\b/, 'macOS'],
  [/\bLinux\b|\bX11\b/, 'Linux'],
];

/** What calls without a browser, by the first word of what it says about itself. */
const program =
  /^(curl|Wget|HTTPie|node|undici|axios|python-requests|Python-urllib|Go-http-client|okhttp|Dart|Postman\w*|Java|Ruby|PHP)\b/i;

export type Device = { browser?: string; system?: string; program?: string };

export const deviceOf = (userAgent: string | null): Device => {
  const text = (userAgent ?? '').slice(0, 400);
  const named = program.exec(text)?.[1];
  if (named) return { program: named };
  const browser = browsers.find(([pattern]) => pattern.test(text))?.[1];
  const system = systems.find(([pattern]) => pattern.test(text))?.[1];
  return { ...(browser ? { browser } : {}), ...(system ? { system } : {}) };
};

/** This machine and the networks at home and at work, which say nothing about a place. */
export const isLocalNetwork = (address: string): boolean =>
  /^(::1$|127\.|10\.|192\.168\.|169\.254\.|172\.(1[6-9]|2\d|3[01])\.|f[cd][0-9a-f]{2}:|fe80:)/i.test(
    address.replace(/^::ffff:/i, ''),
  );
