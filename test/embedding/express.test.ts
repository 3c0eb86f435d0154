import { embeddingJourneys } from './journeys.ts';

embeddingJourneys('express');
