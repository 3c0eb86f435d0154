import { readAccessToken } from './access-token.ts';
import type { Channel, Environment } from './environment.ts';
import { type Failure, fail, type LoggedOutCode, ok, type Result } from './result.ts';
import type { Call, Transport } from './transport.ts';
import { createTurn } from './turn.ts';

// Who is logged in, as far as this tab knows, and the one access token in its memory. What the tabs of an origin do that
// must not be done by two at once (refresh, log in, log out) is done in turn, and told to the others at once.

/** Who is logged in. Changes by replacement: the same object means that nothing has changed. */
export type AuthState<User> =
  /** Not known yet. With a `failure` the server could not be asked, and will be again at `retryAt` (ms since 1970). */
  | { status: 'loading'; failure?: Failure; retryAt?: number }
  | { status: 'logged_in'; user: User }
  /** `reason` is why, in the contract's words (`session_revoked`, `password_changed`, …); none for whoever just arrived. */
  | { status: 'logged_out'; reason?: string | undefined };

/** What a log-in or a refresh gives. A token that travels in an HttpOnly cookie is not seen here. */
export type Issued<User> = { token?: string | undefined; lifetimeMs?: number | undefined; user?: User | undefined };

/** What a session asks of a contract. */
export type SessionDoor<User> = {
  /** Gets the next pair, and has kept what must be kept when it returns. A code of the contract means: the session is over. */
  refresh: () => Promise<Result<Issued<User>, Failure<string>>>;
  logOut: (token: string | undefined) => Promise<Result<unknown, Failure>>;
  me: () => Promise<Result<User, Failure<LoggedOutCode>>>;
  /** Headers of a call for whoever is logged in. */
  credentials: (token: string | undefined, method: string) => Record<string, string>;
  /** The access token is in a cookie: a call may be made without seeing it. */
  cookieAccess: boolean;
  /** False when it is plain that nobody is logged in, without asking. */
  mayBeLoggedIn: () => boolean;
};

type Held = { at: number; token: string | undefined; sub: string | undefined; lifetimeMs: number; expiresAt: number };
type Message<User> =
  | { type: 'issued'; held: Held; user: User | undefined }
  | { type: 'user'; at: number; user: User }
  | { type: 'ended'; at: number; reason: string };

export type Session<User extends { id: string }> = ReturnType<typeof createSession<User>>;

/** Shorter than any real lifetime: what ends while it is under way is refreshed first. */
const leewayMs = 2_000;

