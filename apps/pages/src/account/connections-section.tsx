import type { Connection } from '@tegata/client';
import { client } from '../client.ts';
import { TroubleNotice, troubleText } from '../form/form-view.tsx';
import { isTrouble } from '../form/use-form.ts';
import { Loading } from '../frame/frame.tsx';
import { usePage } from '../page-context.tsx';
import { ProviderButton, useProviders } from '../pages/providers.tsx';
import { dateIn } from '../time-in-words.ts';
import { Said } from './said.tsx';
import { useAction, useList } from './use-list.ts';

/** Services that this person can log in with, and those they could. */
export const ConnectionsSection = () => {
  const { texts, language } = usePage();
  const { connections: say } = texts;
  const offered = useProviders();
  const { items, trouble, reload } = useList<Connection>(async () => {
    const result = await client.listConnections();
    // A server without providers has no such call.
    if (result.ok) return { ok: true, value: result.value.items };
    return result.failure.status === 404 ? { ok: true, value: [] } : result;
  });
  const { busy, said, run } = useAction();

  const remove = ({ provider }: Connection) =>
    run(provider, async () => {
      const result = await client.removeConnection(provider);
      if (!result.ok && isTrouble(result.failure)) return { text: troubleText(result.failure, texts), problem: true };
      if (!result.ok && result.failure.reason === 'last_way_in') return { text: say.lastWay, problem: true };
      await reload();
      return { text: say.removed, problem: false };
    });

  if (!items) return trouble ? <TroubleNotice trouble={trouble} retry={() => void reload()} /> : <Loading />;
  const nameOf = (name: string) => offered.find((provider) => provider.name === name)?.label ?? name;
  const others = offered.filter(({ name }) => !items.some(({ provider }) => provider === name));
  return (
    <>
      <p>{say.lead}</p>
      {items.length === 0 ? (
        <p className="quiet">{say.none}</p>
      ) : (
        <ul className="list">
          {items.map((connection) => (
            <li key={connection.provider}>
              <div>
                <b>{nameOf(connection.provider)}</b>
                <span className="quiet">
                  {[connection.email, say.since(dateIn(language, connection.created_at))].filter(Boolean).join(' · ')}
                </span>
              </div>
              <button
                type="button"
                className="secondary small"
                aria-label={say.removeOf(nameOf(connection.provider))}
                aria-disabled={busy !== undefined}
                onClick={() => void remove(connection)}
              >
                {say.remove}
              </button>
            </li>
          ))}
        </ul>
      )}
      <Said text={said?.text} problem={said?.problem ?? false} />
      {others.length > 0 && (
        <div className="others">
          {others.map((provider) => (
            <ProviderButton
              key={provider.name}
              provider={provider}
              label={say.connect(provider.label)}
              wayBack="/auth/account/connections"
            />
          ))}
        </div>
      )}
    </>
  );
};
