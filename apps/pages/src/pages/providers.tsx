import type { Provider } from '@tegata/client';
import { useEffect, useState } from 'react';
import { client } from '../client.ts';
import { troubleText } from '../form/form-view.tsx';
import { isTrouble } from '../form/use-form.ts';
import { usePage } from '../page-context.tsx';
import { keepWayBack } from './way-back.ts';

let asked: Promise<readonly Provider[]> | undefined;

/** Asked for once a document. A server without providers, or one that cannot say, offers none. */
export const providersOnOffer = (): Promise<readonly Provider[]> => {
  asked ??= client.listProviders().then((result) => (result.ok ? result.value : []));
  return asked;
};

export const useProviders = (): readonly Provider[] => {
  const [providers, setProviders] = useState<readonly Provider[]>([]);
  useEffect(() => {
    let there = true;
    void providersOnOffer().then((found) => there && setProviders(found));
    return () => {
      there = false;
    };
  }, []);
  return providers;
};

/** The other ways in, where the server has some. */
export const Providers = ({ search }: { search: string }) => {
  const { texts } = usePage();
  const providers = useProviders();
  if (providers.length === 0) return null;
  return (
    <div className="providers">
      <p className="or">
        <span>{texts.logIn.or}</span>
      </p>
      {providers.map((provider) => (
        <ProviderButton
          key={provider.name}
          provider={provider}
          label={texts.logIn.continueWith(provider.label)}
          wayBack={new URLSearchParams(search).get('return_to')}
        />
      ))}
    </div>
  );
};

type ProviderButtonProps = { provider: Provider; label: string; wayBack: string | null };

/** Leads to the provider, which leads back to the callback page. */
export const ProviderButton = ({ provider, label, wayBack }: ProviderButtonProps) => {
  const { texts } = usePage();
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string>();
  // Whoever goes back from the provider may find the page as they left it, with its scripts stopped in the middle.
  useEffect(() => {
    const shownAgain = ({ persisted }: PageTransitionEvent) => persisted && setBusy(false);
    window.addEventListener('pageshow', shownAgain);
    return () => window.removeEventListener('pageshow', shownAgain);
  }, []);
  const go = async () => {
    if (busy) return;
    setBusy(true);
    setProblem(undefined);
    const result = await client.beginConnection(provider.name, {
      redirectTo: `${window.location.origin}/auth/callback/${provider.name}`,
    });
    if (result.ok) {
      keepWayBack(wayBack);
      window.location.assign(result.value.url);
      return;
    }
    setBusy(false);
    const { failure } = result;
    if (failure.code === 'unavailable') setProblem(texts.callback.ends.unavailable);
    else setProblem(isTrouble(failure) ? troubleText(failure, texts) : texts.callback.ends.failed);
  };
  return (
    <>
      <button type="button" className="secondary" aria-disabled={busy} onClick={() => void go()}>
        {busy && <span className="spinner" aria-hidden="true" />}
        {label}
      </button>
      {problem && (
        <p className="problem" role="alert">
          {problem}
        </p>
      )}
    </>
  );
};
