import { createOrganizationClient, createStandardClient } from '@tegata/client';
import { AuthProvider, LoggedIn, LoggedOut, useAuth, useSession } from '@tegata/react';
import { createElement, type ReactNode } from 'react';
import { renderToString } from 'react-dom/server';
import { expect, test } from 'vitest';

// On a server there is no cookie to ask with: nobody knows who is logged in, and nothing says otherwise.

const Answers = () => {
  const { user, isAuthenticated, loading, reason } = useAuth();
  return createElement('p', null, JSON.stringify({ user, isAuthenticated, loading, reason, status: useSession().status }));
};

const page = (client: Parameters<typeof AuthProvider>[0]['client'], children: ReactNode) =>
  renderToString(createElement(AuthProvider, { client }, children));

const never: typeof fetch = () => {
  throw new Error('a render on the server asked for something');
};

test('rendered on a server, neither state is shown, loading is true (S2.126, S2.127), and nothing is asked', () => {
  const client = createStandardClient({ baseUrl: 'https://auth.example.com', fetch: never });
  const markup = page(client, [
    createElement(Answers, { key: 1 }),
    createElement(LoggedIn, { key: 2 }, 'inside'),
    createElement(LoggedIn, { key: 3, children: () => 'inside too' }),
    createElement(LoggedOut, { key: 4 }, 'outside'),
  ]);
  expect(markup.replaceAll('&quot;', '"')).toBe('<p>{"user":null,"isAuthenticated":false,"loading":true,"status":"loading"}</p>');
});

test('a client of another contract will do, and one that somebody used on the server shows nothing either', async () => {
  const client = createOrganizationClient({ baseUrl: 'https://auth.example.com', fetch: never });
  await client.start();
  expect(client.getState().status).toBe('logged_out');
  expect(page(client, createElement(LoggedOut, null, 'outside'))).toBe('');
});

test('a hook without a provider says what is missing (S2.134)', () => {
  expect(() => renderToString(createElement(Answers))).toThrow('need an <AuthProvider client={…}> above them');
});
