import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { AxeResults } from 'axe-core';
import type { Page } from 'playwright-core';

// A look at a page as it stands: what axe finds, whether it fits, and, with SCREENSHOTS=1, a picture of it in
// test/browser/screenshots, to be looked at.

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const wanted = process.env.SCREENSHOTS === '1';
const screenshots = fileURLToPath(new URL('./screenshots/', import.meta.url));

/** What axe finds. `rules`: all, or what a theme can change, or all but that. */
const violationsIn = async (page: Page, rules: 'all' | 'contrast' | 'structure'): Promise<string[]> => {
  // By the debugging protocol: the page's own policy would not let a script in.
  if (!(await page.evaluate('"axe" in window'))) await page.evaluate(axeSource);
  const contrast = 'color-contrast';
  const options = {
    resultTypes: ['violations'],
    ...(rules === 'contrast'
      ? { runOnly: [contrast] }
      : rules === 'structure'
        ? { rules: { [contrast]: { enabled: false } } }
        : {}),
  };
  const { violations } = (await page.evaluate(`axe.run(document, ${JSON.stringify(options)})`)) as AxeResults;
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id} at ${target}: ${failureSummary}`),
  );
};

export const settled = async (page: Page) => {
  await page.locator('h1').first().waitFor();
  await page.locator('.loading').waitFor({ state: 'detached' });
};

/** Looks at the page as it stands, in both themes. The phone shows the same colors as the desktop. */
export const lookAt = async (page: Page, name: string, device: 'desktop' | 'phone'): Promise<string[]> => {
  const found: string[] = [];
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    const path = `${screenshots}${name}-${device}-${colorScheme}.png`;
    if (wanted) await page.screenshot({ path, fullPage: name !== 'docs' });
    const rules = device === 'phone' ? 'structure' : colorScheme === 'light' ? 'all' : 'contrast';
    if (rules === 'structure' && colorScheme === 'dark') continue;
    found.push(...(await violationsIn(page, rules)).map((violation) => `${name} ${colorScheme}: ${violation}`));
  }
  return found;
};

/** How many pixels of the page are outside a window of that width. */
export const sidewaysAt = async (page: Page, width: number): Promise<number> => {
  await page.setViewportSize({ width, height: 700 });
  return page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
};
