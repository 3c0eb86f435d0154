/**
 * A person at the provider's own pages, without a browser: follows redirects, keeps cookies, fills in the log-in form and
 * allows what is asked. Gives the address the person is sent back to.
 */
export const logInAt = async (authorizeUrl: string, login: string, choice: 'allow' | 'refuse' = 'allow'): Promise<URL> => {
  const start = new URL(authorizeUrl);
  const callback = start.searchParams.get('redirect_uri') ?? '';
  const jar = new Map<string, string>();
  let at = start;
  let form: URLSearchParams | undefined;
  for (let steps = 0; steps < 20; steps += 1) {
    const response = await fetch(at, {
      method: form ? 'POST' : 'GET',
      redirect: 'manual',
      headers: { cookie: [...jar].map(([name, value]) => `${name}=${value}`).join('; ') },
      ...(form ? { body: form } : {}),
    });
    for (const cookie of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
      if (value) jar.set(name, value);
      else jar.delete(name);
    }
    const page = await response.text();
    form = undefined;
    const location = response.headers.get('location');
    if (location) {
      at = new URL(location, at);
      if (at.href.startsWith(callback)) return at;
      continue;
    }
    const [, action] = /<form[^>]* action="([^"]+)"/.exec(page) ?? [];
    if (response.status !== 200 || !action) throw new Error(`the provider answered ${response.status}: ${page.slice(0, 300)}`);
    const [, prompt = ''] = /name="prompt" value="(\w+)"/.exec(page) ?? [];
    const [, cancel] = /href="([^"]+\/abort)"/.exec(page) ?? [];
    if (choice === 'refuse' && cancel) at = new URL(cancel, at);
    else {
      form = new URLSearchParams({ prompt, login, password: 'whatever' });
      at = new URL(action, at);
    }
  }
  throw new Error('the provider sent the person round in circles');
};
