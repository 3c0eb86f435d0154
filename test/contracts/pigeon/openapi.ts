import { describePaths, schemaOf } from '../../../packages/server/src/http/openapi-operation.ts';
import { credentials, keeper, ring, squawk } from './schemas.ts';
import { texts } from './texts.ts';

const tag = 'Pigeon';

export const describePigeon = () => ({
  paths: describePaths(
    {
      pigeonNest: {
        method: 'POST',
        path: '/pigeon/nest',
        tag,
        summary: 'Register',
        body: credentials,
        success: { status: 201, schema: schemaOf(ring, 'output') },
        failures: [[409, texts.en.addressTaken]],
        limit: '3 a minute per IP address',
      },
      pigeonFly: {
        method: 'POST',
        path: '/pigeon/fly',
        tag,
        summary: 'Log in',
        body: credentials,
        success: { status: 200, schema: schemaOf(ring, 'output') },
        failures: [[401, texts.en.unknown]],
      },
      pigeonHome: {
        method: 'GET',
        path: '/pigeon/home',
        tag,
        summary: 'Who am I?',
        auth: ['access_token'],
        success: { status: 200, schema: schemaOf(keeper, 'output') },
        failures: [[401, texts.en.unknown]],
      },
    },
    'PigeonError',
  ),
  introduction: 'Contract `pigeon`: short messages.',
  schemas: { PigeonError: schemaOf(squawk, 'output') },
  tags: [{ name: tag, description: 'Post by air.' }],
});
