import { embeddingJourneys } from './journeys.ts';

embeddingJourneys('node-http');
