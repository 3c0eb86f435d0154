import type { Failure } from '@tegata/client';
import { useAuth } from '@tegata/react';
import { useEffect, useState } from 'react';
import { goTo, Link, rewriteAddress, useAddress } from '../address.tsx';
import { client } from '../client.ts';
import { troubleText } from '../form/form-view.tsx';
import { isTrouble } from '../form/use-form.ts';
import { Card } from '../frame/frame.tsx';
import { usePage } from '../page-context.tsx';
import { returnAddress } from '../return-to.ts';
import type { Texts } from '../texts/texts.ts';
import { takeWayBack } from './way-back.ts';

type End = keyof Texts['callback']['ends'];
/** `wayBack`: where it was all to lead. */
type Finished = { wayBack: string | null; failed?: End | Failure };

/** A code works once, and so does the way back: however often the page is mounted, this happens once a document. */
let finishing: Promise<Finished> | undefined;

const finish = async (provider: string, search: string, ends: Texts['callback']['ends']): Promise<Finished> => {
  const wayBack = takeWayBack();
  const sent = new URLSearchParams(search);
  // None of it is of use to anybody who looks into the history.
  rewriteAddress(window.location.pathname);
  const handedOn = ['code', 'state', 'iss', 'error'].map((name) => [name, sent.get(name)]).filter(([, value]) => value);
  if (!sent.get('code') && !sent.get('error')) return { wayBack, failed: 'failed' };
  const result = await client.finishConnection(provider, Object.fromEntries(handedOn));
  if (result.ok) return { wayBack };
  const { failure } = result;
  if (failure.code === 'unavailable') return { wayBack, failed: 'unavailable' };
  if (isTrouble(failure) && failure.code !== 'unexpected') return { wayBack, failed: failure };
  return { wayBack, failed: Object.hasOwn(ends, failure.reason ?? '') ? (failure.reason as End) : 'failed' };
};

/** Where the provider leads back to. */
export const CallbackPage = ({ provider }: { provider: string }) => {
  const { texts, settings } = usePage();
  const { search } = useAddress();
  const { isAuthenticated } = useAuth();
  const [end, setEnd] = useState<Finished>();

  // biome-ignore lint/correctness/useExhaustiveDependencies: once a document; the address is rewritten meanwhile.
  useEffect(() => {
    finishing ??= finish(provider, search, texts.callback.ends);
    void finishing.then((finished) => {
      if (finished.failed) setEnd(finished);
      else
        goTo(returnAddress(finished.wayBack, { origin: window.location.origin, allowed: settings.returnOrigins }), {
          replace: true,
        });
    });
  }, []);

  if (!end?.failed) {
    return (
      <Card title={texts.titles.callback}>
        <p role="status">
          <span className="spinner" aria-hidden="true" />
          {texts.callback.lead}
        </p>
      </Card>
    );
  }
  const { failed, wayBack } = end;
  const logIn = wayBack ? `/auth/log-in?${new URLSearchParams({ return_to: wayBack })}` : '/auth/log-in';
  return (
    <Card title={texts.callback.failedTitle}>
      <p role="alert">{typeof failed === 'string' ? texts.callback.ends[failed] : troubleText(failed, texts)}</p>
      <p className="act">
        <Link className="button" href={isAuthenticated ? '/auth/account/connections' : logIn}>
          {isAuthenticated ? texts.callback.toConnections : texts.callback.back}
        </Link>
      </p>
    </Card>
  );
};
