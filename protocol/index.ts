/** The protocol's public names. The other folders import from here; deeper paths are its own business. */
export { compareText, fromBase64Url, toBase64Url, utf8Bytes } from "./bytes.ts";
export {
  NO_PREVIOUS,
  auditEntrySchema,
  commitTo,
  decisionSchema,
  entryBytes,
  entryHash,
  type AuditEntry,
  type AuditNote,
  type Decision,
  type QueryEntry,
} from "./audit/entry.ts";
export {
  isReceiptFor,
  proofSchema,
  receiptFault,
  receiptNode,
  receiptSchema,
  type Receipt,
  type ReceiptFault,
} from "./audit/receipt.ts";
export {
  Frontier,
  completedNodes,
  consistencyProof,
  inclusionProof,
  leafHash,
  nodeCount,
  nodeHash,
  nodePosition,
  rootOf,
  verifyConsistency,
  verifyInclusion,
  type ReadNode,
} from "./merkle/index.ts";
export {
  compileDomain,
  ontologiesOf,
  type CompileOptions,
  type CompiledDomain,
} from "./domain/compile.ts";
export {
  DOMAIN_KEY_PATH,
  commitmentTo,
  domainSecretFrom,
  domainSecretSchema,
  domainSecretsSchema,
  secretFor,
  type DomainSecret,
} from "./domain/key.ts";
export {
  encodeProfile,
  profileSchema,
  type CheckedProfile,
  type EncodedProfile,
  type Profile,
} from "./domain/profile.ts";
export {
  checkRecord,
  recordSchema,
  type CheckedRecord,
  type OutcomeRecord,
} from "./domain/record.ts";
export {
  DOMAIN_MAX_BYTES,
  canonicalBytes,
  domainIdOf,
  domainSchema,
  parseDomain,
  signatureSettingsSchema,
  type Domain,
} from "./domain/schema.ts";
export {
  checkValues,
  valueFieldSchema,
  valueFieldsSchema,
  valuesSchema,
  type Value,
  type ValueField,
} from "./domain/values.ts";
export {
  ORIGIN_QUERY_PATH,
  askOriginOverHttp,
  type AskOriginOptions,
  type OriginTarget,
} from "./http/ask-origin.ts";
export { parseBody, parseJsonBody, readBytes, readJson, readRequestBody } from "./http/body.ts";
export {
  callPolicy,
  isLoopback,
  isPublicAddress,
  type CallPolicy,
  type CallPolicyOptions,
} from "./http/call-policy.ts";
export { endpointSchema } from "./http/endpoint.ts";
export {
  CLOCK_SKEW_S,
  REQUEST_HEADERS,
  REQUEST_MAX_AGE_S,
  contentDigest,
  signRequest,
  verifyRequest,
  type ReceivedRequest,
  type Sender,
  type SigningContext,
  type VerificationContext,
} from "./http/message-signature.ts";
export {
  RESPONSE_HEADERS,
  signResponse,
  signedAnswerTo,
  verifyResponse,
  type AnsweredRequest,
  type ResponseSigning,
  type ResponseVerification,
} from "./http/response-signature.ts";
export { timeLimit, type TimeLimit } from "./http/time-limit.ts";
export { continueTrace, traceIdOf } from "./http/traceparent.ts";
export {
  PROBLEM_MEDIA_TYPE,
  Refusal,
  answerToError,
  problemCode,
  problemOf,
  problemResponse,
  problemSchema,
  type Problem,
  type ProblemCode,
  type ProblemDetails,
} from "./http/problem.ts";
export {
  contentId,
  domainIdSchema,
  meshIdSchema,
  nodeIdOf,
  nodeIdSchema,
  ontologyIdSchema,
  publicKeySchema,
  sealingKeySchema,
  type DomainId,
  type MeshId,
  type NodeId,
  type OntologyId,
  type PublicKey,
  type SealingKey,
} from "./ids.ts";
export {
  TreeIndex,
  type OriginRows,
  type IndexRow,
  type Lookup,
  type LookupOptions,
} from "./lookup/tree-index.ts";
export { capacityFor } from "./lookup/capacity.ts";
export { BUCKETS, BucketDigests } from "./gossip/digest.ts";
export { GossipExchange, answerGossip } from "./gossip/exchange.ts";
export {
  GOSSIP_HASHES_MAX,
  GOSSIP_STATEMENTS_MAX,
  GOSSIP_STATEMENT_BYTES_MAX,
  type GossipRequest,
  type GossipResponse,
  type HeldBucket,
} from "./gossip/messages.ts";
export { NEWS_MAX, NEWS_TELLINGS, News } from "./gossip/news.ts";
export { Pace } from "./gossip/pace.ts";
export { PEERS_PER_ROUND, choosePeers } from "./gossip/peers.ts";
export type { GossipItem, GossipStore } from "./gossip/store.ts";
export { admissionOf, type Admission } from "./membership/admission.ts";
export { provingStatements } from "./membership/proof.ts";
export { countStates, reportMembers } from "./membership/report.ts";
export {
  RENEW_MS,
  leavingDescriptor,
  renewedDescriptor,
  type OwnDescription,
} from "./membership/renewal.ts";
export { FORGET_MS, MembershipState, bucketOf } from "./membership/state.ts";
export {
  compareStatements,
  nameOf,
  signerOf,
  statementHash,
  statementSchema,
  subjectOf,
  toStatements,
  type Statement,
} from "./membership/statements.ts";
export {
  MEMBERS_MAX,
  VOTES_PER_VOTER_MAX,
  admissionWith,
  verifyStatements,
  type RefusedStatement,
  type StatementRefusal,
  type VerifiedStatements,
} from "./membership/verify.ts";
export {
  createView,
  type ExcludedMember,
  type Member,
  type MembershipView,
} from "./membership/view.ts";
export {
  GOSSIP_MAX_BYTES,
  gossipRequestSchema,
  gossipResponseSchema,
  type GossipRequestMessage,
  type GossipResponseMessage,
} from "./messages/gossip.ts";
export {
  PROVING_STATEMENTS_MAX,
  givenMembersSchema,
  holdingsSchema,
  type HeldDomains,
  joinRequestSchema,
  joinResponseSchema,
  membersSchema,
  type JoinRequest,
  type JoinResponse,
  type Members,
} from "./messages/membership.ts";
export {
  ANSWER_MAX_BYTES,
  BATCH_MAX_ENTRIES,
  DEADLINE_MAX_MS,
  K_MAX,
  LOOKUP_RESPONSE_MAX_BYTES,
  ORIGINS_MAX,
  REQUEST_MAX_BYTES,
} from "./messages/limits.ts";
export {
  gossipStatusSchema,
  memberReportSchema,
  memberStateSchema,
  nodeStatusSchema,
  peerStatusSchema,
  shardStatusSchema,
  type GossipStatus,
  type MemberReport,
  type MemberState,
  type NodeStatus,
  type PeerStatus,
  type ShardStatus,
} from "./messages/node-status.ts";
export {
  entryBytesSchema,
  lookupRequestSchema,
  lookupResponseSchema,
  publishRequestSchema,
  publishResponseSchema,
  refusalReasonSchema,
  symbolsSchema,
  type LookupRequest,
  type LookupResponse,
  type PublishRequest,
  type PublishResponse,
  type RefusalReason,
} from "./messages/peer.ts";
export {
  coverageSchema,
  originQuerySchema,
  purposeSchema,
  originReportSchema,
  originStatusSchema,
  queryEventSchema,
  queryRequestSchema,
  querySettingsSchema,
  queryResponseSchema,
  rankedResultSchema,
  routeRequestSchema,
  routeResponseSchema,
  routingCostSchema,
  routingCoverageSchema,
  type OriginQuery,
  type OriginReport,
  type OriginStatus,
  type QueryEvent,
  type QueryInput,
  type QueryRequest,
  type QuerySettings,
  type QueryResponse,
  type RankedResult,
  type RouteInput,
  type RouteRequest,
  type RouteResponse,
} from "./messages/query.ts";
export { compileOboGraphs } from "./ontology/obo-graphs.ts";
export {
  decodeOntology,
  encodeOntology,
  type Ontology,
  type OntologySource,
} from "./ontology/ontology.ts";
export { lookupBudget, originBudget } from "./routing/budget.ts";
export type {
  AskLimits,
  LookupOutcome,
  LookupReport,
  LookupTask,
  NodeAnswer,
} from "./routing/lookup-task.ts";
export { PeerHealth, peerHealthSchema, type PeerHealthReport } from "./routing/peer-health.ts";
export { runLookup } from "./routing/run-lookup.ts";
export { withholders, type LookupAnswer, type ProvenEntry } from "./routing/withheld.ts";
export { coverSlots, type Cover, type CoverChoice } from "./placement/cover.ts";
export { createPlacement, type Placeable, type Placement } from "./placement/placement.ts";
export {
  askOrigins,
  type AskOptions,
  type AskedOrigin,
  type OriginCandidate,
  type OriginOutcome,
} from "./query/ask-origins.ts";
export { kthSimilarity, rankResults, summarize, type QueryOutcome } from "./query/ranking.ts";
export { err, issueSchema, issuesOf, ok, type Issue, type Result } from "./result.ts";
export {
  ANSWER_NONCE_BYTES,
  SEALED_ANSWER_CONTENT_MAX_BYTES,
  SEALED_MEDIA_TYPE,
  SEALED_QUERY_CONTENT_MAX_BYTES,
  openQuery,
  openSealingKey,
  sealQuery,
  sealingKeyId,
  type AnswerContent,
  type AnswerOpener,
  type AnswerSealer,
  type OpenedQuery,
  type OpenError,
  type SealedQuery,
  type SealingContext,
  type SealingKeyPair,
} from "./sealed/index.ts";
export { planRouting, shareOut, type RoutingPlan } from "./signature/plan.ts";
export { randomise } from "./signature/randomise.ts";
export { SLOTS, rootKeyOf, slotOf, slotsOf, treesOf } from "./signature/root-keys.ts";
export {
  estimate,
  estimateAt,
  estimateDeviation,
  queryWeight,
  signatureOf,
  similarity,
  type Similarity,
} from "./signature/signature.ts";
export {
  encodeCheckpoint,
  signCheckpoint,
  signedCheckpointSchema,
  verifyCheckpoint,
  type Checkpoint,
  type SignedCheckpoint,
} from "./signed/checkpoint.ts";
export {
  aggregateCellSchema,
  aggregateSchema,
  RESULTS_MAX,
  answerDigest,
  answerSchema,
  resultSchema,
  signAnswer,
  signedAnswerSchema,
  verifyAnswer,
  type Answer,
  type Aggregate,
  type AggregateCell,
  type OutcomeResult,
  type SignedAnswer,
} from "./signed/answer.ts";
export {
  admissionSchema,
  charterSchema,
  charterStatementSchema,
  encodeCharter,
  meshIdOf,
  signCharter,
  thresholdOf,
  verifyCharter,
  type Admission as AdmissionRule,
  type Charter,
  type CharterStatement,
} from "./signed/charter.ts";
export {
  charterDraftSchema,
  checkDraft,
  completeDraft,
  draftCharter,
  mergeDrafts,
  signDraft,
  type CharterDraft,
  type DraftFault,
} from "./signed/charter-draft.ts";
export {
  DELEGATION_MS,
  delegationSchema,
  signDelegation,
  verifyDelegation,
  type Delegation,
} from "./signed/delegation.ts";
export {
  DESCRIPTOR_MAX_DOMAINS,
  LEASE_MS,
  descriptorSchema,
  descriptorStatementSchema,
  ENDED_LEASE_MS,
  encodeDescriptor,
  hasLeft,
  nodeOf,
  signDescriptor,
  verifyDescriptor,
  type Descriptor,
  type DescriptorStatement,
} from "./signed/descriptor.ts";
export {
  SIGNATURE_BYTES,
  isSoundPublicKey,
  openIdentity,
  secretKeyFrom,
  secretKeySchema,
  verifySignature,
  type Identity,
  type SecretKey,
} from "./signed/ed25519.ts";
export {
  areContradictory,
  equivocationSchema,
  findEquivocation,
  verifyEquivocation,
  type Equivocation,
} from "./signed/equivocation.ts";
export {
  INVITATION_MAX_MS,
  INVITATION_MS,
  INVITATION_STATEMENTS_MAX,
  checkInvitation,
  invitationSchema,
  signInvitation,
  type CheckedInvitation,
  type Invitation,
  type InvitationFault,
  type InvitationStatement,
} from "./signed/invitation.ts";
export {
  encodeVote,
  signVote,
  verdictSchema,
  verifyVote,
  voteSchema,
  type Verdict,
  type Vote,
} from "./signed/vote.ts";
export {
  ENTRY_MAX_BYTES,
  decodeEntry,
  encodeEntry,
  ENTRY_HEADER_BYTES,
  ENTRY_ORIGIN_BYTES,
  entryKeyOf,
  isTombstone,
  signEntry,
  verifyEntry,
  type Entry,
  type EntryBytes,
} from "./signed/entry.ts";
export { coarsenProfile, encodeKnown, typicalProfile } from "./domain/coarsen.ts";
export {
  MISSING,
  SYMBOL_VALUES,
  triangular,
  type Feature,
  type FeatureValue,
} from "./features/index.ts";
export { JSON_MAX_DEPTH, parseJson } from "./json.ts";
export {
  MemberGuard,
  rateLimitHeaders,
  requireAdmitted,
  type Floors,
  type GuardedRequest,
  type Quota,
  type GuardVerdict,
} from "./http/member-guard.ts";
export { prfStream, toUnit } from "./prf.ts";
export {
  CONNECTIONS_MAX,
  queryOrigins,
  ROUTING_SHARE,
  type FoundOrigin,
  type QueryOriginsOptions,
} from "./query/query-origins.ts";
export {
  signedFetch,
  type Caller,
  type Fetch,
  type FetchFailure,
  type FetchOutcome,
  type OutgoingRequest,
  type PeerResponse,
} from "./http/signed-fetch.ts";
export {
  callPeer,
  tellPeer,
  type PeerAnswer,
  type PeerCall,
  type PeerFailure,
  type PeerTarget,
} from "./http/call-peer.ts";
export {
  combineDigests,
  compareVersions,
  EMPTY_DIGEST,
  equalDigests,
  itemHash,
  xorDigests,
  type Digest,
  type Item,
} from "./repair/digest.ts";
export {
  Holdings,
  PENDING_ROUNDS_MAX,
  type HoldingsChange,
  type HoldingsState,
  type Reconciliation,
  type SlotRange,
  type SlotState,
} from "./repair/holdings.ts";
export { ItemTable, newerItems, type SlotItem } from "./repair/item-table.ts";
export {
  decodeDigest,
  decodeItems,
  decodeSlotDigests,
  decodeSlotKeys,
  decodeSlots,
  digestsRequestSchema,
  digestsResponseSchema,
  encodeDigest,
  encodeItems,
  encodeSlotDigests,
  encodeSlotKeys,
  encodeSlots,
  entriesRequestSchema,
  entriesResponseSchema,
  itemsRequestSchema,
  itemsResponseSchema,
  REPAIR_ITEMS_MAX,
  REPAIR_RESPONSE_MAX_BYTES,
  nodeRepairSchema,
  REPAIR_SLOTS_MAX,
  type DigestsRequest,
  type DigestsResponse,
  type ItemsRequest,
  type ItemsResponse,
  type NodeRepair,
  type SlotKey,
} from "./messages/repair.ts";
export {
  LINKED_ORIGIN_PATH,
  LINK_CLOSE,
  LINK_PING,
  LINK_PING_MS,
  LINK_PONG,
  LINK_SILENCE_MS,
  ORIGIN_LINK_PATH,
  linkBackoff,
  linkStatusSchema,
  linkTimeout,
  linkedOriginUrl,
  type LinkStatus,
} from "./link/link.ts";
export { Assembler, FRAME_MAX_BYTES, decodeFrame, toFrames, type LinkId } from "./link/frames.ts";
export {
  LINK_IN_FLIGHT_MAX,
  LINK_MESSAGE_MAX_BYTES,
  decodeLinkMessage,
  encodeLinkMessage,
  type LinkAnswerHead,
  type LinkMessage,
  type LinkRequestHead,
  type OutgoingLinkMessage,
} from "./link/messages.ts";
