import type { CookieClient } from '@tegata/client';
import { LoggedIn, LoggedOut, useAuth } from '@tegata/react';
import { useState } from 'react';
import { Entrance } from './entrance.tsx';
import { TaskList } from './task-list.tsx';
import { wordsFor } from './words.ts';

/** The frame, and one of three: nobody knows yet, the entrance, the tasks. */
export const App = () => {
  const { loading, failure, isAuthenticated, logout } = useAuth<CookieClient>();
  /** What the page has to say beside its forms; read out by screen readers. */
  const [notice, say] = useState('');
  return (
    <>
      <header className="top">
        <span className="brand">
          <svg viewBox="0 0 32 32" width="28" height="28" aria-hidden="true">
            <rect x="3" y="3" width="26" height="26" rx="7" />
            <path d="m9 16.5 5 5 9-11" />
          </svg>
          Tasks
        </span>
        {isAuthenticated && (
          <button
            type="button"
            className="quiet"
            onClick={() => {
              say('');
              void logout();
            }}
          >
            Sign out
          </button>
        )}
      </header>
      <p id="notice" role="status">
        {failure ? wordsFor(failure) : notice}
      </p>
      {loading && !failure && <p className="hint">One moment…</p>}
      <LoggedOut>
        <Entrance say={say} />
      </LoggedOut>
      <LoggedIn<CookieClient>>{(user) => <TaskList key={user.id} user={user} say={say} />}</LoggedIn>
    </>
  );
};
