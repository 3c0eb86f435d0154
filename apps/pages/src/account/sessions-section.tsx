import type { UserSession } from '@tegata/client';
import type { ReactNode } from 'react';
import { client } from '../client.ts';
import { type Device, deviceOf, isLocalNetwork } from '../device-in-words.ts';
import { TroubleNotice, troubleText } from '../form/form-view.tsx';
import { isTrouble } from '../form/use-form.ts';
import { Loading } from '../frame/frame.tsx';
import { type PageContext, usePage } from '../page-context.tsx';
import type { Texts } from '../texts/texts.ts';
import { agoIn, dateIn } from '../time-in-words.ts';
import { Said } from './said.tsx';
import { useAction, useList } from './use-list.ts';

/** Each session is a sentence: what device, where, which one is this, when it was used. */
export const SessionsSection = () => {
  const page = usePage();
  const { texts } = page;
  const { items, trouble, reload } = useList(async () => {
    const result = await client.listSessions({ perPage: 100 });
    return result.ok ? { ok: true, value: result.value.items } : result;
  });
  const { busy, said, run } = useAction();

  const signOut = (sessions: readonly UserSession[], key: string, done: string) =>
    run(key, async () => {
      for (const session of sessions) {
        const result = await client.revokeSession(session.id);
        // One that has ended by itself meanwhile is what was asked for.
        if (!result.ok && isTrouble(result.failure)) return { text: troubleText(result.failure, texts), problem: true };
      }
      await reload();
      return { text: done, problem: false };
    });

  if (!items) return trouble ? <TroubleNotice trouble={trouble} retry={() => void reload()} /> : <Loading />;
  const sorted = [...items].sort(
    (one, other) => Number(other.current) - Number(one.current) || other.last_used_at.localeCompare(one.last_used_at),
  );
  const others = sorted.filter((session) => !session.current);

  return (
    <>
      <p>{texts.sessions.lead}</p>
      {trouble && <TroubleNotice trouble={trouble} retry={() => void reload()} />}
      <ul className="list">
        {sorted.map((session) => {
          const device = deviceInWords(deviceOf(session.user_agent), texts);
          return (
            <li key={session.id}>
              <div>
                <b>{device}</b>
                <span className="quiet">{sentenceOf(session, page)}</span>
              </div>
              {session.current ? (
                <span className="badge">{texts.sessions.current}</span>
              ) : (
                <button
                  type="button"
                  className="secondary small"
                  aria-label={texts.sessions.signOutOf(device)}
                  aria-disabled={busy !== undefined}
                  onClick={() => void signOut([session], session.id, texts.sessions.signedOut)}
                >
                  {busy === session.id && <span className="spinner" aria-hidden="true" />}
                  {texts.sessions.signOut}
                </button>
              )}
            </li>
          );
        })}
      </ul>
      <Said text={said?.text} problem={said?.problem ?? false} />
      {others.length === 0 ? (
        <p className="quiet">{texts.sessions.onlyThis}</p>
      ) : (
        <p className="act">
          <button
            type="button"
            className="secondary"
            aria-disabled={busy !== undefined}
            onClick={() => void signOut(others, 'others', texts.sessions.othersSignedOut)}
          >
            {busy === 'others' && <span className="spinner" aria-hidden="true" />}
            {texts.sessions.signOutOthers}
          </button>
        </p>
      )}
      <p className="act">
        <button type="button" className="link" onClick={() => void client.logout()}>
          {texts.sessions.signOutThis}
        </button>
      </p>
    </>
  );
};

export const deviceInWords = ({ browser, system, program }: Device, { sessions }: Texts): string => {
  if (program) return `${sessions.program} (${program})`;
  if (!browser) return system ?? sessions.unknownBrowser;
  return system ? sessions.on(browser, system) : browser;
};

const sentenceOf = (session: UserSession, { texts, language }: PageContext): ReactNode => {
  const { sessions } = texts;
  const ago = agoIn(language, (Date.now() - Date.parse(session.last_used_at)) / 1000);
  const place = session.current ? timeZone(language) : placeOf(session.ip_address, texts);
  const parts = [place, sessions.lastUsed(ago), sessions.since(dateIn(language, session.created_at))].filter(Boolean);
  return parts.map((part, index) => (
    <span className="part" key={part}>
      {part}
      {index < parts.length - 1 && ' · '}
    </span>
  ));
};

/** Where this browser says it is: "Japan Standard Time", 「日本標準時」. Nothing where it knows an offset only. */
const timeZone = (language: string): string => {
  const parts = new Intl.DateTimeFormat(language, { timeZoneName: 'longGeneric' }).formatToParts();
  const name = parts.find(({ type }) => type === 'timeZoneName')?.value ?? '';
  return /^(GMT|UTC)/.test(name) ? '' : name;
};

/** An address says little about a place, and guessing a city from it is often wrong: it is shown as it is. */
const placeOf = (address: string | null, { sessions }: Texts): string => {
  if (address === null) return '';
  return isLocalNetwork(address) ? sessions.localNetwork : sessions.at(address);
};
