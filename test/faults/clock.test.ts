import { expect, test } from 'vitest';
import { figure } from '../scorecard/figure.ts';
import { startServer, type TestServer } from '../server.ts';
import { forgot, type LoggedIn, loggedIn, logIn, me, refresh, register, registered, tokenFor } from '../standard/people.ts';

// The system's clock is an hour ahead for a while, as after a wrong time zone or a stranded time server, and is set back.
// Decision 60 says what that may do.

const renewed = async (server: TestServer, session: LoggedIn): Promise<LoggedIn> => {
  const answer = await refresh(server, session.refreshCookie);
  expect(answer.status).toBe(200);
  const refreshCookie = (answer.cookies[0] as string).split(';')[0] as string;
  return { ...session, accessToken: answer.body.data.access_token, refreshCookie, answer };
};

test('the clock an hour on and back: no ended session lives again, no lock or mail is kept for ever, and nobody is left outside', async () => {
  const server = await startServer();
  const names = ['ada', 'grace', 'hedy', 'mary', 'joan', 'lynn'].map((name) => `${name}@example.com`);
  for (const email of names) await registered(server, email);
  const [ada, grace, hedy, mary, joan, lynn] = names as [string, string, string, string, string, string];
  let tried = 0;
  let revived = 0;
  const ended: LoggedIn[] = [];
  /** Neither of its tokens opens anything. */
  const expectStillEnded = async () => {
    for (const { accessToken, refreshCookie } of ended) {
      for (const { status } of [await me(server, accessToken), await refresh(server, refreshCookie)]) {
        tried += 1;
        if (status === 200) revived += 1;
      }
    }
  };
  const end = async (session: LoggedIn) => {
    expect((await server.call('POST', '/api/v1/auth/logout', { token: session.accessToken })).status).toBe(200);
    ended.push(session);
  };

  // Ended in every hour: before, while the clock is ahead, and after.
  const steady = await loggedIn(server, ada);
  await end(await loggedIn(server, ada));
  // Over by the clock, more than an hour ago.
  ended.push(await loggedIn(server, lynn));
  server.advance({ days: 7, hours: 2 });
  await expectStillEnded();
  const asleep = await loggedIn(server, grace);
  const stolen = await loggedIn(server, mary);

  server.advance({ hours: 1 });
  await expectStillEnded();
  await end(await loggedIn(server, grace));
  const awake = await loggedIn(server, hedy);
  const rotated = await renewed(server, stolen);
  expect((await me(server, rotated.accessToken)).status).toBe(200);
  for (let guesses = 0; guesses < 6; guesses += 1) await logIn(server, joan, { password: 'wrong password' });
  expect((await logIn(server, joan)).status).toBe(403);
  expect((await forgot(server, ada)).status).toBe(200);
  expect((await register(server, 'annie@example.com')).status).toBe(201);

  server.advance({ hours: -1 });
  await expectStillEnded();
  // Who slept through it notices nothing.
  const woken = await renewed(server, asleep);
  expect((await me(server, woken.accessToken)).status).toBe(200);
  expect((await me(server, steady.accessToken)).status).toBe(401);
  await end(await loggedIn(server, ada));
  // New people come in as ever, and a lock lasts no longer than it did by the clock that set it.
  expect((await loggedIn(server, hedy)).accessToken).toBeTruthy();
  expect((await logIn(server, joan)).status).toBe(403);

  // The hour has passed in truth: whatever was dated into it has come.
  server.advance({ hours: 1, minutes: 16 });
  await expectStillEnded();
  // A refresh token whose successor was used is theft again, and ends its session.
  expect((await refresh(server, stolen.refreshCookie)).status).toBe(401);
  ended.push(stolen, rotated);
  expect((await logIn(server, joan)).status).toBe(200);
  const again = await renewed(server, awake);
  expect((await me(server, again.accessToken)).status).toBe(200);
  expect(await tokenFor(server, ada, 'reset-password')).toBeTruthy();
  expect(await tokenFor(server, 'annie@example.com', 'verify-email')).toBeTruthy();
  server.advance({ hours: -1 });
  await expectStillEnded();

  figure({
    row: 'clock',
    part: 'an hour on and back',
    tried,
    failed: revived,
    detail:
      'sessions that were logged out, over or stolen, before, during and after; no lock or mail kept longer than the hour; log-ins served throughout',
    reached: revived === 0,
  });
  expect(revived).toBe(0);
});
