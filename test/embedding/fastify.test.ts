import { embeddingJourneys } from './journeys.ts';

embeddingJourneys('fastify');
