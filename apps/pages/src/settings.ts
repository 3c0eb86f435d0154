// What the server tells the pages about itself, in the document: see `hosted-pages.ts` of the server.

export type Settings = {
  brand: string;
  logo?: string;
  /** Origins besides this one to which a log-in may lead. */
  returnOrigins: readonly string[];
  /** Whether this is a development server whose mails wait in a mailbox. */
  mailbox: boolean;
};

export const readSettings = (): Settings =>
  JSON.parse(document.querySelector<HTMLMetaElement>('meta[name="tegata"]')?.content ?? '{"brand":"Tegata","returnOrigins":[]}');
