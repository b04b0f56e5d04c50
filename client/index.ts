/** Outcome Mesh's SDK. */
export { createClient, type Client, type ClientOptions } from "./client.ts";
export { DomainSecretError } from "./domain-secret-error.ts";
export type { DomainSummary, GatewayOptions } from "./gateway.ts";
export type { PrivateQueryInput } from "./private-query.ts";
export { ProblemError, ProtocolError } from "./problem-error.ts";
export { ProfileError } from "./profile-error.ts";
export { QueryRun } from "./query-run.ts";
export { synthesisSchema, synthesize, type Synthesis } from "./synthesis/index.ts";
export type {
  CompiledDomain,
  Domain,
  OriginReport,
  Profile,
  QueryEvent,
  QueryInput,
  QueryResponse,
  RankedResult,
  RouteInput,
  RouteResponse,
} from "../protocol/index.ts";
