import fc from 'fast-check';
import { expect, test } from 'vitest';
import { languageOf } from '../../packages/server/src/http/language.ts';
import { startServer } from '../server.ts';

const en = 'authorization header required';
const ja = 'Authorization ヘッダーが必要です';

test('the text is in the language with the highest weight of those that there are, and English without a wish', async () => {
  const server = await startServer();
  const wishes: [header: string, text: string][] = [
    ['', en],
    ['ja', ja],
    ['JA-jp', ja],
    ['ja;q=0.8, en;q=0.9', en],
    ['en;q=0.8, ja;q=0.9', ja],
    ['fr-FR, ja;q=0.5, en;q=0.4', ja],
    ['fr, de', en],
    ['*', en],
    ['*;q=0.1, ja;q=0.05', en],
    ['ja, en', ja],
    ['en, ja', en],
    ['ja;q=0', en],
    ['ja;q=2', en],
    ['ja; q=0.7', ja],
    ['jam, en', en],
    [`${'x-klingon,'.repeat(1000)}ja`, en],
  ];
  for (const [header, text] of wishes) {
    const answer = await server.call('GET', '/api/v1/me', { headers: { 'accept-language': header } });
    expect(answer.body.error.message, header.slice(0, 50)).toBe(text);
    expect(answer.body.error.code).toBe('UNAUTHORIZED');
  }
  expect((await server.call('GET', '/api/v1/me')).body.error.message).toBe(en);
});

test('whatever the header, there is a language', () => {
  const part = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('ja', 'en', ';q=', ';q=1', ',', '*', '-', ';'));
  fc.assert(
    fc.property(fc.array(part), (parts) => {
      expect(['en', 'ja']).toContain(languageOf(parts.join(''), 'en'));
    }),
  );
  expect(languageOf(undefined, 'ja')).toBe('ja');
});
