import { once } from 'node:events';
import type { AddressInfo, Server } from 'node:net';
import { SMTPServer } from 'smtp-server';

// For tests only: a real SMTP server that keeps what it is given.

export type ReceivedMail = {
  /** As the client gave them, before any header: who it is from and who gets it. */
  from: string;
  recipients: string[];
  raw: string;
  /** A header's value, unfolded. */
  header: (name: string) => string | undefined;
};

export type MailSink = {
  port: number;
  /** In the order of arrival. */
  received: ReceivedMail[];
  recipients: () => string[];
  close: () => Promise<void>;
};

export type MailSinkOptions = {
  port?: number;
  startTls?: boolean;
  /** Rejects a recipient with this answer. */
  refuse?: (recipient: string) => { code: number; text: string } | undefined;
  /** Takes the whole mail, and then answers the data with this. */
  refuseData?: (mail: ReceivedMail) => { code: number; text: string } | undefined;
  /** What must happen before the mail is accepted. */
  beforeAccepting?: (mail: ReceivedMail) => Promise<void>;
};

const answer = ({ code, text }: { code: number; text: string }) => Object.assign(new Error(text), { responseCode: code });

export const openMailSink = async (options: MailSinkOptions = {}): Promise<MailSink> => {
  const received: ReceivedMail[] = [];
  const server = new SMTPServer({
    authOptional: true,
    closeTimeout: 100,
    disabledCommands: options.startTls ? ['AUTH'] : ['AUTH', 'STARTTLS'],
    onRcptTo: ({ address }, _session, done) => {
      const refusal = options.refuse?.(address);
      done(refusal && answer(refusal));
    },
    onData: (stream, session, done) => {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', async () => {
        const raw = Buffer.concat(chunks).toString('utf8');
        const head = raw.slice(0, raw.indexOf('\r\n\r\n')).replaceAll(/\r\n[ \t]+/g, ' ');
        const mail: ReceivedMail = {
          from: session.envelope.mailFrom ? session.envelope.mailFrom.address : '',
          recipients: session.envelope.rcptTo.map(({ address }) => address),
          raw,
          header: (name) => new RegExp(`^${name}: (.*)$`, 'im').exec(head)?.[1],
        };
        const refusal = options.refuseData?.(mail);
        if (refusal) return done(answer(refusal));
        await options.beforeAccepting?.(mail);
        received.push(mail);
        done();
      });
    },
  });
  // A client that hangs up in the middle is part of the tests, not an error of theirs.
  server.on('error', () => {});
  const listener = server.listen(options.port ?? 0, '127.0.0.1') as Server;
  await once(listener, 'listening');
  return {
    port: (listener.address() as AddressInfo).port,
    received,
    recipients: () => received.flatMap(({ recipients }) => recipients),
    close: () => new Promise((resolve) => server.close(resolve)),
  };
};
