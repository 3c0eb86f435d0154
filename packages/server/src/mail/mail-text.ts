import type { MailContent } from './mail-content.ts';
import type { MailSite } from './mail-look.ts';

/** The plain-text twin of `mailHtml`: the same words in the same order. */
export const mailText = (content: MailContent, site: MailSite): string =>
  [
    site.look.name,
    content.greeting,
    content.lead,
    content.button && `${content.button.label}\n${content.button.url}`,
    content.code && `${content.code.label}\n\n    ${content.code.digits}`,
    content.expiry,
    content.next,
    content.ifNotYou,
    site.host,
  ]
    .filter((part) => part !== undefined)
    .join('\n\n')
    .concat('\n');
