import { lazy, type ReactNode, Suspense, useEffect, useMemo, useState } from 'react';
import { goTo, useAddress } from './address.tsx';
import { Frame, Loading } from './frame/frame.tsx';
import { PageContext } from './page-context.tsx';
import { CallbackPage } from './pages/callback-page.tsx';
import { CheckYourMailPage } from './pages/check-your-mail-page.tsx';
import { ForgotPasswordPage } from './pages/forgot-password-page.tsx';
import { LogInPage } from './pages/log-in-page.tsx';
import { RegisterPage } from './pages/register-page.tsx';
import { ResetPasswordPage } from './pages/reset-password-page.tsx';
import { SignedOutPage } from './pages/signed-out-page.tsx';
import { UndoEmailPage } from './pages/undo-email-page.tsx';
import { VerifyEmailPage } from './pages/verify-email-page.tsx';
import { keepLanguage } from './preferences.ts';
import { type FoundRoute, findRoute } from './routes.ts';
import type { Settings } from './settings.ts';
import type { Language } from './texts/language.ts';
import { loadTexts } from './texts/load-texts.ts';
import type { Texts } from './texts/texts.ts';

/** Most people who log in never go there, so it does not hold them up. */
const AccountArea = lazy(() => import('./account/account-area.tsx'));

type Words = { language: Language; texts: Texts };

export const App = ({ settings, first }: { settings: Settings; first: Words }) => {
  const [words, setWords] = useState(first);
  const { pathname, search } = useAddress();
  const route = findRoute(pathname);

  const context = useMemo(() => {
    const switchLanguage = async () => {
      const language = words.language === 'ja' ? 'en' : 'ja';
      setWords({ language, texts: await loadTexts(language) });
      keepLanguage(language);
    };
    return { ...words, settings, switchLanguage: () => void switchLanguage() };
  }, [words, settings]);

  useEffect(() => {
    if (!route) goTo('/auth/log-in', { replace: true });
    else document.title = `${words.texts.titles[route.page]} · ${settings.brand}`;
  }, [route, words, settings]);

  if (!route) return null;
  return (
    <PageContext value={context}>
      <Frame wide={route.account === true}>
        <Suspense fallback={<Loading />}>
          {/* A page begins anew when it is opened anew, such as by a link on itself. */}
          <div
            className="page"
            key={`${route.page === 'callback' ? pathname : route.account ? 'account' : route.page}${route.account ? '' : search}`}
          >
            {pageOf(route)}
          </div>
        </Suspense>
      </Frame>
    </PageContext>
  );
};

const pageOf = ({ page, parameters }: FoundRoute): ReactNode => {
  switch (page) {
    case 'logIn':
      return <LogInPage />;
    case 'register':
      return <RegisterPage />;
    case 'checkYourMail':
      return <CheckYourMailPage />;
    case 'verifyEmail':
      return <VerifyEmailPage />;
    case 'forgotPassword':
      return <ForgotPasswordPage />;
    case 'resetPassword':
      return <ResetPasswordPage />;
    case 'undoEmail':
      return <UndoEmailPage />;
    case 'signedOut':
      return <SignedOutPage />;
    case 'callback':
      return <CallbackPage provider={parameters.provider ?? ''} />;
    default:
      return <AccountArea page={page} />;
  }
};
