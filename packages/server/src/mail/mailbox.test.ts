import type { Mail, SecretToken } from '@tegata/core';
import { address, aResetMail, hour, minute, startOfTest } from '@tegata/core/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { deriveKeys } from '../adapters/derived-keys.ts';
import { createSeal } from '../adapters/seal.ts';
import { openSqlStores, type SqlStores } from '../stores/sql/sql-stores.ts';
import { createMailbox, type MailboxMessage } from './mailbox.ts';
import { createOutboxWorker } from './outbox-worker.ts';

const publicUrl = 'http://localhost:3000';
const seal = createSeal(deriveKeys(['a secret for tests, long enough to be one']).ring('outbox'));
const verification = (to: string, name = 'Ada Lovelace'): Mail => ({
  ...{ kind: 'verify_registration', to: address(to), locale: 'en', name, code: '402915' },
  token: 'verification-token' as SecretToken,
  expiresAt: startOfTest + 24 * hour,
});

const opened: SqlStores[] = [];
afterEach(async () => {
  for (const stores of opened.splice(0)) await stores.close();
});

const given = async (...mails: Mail[]) => {
  const database = await openSqlStores({
    url: 'sqlite::memory:',
    seal,
    onCommitted: { audit: () => {}, outboxAdded: () => {} },
  });
  opened.push(database);
  const { outbox } = database.stores;
  const time = { now: startOfTest };
  const clock = () => time.now;
  for (const mail of mails) {
    await outbox.add(mail, time.now);
    time.now += minute;
  }
  await createOutboxWorker({
    ...{ outbox, publicUrl, clock, keepBodies: true },
    answerRequest: async () => {},
    deliver: async () => {},
    logger: { info: () => {}, warn: () => {}, error: () => {} },
  }).drain();
  const app = createMailbox({ outbox, publicUrl, clock });
  const messages = async (query = '') => {
    const answer = await app.request(`/dev/mailbox/messages${query}`);
    return (await answer.json()) as MailboxMessage[];
  };
  const page = async (query = '', language = 'en') => {
    const answer = await app.request(`/dev/mailbox${query}`, { headers: { 'Accept-Language': language } });
    expect(answer.status).toBe(200);
    return { answer, html: await answer.text() };
  };
  return { messages, page };
};

describe('the mailbox for programs', () => {
  it('lists what was sent, newest first, with links and codes', async () => {
    const { messages } = await given(verification('ada@example.com'), aResetMail('ada@example.com', 'reset-token'));
    const [reset, verify] = await messages('?to=ada@example.com');
    expect(reset).toMatchObject({
      to: 'ada@example.com',
      subject: 'Reset your password',
      links: [`${publicUrl}/auth/reset-password?token=reset-token`],
      created_at: '2040-01-15T09:01:00.000Z',
    });
    expect(reset).not.toHaveProperty('code');
    expect(verify).toMatchObject({ code: '402915', created_at: '2040-01-15T09:00:00.000Z' });
    expect(verify!.id).not.toBe(reset!.id);
    expect(verify!.text).toContain('402915');
    expect(verify!.html).toContain('402915');
  });

  it('gives one person only their own mails, however their address is written', async () => {
    const { messages } = await given(verification('ada@example.com'), verification('ben@example.com'));
    const recipients = async (query: string) => (await messages(query)).map(({ to }) => to);
    expect(await recipients('?to=ada@example.com')).toEqual(['ada@example.com']);
    expect(await recipients('?to=%20ADA@Example.COM')).toEqual(['ada@example.com']);
    expect(await recipients('?to=da@example.com')).toEqual([]);
    expect(await recipients('')).toEqual(['ben@example.com', 'ada@example.com']);
  });

  it('finds an address with a plus sign when it is encoded', async () => {
    const { messages } = await given(verification('ada+news@example.com'));
    expect(await messages(`?to=${encodeURIComponent('ada+news@example.com')}`)).toHaveLength(1);
  });

  it('may not be cached', async () => {
    const { page } = await given();
    expect((await page()).answer.headers.get('cache-control')).toBe('no-store');
  });
});

describe('the mailbox for people', () => {
  it('explains what will appear when there is nothing yet', async () => {
    const { page } = await given();
    expect((await page()).html).toContain('No mail yet');
    expect((await page('', 'ja')).html).toContain('メールはまだありません');
    expect((await page('?to=nobody')).html).toContain('No mail to “nobody” so far.');
  });

  it('lists the mails of everybody, or of those who match', async () => {
    const { page } = await given(verification('ada@example.com'), aResetMail('ben@example.com'));
    const { html } = await page();
    expect(html.indexOf('ben@example.com')).toBeLessThan(html.indexOf('<span>ada@example.com'));
    expect((await page('?to=BEN')).html).toContain('Reset your password');
    expect((await page('?to=BEN')).html).not.toContain('Confirm your e-mail address');
  });

  it('opens a mail in a frame that can run nothing', async () => {
    const { page, messages } = await given(verification('ada@example.com', '</iframe><script>alert(1)</script>'));
    const [mail] = await messages();
    const { html, answer } = await page(`?mail=${mail!.id}`);
    expect(html).toContain('<dd class="code">402915</dd>');
    expect(html).toContain(`<a href="${mail!.links[0]}">`);
    expect(html).toMatch(/<iframe [^>]*sandbox="allow-popups allow-popups-to-escape-sandbox" srcdoc="&lt;!doctype html&gt;/);
    expect(html).not.toContain('<script');
    expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(answer.headers.get('content-security-policy')).not.toContain('script-src');
  });

  it('says so when a mail is gone, and repeats nothing unescaped', async () => {
    const { page } = await given(verification('ada@example.com'));
    expect((await page('?mail=x')).html).toContain('This mail is no longer here.');
    const { html } = await page(`?to=${encodeURIComponent('"><script>alert(1)</script>')}&lang=ja`);
    expect(html).not.toContain('<script');
    expect(html).toContain('<html lang="ja">');
  });

  it('shows the mail as it was sent, however old it is', async () => {
    const { messages } = await given(verification('ada@example.com'), verification('ben@example.com'));
    const [, first] = await messages();
    expect(first!.to).toBe(address('ada@example.com'));
    expect(first!.text).toContain('It works for 24 hours.');
  });
});
