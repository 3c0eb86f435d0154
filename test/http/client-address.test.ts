import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { addressBucket, createClientAddress } from '../../packages/server/src/http/client-address.ts';
import { rawRequest, sendRaw } from '../raw-http.ts';
import { type Answer, startServer, type TestServer } from '../server.ts';
import { loggedIn, logIn, registered } from '../standard/people.ts';
import { rows } from '../standard/stored.ts';

const proxy = '10.0.0.1';
const behindProxies = createClientAddress(['10.0.0.0/8', '2001:db8:aaaa::/48', '192.0.2.1']);

const notAddresses = [
  ...['', ' ', 'unknown', '_hidden', 'localhost', 'proxy.internal', '203.0.113.7:4711', '[2001:db8::7]', '[2001:db8::7]:4711'],
  ...['203.0.113', '203.0.113.256', '203.0.113.7.8', '0x7f.1', '127.1', '2130706433', '0177.0.0.1', '10', '-1', '1e3', '/24'],
  ...['203.0.113.7/32', 'fe80::1%eth0', '2001:db8:::1', '::ffff:999.1.1.1', '203.0.113.7\u0000', "' or 1=1 --", '<script>'],
];

describe('who is calling', () => {
  test('is the socket, whatever a header says, unless the socket is a trusted proxy', () => {
    const trustingNobody = createClientAddress([]);
    for (const header of [undefined, '', '203.0.113.7', '127.0.0.1', '::1', '203.0.113.7, 10.0.0.1', ...notAddresses]) {
      expect(trustingNobody('198.51.100.1', header)).toBe('198.51.100.1');
      expect(behindProxies('198.51.100.1', header)).toBe('198.51.100.1');
    }
  });

  test('is the nearest hop that is no trusted proxy, read from the right', () => {
    expect(behindProxies(proxy, '203.0.113.7')).toBe('203.0.113.7');
    expect(behindProxies(proxy, '1.1.1.1, 203.0.113.7')).toBe('203.0.113.7');
    expect(behindProxies(proxy, '1.1.1.1,203.0.113.7 , 10.9.9.9,192.0.2.1')).toBe('203.0.113.7');
    expect(behindProxies(proxy, '203.0.113.7, 192.0.2.2, 10.9.9.9')).toBe('192.0.2.2');
    expect(behindProxies('2001:db8:aaaa::1', '2001:db8::7, 2001:db8:aaaa:1::2')).toBe('2001:db8::7');
    expect(behindProxies('::ffff:10.0.0.1', '::ffff:203.0.113.7')).toBe('203.0.113.7');
  });

  test('is the farthest proxy when every hop is one, and the proxy when it says nothing', () => {
    expect(behindProxies(proxy, '10.1.1.1, 10.2.2.2')).toBe('10.1.1.1');
    expect(behindProxies(proxy, undefined)).toBe(proxy);
    expect(behindProxies(proxy, '')).toBe(proxy);
  });

  test('what cannot be read ends the walk at the hop that was told', () => {
    for (const text of notAddresses) {
      expect(behindProxies(proxy, text), text).toBe(proxy);
      expect(behindProxies(proxy, `203.0.113.7, ${text}`), text).toBe(proxy);
      expect(behindProxies(proxy, `${text}, 203.0.113.7`), text).toBe('203.0.113.7');
      expect(behindProxies(proxy, `203.0.113.7, ${text}, 10.9.9.9`), text).toBe('10.9.9.9');
    }
  });

  test('whatever the caller writes to the left changes nothing', () => {
    const left = fc.array(fc.oneof(fc.string({ unit: 'binary' }), fc.ipV4(), fc.ipV6(), fc.constantFrom(...notAddresses)));
    fc.assert(
      fc.property(left, fc.ipV4(), (forged, real) => {
        const expected = behindProxies(proxy, real);
        fc.pre(expected === real && !/^(10|192\.0\.2\.1$)/.test(real));
        expect(behindProxies(proxy, [...forged, real].join(','))).toBe(real);
      }),
    );
  });

  test('nothing at all is nobody, not an error', () => {
    expect(behindProxies(undefined, '203.0.113.7')).toBeNull();
    expect(behindProxies('', undefined)).toBeNull();
  });
});

describe('the bucket of limits', () => {
  test('is the address itself, and for IPv6 the /64 of it, in one spelling', () => {
    expect(addressBucket('203.0.113.7')).toBe('203.0.113.7');
    expect(addressBucket('::ffff:203.0.113.7')).toBe('203.0.113.7');
    const one = addressBucket('2001:db8:1:2::1');
    for (const same of ['2001:db8:1:2:ffff:ffff:ffff:ffff', '2001:0DB8:0001:0002::', '2001:db8:1:2:0:0:0:9']) {
      expect(addressBucket(same)).toBe(one);
    }
    for (const other of ['2001:db8:1:3::1', '2001:db8:1::1', '::1', '2001:db8::1:2:0:1'])
      expect(addressBucket(other)).not.toBe(one);
    expect(addressBucket(null)).toBe('unknown');
  });

  test('is the same for two IPv6 addresses exactly when their first 64 bits are', () => {
    const half = fc.array(fc.integer({ min: 0, max: 0xffff }), { minLength: 4, maxLength: 4 });
    const text = (parts: number[]) => parts.map((part) => part.toString(16)).join(':');
    fc.assert(
      fc.property(half, half, half, half, (network, other, host, otherHost) => {
        // An IPv4-mapped address counts as the IPv4 one that it is.
        fc.pre(network.some((part) => part !== 0));
        const bucket = addressBucket(text([...network, ...host]));
        expect(addressBucket(text([...network, ...otherHost]))).toBe(bucket);
        expect(addressBucket(text([...other, ...host])) === bucket).toBe(text(other) === text(network));
      }),
    );
  });
});

