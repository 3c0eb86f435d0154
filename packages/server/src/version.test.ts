import { expect, test } from 'vitest';
import manifest from '../package.json' with { type: 'json' };
import { version } from './version.ts';

test('the version told in /openapi.json is the package’s', () => {
  expect(version).toBe(manifest.version);
});
