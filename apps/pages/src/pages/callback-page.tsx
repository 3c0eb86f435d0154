import { useEffect, useState } from 'react';
import { goTo, Link, rewriteAddress, useAddress } from '../address.tsx';
import { client } from '../client.ts';
import { isTrouble } from '../form/use-form.ts';
import { Card } from '../frame/frame.tsx';
import { usePage } from '../page-context.tsx';
import { returnAddress } from '../return-to.ts';
import { takeWayBack } from './way-back.ts';

type End = 'cancelled' | 'failed' | 'unavailable';

/** A code works once: development's double mounting must not send it twice. */
let finishing: Promise<End | undefined> | undefined;

const finish = async (provider: string, search: string): Promise<End | undefined> => {
  const parameters = new URLSearchParams(search);
  const code = parameters.get('code');
  const state = parameters.get('state');
  // Neither is of use to anybody who looks into the history.
  rewriteAddress(window.location.pathname);
  if (!code) return 'cancelled';
  const result = await client.loginWithProvider(provider, { code, ...(state ? { state } : {}) });
  if (result.ok) return undefined;
  return isTrouble(result.failure) && result.failure.code !== 'unexpected' ? 'unavailable' : 'failed';
};

/** Where the provider leads back to. */
export const CallbackPage = ({ provider }: { provider: string }) => {
  const { texts, settings } = usePage();
  const { search } = useAddress();
  const [end, setEnd] = useState<End>();

  // biome-ignore lint/correctness/useExhaustiveDependencies: once a document; the address is rewritten meanwhile.
  useEffect(() => {
    finishing ??= finish(provider, search);
    void finishing.then((failed) => {
      if (failed) setEnd(failed);
      else
        goTo(returnAddress(takeWayBack(), { origin: window.location.origin, allowed: settings.returnOrigins }), {
          replace: true,
        });
    });
  }, []);

  if (!end) {
    return (
      <Card title={texts.titles.callback}>
        <p role="status">
          <span className="spinner" aria-hidden="true" />
          {texts.callback.lead}
        </p>
      </Card>
    );
  }
  return (
    <Card title={texts.callback.failedTitle}>
      <p role="alert">{texts.callback[end]}</p>
      <p className="act">
        <Link className="button" href="/auth/log-in">
          {texts.callback.back}
        </Link>
      </p>
    </Card>
  );
};
