export { type FinishConnectionReason, finishConnectionReasons } from './connection-reasons.ts';
export { type Endpoint, endpoint } from './endpoint.ts';
export { type EndpointName, endpoints } from './endpoints.ts';
export { type FailureCode, failureStatus, type InvalidRequestStatus } from './failures.ts';
export { type IssueKey, issueKey, issueTexts } from './issue-texts.ts';
export * from './schemas.ts';
export {
  introspectionSchema,
  revocationSchema,
  type ServiceEndpoint,
  serviceEndpoints,
} from './service-endpoints.ts';
