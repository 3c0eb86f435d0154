/**
 * A mail that could not be handed on. `permanent` when trying again would bring the same answer: the server knows no
 * such mailbox, or refused the mail itself. The message is kept with the mail and logged: it holds no address, link or code.
 */
export class MailNotDelivered extends Error {
  override name = 'MailNotDelivered';
  readonly permanent: boolean;

  constructor(message: string, options: { permanent: boolean }) {
    super(message);
    this.permanent = options.permanent;
  }
}