describe('over HTTP', () => {
  const settings = { TEGATA_RATE_LIMITS: 'on', TEGATA_TRUSTED_PROXIES: '127.0.0.1, 10.0.0.0/8' };
  const path = '/api/v1/auth/password/forgot';
  const forgotFrom = (server: TestServer, forwardedFor: string): Promise<Answer> =>
    server.call('POST', path, { body: {}, headers: { 'x-forwarded-for': forwardedFor } });

  test('without a trusted proxy the header gives nobody fresh limits', async () => {
    const server = await startServer({ TEGATA_RATE_LIMITS: 'on' });
    for (let each = 0; each < 5; each += 1) expect((await forgotFrom(server, `203.0.113.${each}`)).status).toBe(400);
    for (const header of ['203.0.113.99', '127.0.0.1', '::1', 'unknown']) {
      expect((await forgotFrom(server, header)).status, header).toBe(429);
    }
  });

  test('behind one, hops that the caller invents give none either', async () => {
    const server = await startServer(settings);
    for (let each = 0; each < 5; each += 1) {
      expect((await forgotFrom(server, `192.0.2.${each}, 203.0.113.7, 10.0.0.${each}`)).status).toBe(400);
    }
    for (const header of ['203.0.113.7', '1.2.3.4, 203.0.113.7', 'garbage, 203.0.113.7,10.1.1.1', '::ffff:203.0.113.7']) {
      expect((await forgotFrom(server, header)).status, header).toBe(429);
    }
    expect((await forgotFrom(server, '203.0.113.7, 203.0.113.8')).status).toBe(400);
  });

  test('several header lines are one list', async () => {
    const server = await startServer(settings);
    const send = async (...lines: string[]) => {
      const headers = ['Content-Type: application/json', 'Content-Length: 2', ...lines.map((line) => `X-Forwarded-For: ${line}`)];
      return (await sendRaw(server, rawRequest(`POST ${path}`, headers, '{}')))[0]?.status;
    };
    for (let each = 0; each < 5; each += 1) expect(await send(`192.0.2.${each}`, '203.0.113.7')).toBe(400);
    expect(await send('192.0.2.77', '203.0.113.7')).toBe(429);
    expect(await send('203.0.113.7', '192.0.2.77')).toBe(400);
  });

  test('the addresses of one IPv6 network share their limits, the network beside it has its own', async () => {
    const server = await startServer(settings);
    for (let each = 0; each < 5; each += 1) expect((await forgotFrom(server, `2001:db8:1:2::${each}`)).status).toBe(400);
    expect((await forgotFrom(server, '2001:db8:1:2:aaaa:bbbb:cccc:dddd')).status).toBe(429);
    expect((await forgotFrom(server, '2001:db8:1:3::1')).status).toBe(400);
  });

  test('no other header is believed', async () => {
    const server = await startServer(settings);
    const names = ['x-real-ip', 'forwarded', 'true-client-ip', 'cf-connecting-ip', 'x-client-ip', 'client-ip'];
    const send = (name: string, value: string) => server.call('POST', path, { body: {}, headers: { [name]: value } });
    for (let each = 0; each < 5; each += 1) await send('x-forwarded-for', '203.0.113.7');
    for (const name of names) await send(name, name === 'forwarded' ? 'for=203.0.113.9' : '203.0.113.9');
    expect((await send('x-real-ip', '203.0.113.10')).status).toBe(429);
    expect((await forgotFrom(server, '203.0.113.9')).status).toBe(400);
  });

  test('the address is what the session list and the audit log show; nothing unreadable gets there', async () => {
    const server = await startServer({ ...settings, TEGATA_RATE_LIMITS: 'off' });
    await registered(server, 'ada@example.com');
    const from = (address: string) => logIn(server, 'ada@example.com', { headers: { 'x-forwarded-for': address } });
    for (const address of ['203.0.113.7', '2001:DB8:0::7', "1.1.1.1', 'x') --", 'not an address', 'x'.repeat(9000)]) {
      expect((await from(address)).status, address).toBe(200);
    }
    const { accessToken: token } = await loggedIn(server, 'ada@example.com');
    const { data } = (await server.call('GET', '/api/v1/auth/sessions', { token })).body;
    const shown = (data as { ip_address: string }[]).map(({ ip_address }) => ip_address).toSorted();
    expect(shown).toEqual(['127.0.0.1', '127.0.0.1', '127.0.0.1', '127.0.0.1', '2001:db8::7', '203.0.113.7']);
    const logged = rows(server, "select distinct ip_address from audit_events where type = 'session.started'");
    expect(logged.map(({ ip_address }) => ip_address).toSorted()).toEqual(['127.0.0.1', '2001:db8::7', '203.0.113.7']);
  });
});
