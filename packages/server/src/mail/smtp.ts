import type { EmailAddress } from '@tegata/core';
import { createTransport } from 'nodemailer';
import { MailNotDelivered } from './mail-not-delivered.ts';
import type { RenderedMail } from './render-mail.ts';
import { isOneAddress, type Sender, type SmtpServer } from './smtp-settings.ts';

// Hands one rendered mail to an SMTP server. Whatever this returns from has been accepted by that server; whatever it
// throws is a `MailNotDelivered` that says whether trying again makes sense.

/** Longer than any healthy server needs, and well below the lease of a claimed mail: a stalled send must not outlive it. */
const defaultDeadlineMilliseconds = 45_000;

export type SmtpDelivery = {
  /** @throws MailNotDelivered */
  deliver: (id: string, mail: RenderedMail, to: EmailAddress) => Promise<void>;
  /** Closes idle connections now and busy ones after their mail. */
  close: () => void;
};

export const createSmtpDelivery = (options: {
  server: SmtpServer;
  from: Sender;
  /** Its host becomes the right half of every Message-ID. */
  publicUrl: string;
  connections?: number;
  deadlineMilliseconds?: number;
}): SmtpDelivery => {
  const { server, from } = options;
  const host = new URL(options.publicUrl).hostname;
  const settings = {
    pool: true as const,
    host: server.host,
    port: server.port,
    secure: server.secure,
    requireTLS: server.requireTls,
    // Where encryption is only taken when offered, whoever could forge a certificate could also remove the offer: a
    // strict check would add no safety and refuse every relay on this machine. (NODE_EXTRA_CA_CERTS adds an authority.)
    tls: { rejectUnauthorized: server.secure || server.requireTls },
    ...(server.auth && { auth: server.auth }),
    maxConnections: options.connections ?? 4,
    dnsTimeout: 10_000,
    connectionTimeout: 10_000,
    greetingTimeout: 10_000,
    socketTimeout: 20_000,
    // The outbox repeats with growing pauses; the mailer's own repetitions would only add to them.
    maxRequeues: 1,
    disableFileAccess: true,
    disableUrlAccess: true,
  };
  const transport = createTransport(settings);

  return {
    deliver: async (id, mail, to) => {
      if (!isOneAddress(to)) throw new MailNotDelivered('address refused before sending', { permanent: true });
      // A stable id lets a mailbox recognize the one mail that a crash may have sent twice.
      const message = {
        from,
        // An object is taken as it is; a string would be parsed as a list of recipients.
        to: { name: '', address: to },
        subject: mail.subject,
        text: mail.text,
        html: mail.html,
        messageId: `<${id}@${host}>`,
        // RFC 3834: no vacation notice shall answer this.
        headers: { 'Auto-Submitted': 'auto-generated' },
        signal: AbortSignal.timeout(options.deadlineMilliseconds ?? defaultDeadlineMilliseconds),
      };
      await transport.sendMail(message).catch((error: unknown) => {
        throw notDelivered(error);
      });
    },
    close: () => transport.close(),
  };
};

/**
 * Keeps of an SMTP error what an operator needs and nothing that may quote the mail or its recipient, as the text of
 * many replies does: the kind of failure, the command, the reply code and the enhanced one (RFC 3463).
 */
const notDelivered = (error: unknown): MailNotDelivered => {
  const { code, command, responseCode, response } = error as {
    code?: string;
    command?: string;
    responseCode?: number;
    response?: string;
  };
  const enhanced = /^\d{3}[ -]([245]\.\d{1,3}\.\d{1,3})\b/u.exec(response ?? '')?.[1];
  const refusedByServer = responseCode !== undefined && responseCode >= 500 && responseCode !== 503;
  const aboutThisMail = command === 'RCPT TO' || command === 'DATA';
  const summary = [code ?? 'EUNKNOWN', command, responseCode, enhanced].filter((part) => part !== undefined).join(' ');
  return new MailNotDelivered(summary, { permanent: refusedByServer && aboutThisMail });
};
