/** What requesters, gateways and origins say to each other. */
import { z } from "zod";
import { receiptSchema } from "../audit/receipt.ts";
import { profileSchema } from "../domain/profile.ts";
import { domainIdSchema, nodeIdSchema, meshIdSchema, publicKeySchema } from "../ids.ts";
import { issueSchema } from "../result.ts";
import { problemSchema } from "../http/problem.ts";
import { statementSchema } from "../membership/statements.ts";
import { aggregateSchema, resultSchema } from "../signed/answer.ts";
import { delegationSchema } from "../signed/delegation.ts";
import { descriptorSchema } from "../signed/descriptor.ts";
import { DEADLINE_MAX_MS, K_MAX, ORIGINS_MAX } from "./limits.ts";
import { symbolsSchema } from "./peer.ts";

const k = z.int().min(1).max(K_MAX);
/** What the answer is wanted for, as the requester declares it; an origin's policy may depend on it. */
export const purposeSchema = z
  .string()
  .regex(/^[a-z0-9-]{1,64}$/, "must be 1 to 64 characters of a-z, 0-9 and -");

const excludeGroups = z.array(z.string().min(1).max(256)).max(100);

/** The body of an origin's `POST /v1/outcomes/query`. */
export const originQuerySchema = z.strictObject({
  domain: domainIdSchema,
  profile: profileSchema,
  k,
  /** Leave out records of these groups, as an evaluation on own cases must. */
  excludeGroups: excludeGroups.optional(),
  purpose: purposeSchema.optional(),
});
export type OriginQuery = z.infer<typeof originQuerySchema>;

const budget = {
  /** Defaults to 24: with as many lookups it stays under 50 requests. */
  maxOrigins: z.int().min(1).max(ORIGINS_MAX).default(24),
  deadlineMs: z.int().min(100).max(DEADLINE_MAX_MS).default(10_000),
};

/** What a requester may set of a query; every setting has a default. */
export const querySettingsSchema = z.strictObject({
  k: k.default(10),
  ...budget,
  /** True: ask `maxOrigins` origins even where no more can improve the answer. */
  exhaustive: z.boolean().default(false),
  excludeGroups: excludeGroups.optional(),
  purpose: purposeSchema.optional(),
});
export type QuerySettings = z.infer<typeof querySettingsSchema>;

/** The body of the gateway's `POST /v1/query`. */
export const queryRequestSchema = z.strictObject({
  domain: domainIdSchema,
  profile: profileSchema,
  ...querySettingsSchema.shape,
});
export type QueryRequest = z.infer<typeof queryRequestSchema>;
export type QueryInput = z.input<typeof queryRequestSchema>;

/** The body of the gateway's `POST /v1/route`: a signature, and no profile. */
export const routeRequestSchema = z.strictObject({
  domain: domainIdSchema,
  signature: symbolsSchema,
  ...budget,
  /** A key of the client's own, that origins shall accept for this query. */
  delegate: publicKeySchema,
});
export type RouteRequest = z.infer<typeof routeRequestSchema>;
export type RouteInput = z.input<typeof routeRequestSchema>;

/** How much of the routing structure answered. */
export const routingCoverageSchema = z.strictObject({
  slotsAsked: z.int().min(0),
  slotsAnswered: z.int().min(0),
  /** Slots not answered because the query's budget of requests did not suffice to ask for them. */
  overBudget: z.int().min(0).default(0),
});

export const routingCostSchema = z.strictObject({
  /** HTTP requests to other nodes; the own node's shards are asked without. */
  lookupRequests: z.int().min(0),
  /** Of these, sent because another node took too long. */
  hedged: z.int().min(0).default(0),
  /** Of these, sent only so that no other node is believed alone. */
  confirmations: z.int().min(0).default(0),
  bytesSent: z.int().min(0),
  bytesReceived: z.int().min(0),
  rowsScanned: z.int().min(0),
  milliseconds: z.number().min(0),
});

