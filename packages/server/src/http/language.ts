import type { Locale } from '@tegata/core';

/** Language of an `Accept-Language` header (RFC 9110, section 12.5.4): the supported one with the highest weight. */
export const languageOf = (header: string | undefined, fallback: Locale): Locale => {
  let best: { locale: Locale; weight: number } | undefined;
  for (const part of (header ?? '').slice(0, 500).split(',')) {
    const [tag = '', ...parameters] = part.trim().toLowerCase().split(';');
    const weight = Number(/^\s*q=([01](?:\.\d{0,3})?)\s*$/.exec(parameters[0] ?? 'q=1')?.[1] ?? 0);
    const locale = tag === '*' ? fallback : /^ja(-|$)/.test(tag) ? 'ja' : /^en(-|$)/.test(tag) ? 'en' : undefined;
    if (locale && weight > (best?.weight ?? 0)) best = { locale, weight };
  }
  return best?.locale ?? fallback;
};
