import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { deriveKeys } from '../../packages/server/src/adapters/derived-keys.ts';
import { createConnectionFlows } from '../../packages/server/src/adapters/flow-seal.ts';
import { startServerProcess, temporaryFolder } from '../server-process.ts';
import { githubClient } from './github-server.ts';
import { openidClient } from './openid-server.ts';
import { ada, octocat, startProviders, visit } from './people.ts';

// The real server as an operator runs it, told to write down everything, while people log in through providers, well and
// badly. Then the log is searched for what only the person's browser, the provider or the server may know.

const secret = 'kN3v7Xq1T9sZ4bR8wL2yH6mC0pD5gJfA';

test('nothing of a code, state, verifier, nonce or provider token in any log, nor the cookie, nor a client’s secret', async () => {
  const { settings, ...providers } = await startProviders();
  const dataDir = await temporaryFolder();
  const server = await startServerProcess({
    ...settings,
    TEGATA_DATA_DIR: dataDir,
    TEGATA_SECRET: secret,
    TEGATA_RATE_LIMITS: 'off',
    TEGATA_PROVIDER_TIMEOUT: '1s',
    LOG_LEVEL: 'trace',
  });
  providers.google.people.set('ada', ada);
  providers.company.people.set('ada', ada);
  providers.company.people.set('unverified', { email: 'canary.address@example.com', email_verified: false });
  providers.github.people.set('ada', octocat('ada@example.com'));

  const flows = createConnectionFlows(deriveKeys([secret]).ring('oauth-flow'));
  const secrets: string[] = [openidClient.secret, githubClient.secret];
  const post = (provider: string, body: object, cookie: string) =>
    fetch(`${server.url}/api/v1/auth/oauth/${provider}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', cookie },
      body: JSON.stringify(body),
    });
  const begin = async (provider: 'google' | 'company' | 'github', login: string) => {
    const begun = await fetch(
      `${server.url}/api/v1/auth/oauth/${provider}/authorize?redirect_to=https://app.example.com/callback`,
    );
    const [cookie = ''] = (begun.headers.getSetCookie()[0] ?? '').split(';');
    const flow = flows.open(cookie.slice('tegata_oauth='.length));
    if (!flow) throw new Error('the cookie holds no flow');
    const { data } = (await begun.json()) as { data: { url: string } };
    const answer = await visit(providers, provider, login, data.url);
    secrets.push(cookie.slice('tegata_oauth='.length), flow.state, flow.nonce, flow.codeVerifier, answer.code as string);
    return { cookie, answer };
  };

  const statuses: number[] = [];
  for (const provider of ['google', 'company', 'github'] as const) {
    const first = await begin(provider, 'ada');
    const second = await begin(provider, 'ada');
    const mixed = { ...first.answer, code: second.answer.code };
    statuses.push((await post(provider, { ...first.answer, state: `${first.answer.state}x` }, first.cookie)).status);
    statuses.push((await post(provider, mixed, first.cookie)).status);
    statuses.push((await post(provider, second.answer, second.cookie)).status);
    statuses.push((await post(provider, second.answer, second.cookie)).status);
    // What is put where it does not belong.
    statuses.push(
      (await fetch(`${server.url}/api/v1/auth/oauth/${second.answer.code}/authorize?code=${second.answer.code}`)).status,
    );
  }
  statuses.push(
    (await post('company', ...((each) => [each.answer, each.cookie] as const)(await begin('company', 'unverified')))).status,
  );
  const paths = { google: '/token', company: '/me', github: '/api/v3/user' } as const;
  for (const [provider, path] of Object.entries(paths) as [keyof typeof paths, string][]) {
    for (const fault of ['status 500', 'silence'] as const) {
      const { cookie, answer } = await begin(provider, 'ada');
      providers[provider].fails(path, fault);
      statuses.push((await post(provider, answer, cookie)).status);
      providers[provider].fails(path, undefined);
    }
  }
  expect(statuses).toEqual([...Array(3).fill([400, 400, 200, 400, 400]).flat(), 400, ...Array(6).fill(503)]);
  secrets.push(...providers.google.issued, ...providers.company.issued, ...providers.github.issued());

  const files = (await readdir(dataDir, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  const stored = Buffer.concat(await Promise.all(files.map((file) => readFile(join(file.parentPath, file.name))))).toString(
    'latin1',
  );
  const { stdout, stderr } = await server.stop();
  const log = stdout + stderr;
  expect(secrets.length).toBeGreaterThan(70);
  const hitsIn = (text: string) => secrets.filter((each) => text.includes(each) || text.includes(encodeURIComponent(each)));
  expect(hitsIn(log)).toEqual([]);
  expect(hitsIn(stored)).toEqual([]);
  for (const address of ['ada@example.com', 'canary.address@example.com']) expect(log).not.toContain(address);

  // It did write, and an operator can tell from it what was wrong with which provider.
  const lines = log
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line));
  const reasons = lines.filter(({ msg }) => msg === 'unavailable').map(({ reason }) => reason);
  expect(reasons).toHaveLength(6);
  for (const provider of ['google', 'company', 'github']) expect(reasons).toContain(`provider ${provider}, identity: status 500`);
  expect(reasons.filter((reason) => /timeout/i.test(reason))).toHaveLength(3);
  for (const reason of reasons) expect(reason).toMatch(/^provider (google|company|github), identity: [\w ,-]+$/);
  expect(lines.filter(({ level }) => level === 'error')).toEqual([]);
}, 90_000);
