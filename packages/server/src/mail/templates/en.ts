import type { MailTemplates } from '../mail-content.ts';
import { oneLine } from '../one-line.ts';
import { dateInWords } from '../time-in-words.ts';

const hello = (name: string): string => (name === '' ? 'Hello,' : `Hello ${name},`);

const either = (labels: readonly string[]): string =>
  new Intl.ListFormat('en', { type: 'disjunction' }).format(labels.map(oneLine));

export const en: MailTemplates = {
  verify_registration: (mail, { name, link, works }) => ({
    subject: 'Confirm your e-mail address',
    greeting: hello(name),
    lead:
      name === ''
        ? 'This address was used to register an account. Please confirm that it is yours.'
        : `This address was used to register an account under the name “${name}”. Please confirm that it is yours.`,
    button: { label: 'Confirm this address', url: link('/auth/verify-email', mail.token) },
    code: { label: 'Or type this code where you registered:', digits: mail.code },
    expiry: `It works for ${works(mail.expiresAt)}.`,
    ifNotYou: 'If you did not register, simply ignore this mail. The address will not be confirmed.',
  }),
  verify_added_email: (mail, { name, link, works }) => ({
    subject: 'Confirm your additional e-mail address',
    greeting: hello(name),
    lead: 'This address is about to be added to your account. Please confirm that it is yours.',
    button: { label: 'Confirm this address', url: link('/auth/verify-email', mail.token) },
    code: { label: 'Or type this code where you added the address:', digits: mail.code },
    expiry: `It works for ${works(mail.expiresAt)}.`,
    ifNotYou: 'If you did not ask for this, simply ignore this mail. The address will not be confirmed.',
  }),
  already_registered: (_mail, { name }) => ({
    subject: 'You already have an account',
    greeting: hello(name),
    lead: 'Somebody tried to register this address. It already belongs to your account, so nothing was changed.',
    next: 'If that was you, log in as usual. If you have forgotten your password, you can reset it on the log-in page.',
    ifNotYou: 'If it was not you, there is nothing to do. Nobody got into your account.',
  }),
  reset_password: (mail, { name, link, works }) => ({
    subject: 'Reset your password',
    greeting: hello(name),
    lead: 'We were asked to reset the password of your account. You can choose a new one here.',
    button: { label: 'Set a new password', url: link('/auth/reset-password', mail.token) },
    expiry: `It works for ${works(mail.expiresAt)}, and only once.`,
    ifNotYou: 'If you did not ask for this, simply ignore this mail. Your password stays as it is.',
  }),
  no_password: (mail, { name }) => ({
    subject: 'How to log in to your account',
    greeting: hello(name),
    lead: `We were asked to reset the password of your account. It has none: you log in with ${either(mail.providers)}.`,
    next: `On the log-in page, choose ${either(mail.providers)}. Once you are logged in, you can also set a password.`,
    ifNotYou: 'If you did not ask for this, there is nothing to do.',
  }),
  password_set: (mail, { name }) => ({
    subject: 'Your account now has a password',
    greeting: hello(name),
    lead: `A password was set for your account on ${dateInWords(mail.at, 'en')}. You can log in with it from now on, and as before.`,
    ifNotYou: 'If it was not you, reset your password now on the log-in page, which signs every device out.',
  }),
  connection_added: (mail, { name }) => ({
    subject: `${oneLine(mail.provider)} was connected to your account`,
    greeting: hello(name),
    lead: `You can now log in to your account with ${oneLine(mail.provider)}.`,
    ifNotYou: `If it was not you, log in, remove the connection to ${oneLine(mail.provider)}, and log out everywhere.`,
  }),
  connection_removed: (mail, { name }) => ({
    subject: `${oneLine(mail.provider)} was disconnected from your account`,
    greeting: hello(name),
    lead: `You can no longer log in to your account with ${oneLine(mail.provider)}.`,
    ifNotYou: 'If it was not you, log in, connect it again, and log out everywhere.',
  }),
  password_changed: (mail, { name }) => ({
    subject: 'Your password was changed',
    greeting: hello(name),
    lead: `The password of your account was changed on ${dateInWords(mail.at, 'en')}. Your other devices were signed out.`,
    ifNotYou: 'If it was not you, reset your password now on the log-in page.',
  }),
  email_added: (mail, { name }) => ({
    subject: 'An e-mail address was added to your account',
    greeting: hello(name),
    lead: `${oneLine(mail.newEmail)} now belongs to your account. It can be used to log in and to reset the password.`,
    ifNotYou: 'If it was not you, reset your password now, which signs every device out, and then remove the address.',
  }),
  primary_email_changed: (mail, { name, link, works }) => ({
    subject: 'The e-mail address of your account was changed',
    greeting: hello(name),
    lead: `The main address of your account is now ${oneLine(mail.newEmail)}. If you changed it yourself, there is nothing to do.`,
    button: { label: 'Undo this change', url: link('/auth/undo-email', mail.token), undoes: true },
    expiry: `It works for ${works(mail.expiresAt)}.`,
    ifNotYou:
      'If it was not you, undo the change now. This address becomes the main one again, other addresses are removed, and every device is signed out.',
  }),
  primary_email_restored: (_mail, { name }) => ({
    subject: 'Your e-mail address is back',
    greeting: hello(name),
    lead: 'The change was undone. This is the main address of your account again, and every device was signed out.',
    next: 'Another mail brings you a link to set a new password. Please do that now: somebody else may know the old one.',
    ifNotYou: 'If it was not you, somebody can read your mail. Change the password of your mailbox first.',
  }),
  account_closed: (_mail, { name, host }) => ({
    subject: 'Your account was closed',
    greeting: hello(name),
    lead: 'Your account was closed and every device was signed out.',
    next: 'You are welcome to register again with this address at any time.',
    ifNotYou: `If it was not you, please contact the people who run ${host} right away.`,
  }),
};
