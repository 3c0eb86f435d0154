import { onTestFinished } from 'vitest';
import { openMailSink } from '../../packages/server/src/mail/testing/mail-sink.ts';
import { readMail } from './read-mail.ts';

// Links and codes as they come in by SMTP. The mailbox of development opens every mail there is each time it is asked:
// fine for a person, and most of the time of a test that asks for a thousand of them.

type Link = { token: string; code: string };

/** `settings` lead the mails of a node here. `linkTo` waits for the mail to that address with a link to that page. */
export const openMailedLinks = async () => {
  const arrivals = new Map<string, PromiseWithResolvers<Link>>();
  const arrival = (email: string, page: string) => {
    const key = `${email} ${page}`;
    const known = arrivals.get(key) ?? Promise.withResolvers<Link>();
    arrivals.set(key, known);
    return known;
  };
  const sink = await openMailSink({
    beforeAccepting: async ({ raw, recipients }) => {
      const { bodies } = readMail(raw);
      const [, page = '', token = ''] = /\/auth\/([a-z-]+)\?token=([\w.~%-]+)/.exec(bodies) ?? [];
      const code = /^\s*(\d{6})\s*$/m.exec(bodies)?.[1] ?? '';
      for (const recipient of recipients) arrival(recipient, page).resolve({ token: decodeURIComponent(token), code });
    },
  });
  onTestFinished(sink.close);
  return {
    settings: { SMTP_URL: `smtp://127.0.0.1:${sink.port}` },
    linkTo: (email: string, page: string): Promise<Link> => arrival(email, page).promise,
  };
};
