import { useEffect, useState } from 'react';
import { goTo, Link, rewriteAddress, useAddress } from '../address.tsx';
import { client } from '../client.ts';
import { isTrouble } from '../form/use-form.ts';
import { Card } from '../frame/frame.tsx';
import { usePage } from '../page-context.tsx';
import { returnAddress } from '../return-to.ts';
import type { Texts } from '../texts/texts.ts';
import { takeWayBack } from './way-back.ts';

type End = keyof Texts['callback']['ends'];

/** A code works once: development's double mounting must not send it twice. */
let finishing: Promise<End | undefined> | undefined;

const finish = async (provider: string, search: string, ends: Texts['callback']['ends']): Promise<End | undefined> => {
  const sent = new URLSearchParams(search);
  // None of it is of use to anybody who looks into the history.
  rewriteAddress(window.location.pathname);
  const handedOn = ['code', 'state', 'iss', 'error'].map((name) => [name, sent.get(name)]).filter(([, value]) => value);
  if (handedOn.length === 0) return 'provider_denied';
  const result = await client.finishConnection(provider, Object.fromEntries(handedOn));
  if (result.ok) return undefined;
  const { failure } = result;
  if (isTrouble(failure) && failure.code !== 'unexpected') return 'unavailable';
  return Object.hasOwn(ends, failure.reason ?? '') ? (failure.reason as End) : 'failed';
};

/** Where the provider leads back to. */
export const CallbackPage = ({ provider }: { provider: string }) => {
  const { texts, settings } = usePage();
  const { search } = useAddress();
  const [end, setEnd] = useState<End>();

  // biome-ignore lint/correctness/useExhaustiveDependencies: once a document; the address is rewritten meanwhile.
  useEffect(() => {
    finishing ??= finish(provider, search, texts.callback.ends);
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
      <p role="alert">{texts.callback.ends[end]}</p>
      <p className="act">
        <Link className="button" href="/auth/log-in">
          {texts.callback.back}
        </Link>
      </p>
    </Card>
  );
};