export const createSession = <User extends { id: string }>(
  key: string,
  environment: Environment,
  transport: Transport,
  door: SessionDoor<User>,
) => {
  const { now, after, isVisible, storage } = environment;
  const turn = createTurn(`tegata:${key}`, environment);
  const leavingMark = `tegata:leaving:${key}`;
  const listeners = new Set<() => void>();
  let state: AuthState<User> = { status: 'loading' };
  let held: Held | undefined;
  /** When what is known was asked for. What was asked for earlier, and is heard later, is old news. */
  let changedAt = 0;
  let news = new AbortController();
  let channel: Channel | undefined;
  let cancelTimer = () => {};
  let stopListening = () => {};

  const show = (next: AuthState<User>) => {
    state = next;
    for (const listener of listeners) listener();
  };
  const stamp = () => Math.max(now(), changedAt + 1);
  const tell = (message: Message<User>) => channel?.postMessage(message);
  const person = () => held?.sub ?? (state.status === 'logged_in' ? state.user.id : undefined);

  /** False for old news. Of two things in the same millisecond, an end is the later one. */
  const moveTo = (at: number, ends = false): boolean => {
    if (at < changedAt || (at === changedAt && !ends)) return false;
    changedAt = at;
    news.abort();
    news = new AbortController();
    cancelTimer();
    return true;
  };

  const take = (next: Held, user: User | undefined): boolean => {
    if (!moveTo(next.at)) return false;
    held = next;
    leaving(false);
    if (user) show({ status: 'logged_in', user });
    else if (state.status !== 'logged_in' || (next.sub !== undefined && next.sub !== state.user.id)) {
      // Somebody, but who? Whoever was shown before is not shown as them.
      if (state.status !== 'loading') show({ status: 'loading' });
      void restore();
    }
    plan();
    return true;
  };

  const keep = ({ token, lifetimeMs, user }: Issued<User>, at: number) => {
    const facts = token === undefined ? {} : readAccessToken(token);
    const ms = lifetimeMs ?? facts.lifetimeMs ?? 0;
    const next = { at, token, sub: facts.sub ?? user?.id, lifetimeMs: ms, expiresAt: at + ms };
    const known = user ?? (state.status === 'logged_in' && state.user.id === next.sub ? state.user : undefined);
    if (take(next, user)) tell({ type: 'issued', held: next, user: known });
  };

  const end = (reason: string, at = stamp()) => {
    const first = state.status === 'loading' && held === undefined;
    if (!moveTo(at, true)) return;
    held = undefined;
    // Whoever arrives without a session was not signed out of one.
    show({ status: 'logged_out', ...(first && reason === 'refresh_cookie_missing' ? {} : { reason }) });
    if (!first) tell({ type: 'ended', at, reason });
  };

  const listen = () => {
    if (channel || !environment.openChannel) return;
    channel = environment.openChannel(`tegata:${key}`);
    (channel as { unref?: () => void }).unref?.();
    channel.addEventListener('message', ({ data }) => {
      const message = data as Message<User>;
      if (message.type === 'issued') take(message.held, message.user);
      else if (message.type === 'user') {
        if (state.status === 'logged_in' && state.user.id === message.user.id) show({ status: 'logged_in', user: message.user });
      } else if (message.type === 'ended' && moveTo(message.at, true)) {
        held = undefined;
        show({ status: 'logged_out', reason: message.reason });
      }
    });
    stopListening = environment.onReturn(({ sleep }) => {
      if (isLeaving()) void finishLeaving();
      if (state.status === 'loading') void restore();
      // Messages may have been missed.
      else if (sleep && state.status === 'logged_in') void reloadUser();
      plan();
    });
  };

  // Refreshing

  let refreshing: Promise<Result<undefined, Failure<LoggedOutCode>>> | undefined;

  /** One at a time in this tab and, by the lock, among all; a token that another tab got meanwhile will do. */
  const refresh = () => {
    refreshing ??= refreshInTurn().finally(() => {
      refreshing = undefined;
    });
    return refreshing;
  };

  const refreshInTurn = async (): Promise<Result<undefined, Failure<LoggedOutCode>>> => {
    const before = changedAt;
    const failure = await turn.take(async () => {
      if (changedAt !== before) return undefined;
      const at = stamp();
      let refreshed = await door.refresh();
      // The answer may have been lost. Asking again is safe: it gives the same successor.
      if (!refreshed.ok && refreshed.failure.code === 'network') {
        await new Promise<void>((done) => after(300, done));
        refreshed = await door.refresh();
      }
      if (refreshed.ok) {
        keep(refreshed.value, at);
        return undefined;
      }
      if (isTrouble(refreshed.failure)) return refreshed.failure;
      end(refreshed.failure.reason ?? 'session_ended', at);
      return undefined;
    }, news.signal);
    if (failure) return fail(failure);
    return held ? ok(undefined) : fail(loggedOut());
  };

  const loggedOut = (): Failure<LoggedOutCode> => ({
    code: 'logged_out',
    message: 'Please log in.',
    reason: state.status === 'logged_out' ? state.reason : undefined,
    status: 401,
  });

  /** Before it ends, while somebody looks: a forgotten tab must not keep its session alive for ever. With jitter, so that one tab of many does it. */
  const plan = () => {
    cancelTimer();
    if (!held?.lifetimeMs || !isVisible()) return;
    const margin = Math.min(60_000, held.lifetimeMs / 5) * (1 + Math.random());
    cancelTimer = after(Math.max(0, held.expiresAt - now() - margin), () => void refreshAhead(0));
  };

  const refreshAhead = async (failed: number) => {
    if (!isVisible()) return;
    const refreshed = await refresh();
    if (refreshed.ok || !held) return;
    cancelTimer();
    cancelTimer = after(pauseAfter(failed, refreshed.failure), () => void refreshAhead(failed + 1));
  };

  // Calls for whoever is logged in

  /**
   * Sends with the access token; refreshes first when it has ended, and once when it is refused. `isOwn` says which 401 is
   * about something else, such as a wrong password: those are never sent twice.
   */
  const authorized = async <Data, Code extends string = never>(
    call: Call<Code>,
    isOwn: (failure: Failure<Code>) => boolean = () => false,
  ): Promise<Result<Data, Failure<Code | LoggedOutCode>>> => {
    const asked = person();
    for (let turnOfCall = 0; ; turnOfCall += 1) {
      const ready = await prepared();
      if (!ready.ok) return ready;
      // Another tab logged in as somebody else: what one person ordered must not happen to the other.
      if (asked !== undefined && person() !== asked) return fail({ ...loggedOut(), reason: 'another_user' });
      const used = changedAt;
      const headers = { ...call.headers, ...door.credentials(held?.token, call.method) };
      const result = await transport.send<Data, Code>({ ...call, headers });
      if (result.ok || result.failure.status !== 401 || turnOfCall > 0 || isOwn(result.failure)) return result;
      if (changedAt === used) {
        const refreshed = await refresh();
        if (!refreshed.ok) return refreshed;
      }
    }
  };

  /** Something to call with is at hand. */
  const prepared = async (): Promise<Result<undefined, Failure<LoggedOutCode>>> => {
    if (state.status === 'logged_out') return fail(loggedOut());
    const ended = held !== undefined && held.lifetimeMs > 0 && held.expiresAt - leewayMs <= now();
    const missing = door.cookieAccess ? false : held?.token === undefined;
    return ended || missing ? refresh() : ok(undefined);
  };

  /** An access token for an API of the application's own. */
  const accessToken = async (): Promise<Result<string, Failure<LoggedOutCode>>> => {
    const ready = held?.token === undefined && state.status !== 'logged_out' ? await refresh() : await prepared();
    if (!ready.ok) return ready;
    return held?.token === undefined ? fail(loggedOut()) : ok(held.token);
  };

  // Who is it?

  const setUser = (user: User) => {
    show({ status: 'logged_in', user });
    tell({ type: 'user', at: changedAt, user });
  };

  const reloadUser = async (): Promise<Result<User, Failure<LoggedOutCode>>> => {
    const at = changedAt;
    const result = await door.me();
    if (result.ok && (changedAt === at || person() === result.value.id) && state.status !== 'logged_out') setUser(result.value);
    return result;
  };

  let restoring: Promise<void> | undefined;
  let failedRestores = 0;
  const restore = (): Promise<void> => {
    restoring ??= findOut().finally(() => {
      restoring = undefined;
    });
    return restoring;
  };

  const findOut = async (): Promise<void> => {
    if (state.status !== 'loading') return;
    if (!held && !door.mayBeLoggedIn()) {
      show({ status: 'logged_out' });
      return;
    }
    const result = await reloadUser();
    if (result.ok || state.status !== 'loading') {
      failedRestores = 0;
      return;
    }
    const { failure } = result;
    if (failure.code === 'unexpected' || failure.code === 'logged_out') {
      // Nobody was logged in here, and asking again would not help.
      show({ status: 'logged_out', reason: failure.reason });
      return;
    }
    const pause = pauseAfter(failedRestores, failure);
    failedRestores += 1;
    show({ status: 'loading', failure: failure as Failure, retryAt: now() + pause });
    cancelTimer();
    cancelTimer = after(pause, () => void restore());
  };

  // Beginning and ending

  /** Runs a call that logs somebody in. */
  const begin = <Value, Code extends string>(
    call: () => Promise<Result<{ issued: Issued<User> & { user: User }; value: Value }, Failure<Code>>>,
  ): Promise<Result<Value, Failure<Code>>> => {
    listen();
    return turn.take(async () => {
      const result = await call();
      if (!result.ok) return result;
      keep(result.value.issued, stamp());
      return ok(result.value.value);
    }) as Promise<Result<Value, Failure<Code>>>;
  };

  const leaving = (is: boolean) => {
    try {
      if (is) storage?.setItem(leavingMark, '1');
      else storage?.removeItem(leavingMark);
    } catch {
      // Storage is full or forbidden: a log-out that the server has not heard of is then not repeated after a reload.
    }
  };
  const isLeaving = (): boolean => {
    try {
      return storage?.getItem(leavingMark) === '1';
    } catch {
      return false;
    }
  };

  /** Nobody is logged in here from this moment on, whatever becomes of the call. */
  const logout = async (): Promise<Result<undefined, Failure>> => {
    listen();
    const token = held?.token;
    leaving(true);
    end('logged_out');
    return finishLeaving(token);
  };

  /** A log-out that did not get through is repeated before anything else: the cookie, which no script can delete, is still there. */
  const finishLeaving = async (token?: string): Promise<Result<undefined, Failure>> => {
    const at = changedAt;
    const result = await turn.take(async () => (changedAt === at ? door.logOut(token) : ok(undefined)));
    if (!result?.ok) return result as Result<undefined, Failure>;
    if (changedAt === at) leaving(false);
    return ok(undefined);
  };

  let started: Promise<void> | undefined;

  return {
    getState: () => state,
    subscribe: (listener: () => void) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    /** Finds out who is logged in. Once, however often it is called; what it gives is who is logged in by then. */
    start: async () => {
      started ??= (async () => {
        listen();
        if (isLeaving()) {
          show({ status: 'logged_out' });
          await finishLeaving();
        } else await restore();
      })();
      await started;
      return state;
    },
    authorized,
    accessToken,
    begin,
    logout,
    /** The server has just ended the session, by a call that was made to do so. */
    end,
    setUser,
    reloadUser,
    /** Sends with what there is, for the application's own calls. */
    credentials: (method: string) => door.credentials(held?.token, method),
    prepared,
    refresh,
    version: () => changedAt,
    close: () => {
      cancelTimer();
      stopListening();
      channel?.close();
      channel = undefined;
      listeners.clear();
    },
  };
};

const isTrouble = (failure: Failure<string>): failure is Failure =>
  ['network', 'unavailable', 'rate_limited', 'unexpected'].includes(failure.code);

/** What the server asks for, or twice as long each time, up to half a minute; with jitter. */
const pauseAfter = (failed: number, { retryAfterSeconds }: { retryAfterSeconds?: number | undefined }): number =>
  Math.max((retryAfterSeconds ?? 0) * 1000, Math.min(30_000, 1000 * 2 ** failed)) * (1 + Math.random() / 4);