export const routeResponseSchema = z.strictObject({
  mesh: meshIdSchema,
  /** Best first, with what is needed to call them and to check their answers. */
  origins: z.array(
    z.strictObject({
      node: nodeIdSchema,
      estimate: z.number(),
      descriptor: descriptorSchema,
    }),
  ),
  /** With the charter they prove that the origins, and the gateway, are members. */
  statements: z.array(statementSchema),
  delegation: delegationSchema,
  coverage: routingCoverageSchema,
  cost: routingCostSchema,
});
export type RouteResponse = z.infer<typeof routeResponseSchema>;

export const originStatusSchema = z.enum([
  /** Its results are in the ranking. */
  "answered",
  /** It said no: `problem` says why. */
  "refused",
  /** It did not answer within the deadline. */
  "timed-out",
  /** It could not be reached, or failed. */
  "unreachable",
  /** It answered, but not with a signed answer to this query. */
  "invalid",
  /** Not asked: it could no longer improve the ranking. */
  "not-needed",
  /** Not asked: `maxOrigins` was reached, or what the gateway may send for one query. */
  "over-limit",
]);
export type OriginStatus = z.infer<typeof originStatusSchema>;

export const originReportSchema = z.strictObject({
  node: nodeIdSchema,
  organisation: z.string(),
  /** Similarity of its best entry, estimated from signatures. */
  estimate: z.number(),
  status: originStatusSchema,
  results: z.int().min(0),
  /** Instead of results, where its policy gives no single ones. */
  aggregate: aggregateSchema.optional(),
  milliseconds: z.number().min(0),
  bytesSent: z.int().min(0),
  bytesReceived: z.int().min(0),
  problem: problemSchema.optional(),
  /** Proves that the origin logged the query and its answer; the gateway has verified it. */
  receipt: receiptSchema.optional(),
});
export type OriginReport = z.infer<typeof originReportSchema>;

export const rankedResultSchema = z.strictObject({
  ...resultSchema.shape,
  rank: z.int().min(1),
  node: nodeIdSchema,
  organisation: z.string(),
});
export type RankedResult = z.infer<typeof rankedResultSchema>;

export const coverageSchema = z.strictObject({
  ...routingCoverageSchema.shape,
  originsFound: z.int().min(0),
  originsAsked: z.int().min(0),
  originsAnswered: z.int().min(0),
  originsRefused: z.int().min(0),
  originsTimedOut: z.int().min(0),
  originsFailed: z.int().min(0),
  /**
   * The chance that no origin that was found and did not answer holds an outcome better than the k-th; absent where
   * fewer than k are known.
   */
  confidence: z.number().min(0).max(1).optional(),
});

/** The whole outcome of a query: what `POST /v1/query` answers, and the last event of its stream. */
export const queryResponseSchema = z.strictObject({
  domain: domainIdSchema,
  ranking: z.array(rankedResultSchema),
  /** Every origin found, in the order of asking. */
  origins: z.array(originReportSchema),
  coverage: coverageSchema,
  cost: z.strictObject({
    ...routingCostSchema.shape,
    originRequests: z.int().min(0),
  }),
  warnings: z.array(issueSchema),
});
export type QueryResponse = z.infer<typeof queryResponseSchema>;

/** A line of the NDJSON stream. */
export const queryEventSchema = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("route"),
    coverage: routingCoverageSchema,
    origins: z.array(
      z.strictObject({ node: nodeIdSchema, organisation: z.string(), estimate: z.number() }),
    ),
  }),
  z.strictObject({
    type: z.literal("origin"),
    origin: originReportSchema,
    results: z.array(resultSchema),
  }),
  z.strictObject({ type: z.literal("done"), response: queryResponseSchema }),
  z.strictObject({ type: z.literal("failed"), problem: problemSchema }),
]);
export type QueryEvent = z.infer<typeof queryEventSchema>;
