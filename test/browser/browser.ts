import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, inject } from 'vitest';

// What the browser tests share: the one Chromium that `browser-setup.ts` started, and people's windows in it.

let connected: Promise<Browser> | undefined;
const opened = new Set<BrowserContext>();

const sharedBrowser = (): Promise<Browser> => {
  connected ??= chromium.connect(inject('browserEndpoint'));
  return connected;
};

/** A person with a browser of their own: cookies, storage and locks are apart from everybody else's. */
export const openBrowser = async (options: BrowserContextOptions = {}): Promise<BrowserContext> => {
  const browser = await sharedBrowser();
  const context = await browser.newContext({ locale: 'en-US', viewport: { width: 1100, height: 820 }, ...options });
  // Generous for a busy machine, and still shorter than the time a test has.
  context.setDefaultTimeout(20_000);
  opened.add(context);
  return context;
};

/** Nobody's windows stay open behind the next test, where their timers would go on. */
afterEach(async () => {
  const contexts = [...opened];
  opened.clear();
  await Promise.all(contexts.map((context) => context.close()));
});

afterAll(async () => {
  const browser = await connected;
  connected = undefined;
  await browser?.close();
});

/**
 * What went wrong in the page itself: exceptions, and whatever the content security policy refused.
 *
 * @param elsewhere Origins that are not ours to mend, such as a provider's.
 */
export const troubleIn = (page: Page, elsewhere: readonly string[] = []): string[] => {
  const trouble: string[] = [];
  page.on('pageerror', (error) => trouble.push(error.message));
  page.on('console', (message) => {
    // A refused call is told by the browser as an error; what the page makes of it is what the tests look at.
    const refusedCall = /^Failed to load resource: the server responded with a status of \d{3}/.test(message.text());
    const theirs = elsewhere.some((origin) => [page.url(), message.location().url].some((url) => url.startsWith(origin)));
    if (message.type() === 'error' && !refusedCall && !theirs) trouble.push(message.text());
  });
  return trouble;
};
