import './style.css';
import { AuthProvider } from '@tegata/react';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app.tsx';
import { client } from './client.ts';
import { takeToken } from './mailed-token.ts';
import { languageNow } from './preferences.ts';
import { readSettings } from './settings.ts';
import { loadTexts } from './texts/load-texts.ts';

// Before anything else: the token of a mailed link leaves the address bar and the document.
takeToken();
document.getElementById('without-script')?.remove();

const language = languageNow();
const texts = await loadTexts(language);
createRoot(document.getElementById('root') as HTMLElement).render(
  <StrictMode>
    <AuthProvider client={client}>
      <App settings={readSettings()} first={{ language, texts }} />
    </AuthProvider>
  </StrictMode>,
);
