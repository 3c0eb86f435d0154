import { embeddingJourneys } from './journeys.ts';

embeddingJourneys('hono');
