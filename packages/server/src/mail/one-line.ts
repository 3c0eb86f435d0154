// Names and addresses in mails come from strangers: whoever registers chooses the name that somebody else's mail will
// show. These two functions make such text fit for one line of a subject, a plain text and (escaped) an HTML body.

/** Zero-width joiner and non-joiner shape words in several scripts; every other format character can only deceive. */
const invisible = /(?![\u200c\u200d])\p{Cf}/gu;
const breaks = /[\p{Cc}\p{Zl}\p{Zp}\s]+/gu;

/** One line without control, bidirectional and other invisible characters, and without broken surrogates. */
export const oneLine = (text: string): string =>
  text.toWellFormed().replaceAll(invisible, '').replaceAll(breaks, ' ').replaceAll('\ufffd', '').trim();

/**
 * A person's name on one line, with anything that a mail program would turn into a link taken apart by a space: else
 * "Your prize: evil.example" could be registered as a name, and we would mail it to strangers in good faith.
 */
export const personName = (name: string): string =>
  oneLine(name)
    .replaceAll('://', ': //')
    .replaceAll(/(?<=[\p{L}\p{N}])\.(?=\p{L}{2})/gu, '. ')
    .replaceAll(/(?<=\S)@(?=\S)/gu, '@ ');
