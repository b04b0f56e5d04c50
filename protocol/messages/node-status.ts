/** `GET /v1/node/status`: what a node's operator sees of it. Nothing in it is secret, or of anyone's records. */
import { z } from "zod";
import { meshIdSchema, nodeIdSchema, publicKeySchema } from "../ids.ts";
import { peerHealthSchema } from "../routing/peer-health.ts";

const count = z.int().min(0);
/** Milliseconds since 1970. */
const time = z.int().min(0);

export const memberStateSchema = z.enum([
  "live",
  /** Live, and about to leave: it holds no slots. */
  "draining",
  /** Said itself that it is gone. */
  "left",
  /** Its lease ran out. */
  "lapsed",
  /** Enough voters took its membership away. */
  "revoked",
  /** It signed two descriptors with one seq. */
  "excluded",
  /** Admitted, and not heard of yet. */
  "awaited",
  /** Some voted for it, not enough. */
  "candidate",
]);
export type MemberState = z.infer<typeof memberStateSchema>;

/** A member, former member, or member to be, as the node's view has it. */
export const memberReportSchema = z.strictObject({
  node: nodeIdSchema,
  key: publicKeySchema,
  state: memberStateSchema,
  isFounder: z.boolean(),
  /** From its latest descriptor, where it gave one. */
  described: z
    .strictObject({
      name: z.string(),
      meshUrl: z.string(),
      originUrl: z.string().optional(),
      domains: count,
      capacity: count,
      epoch: count,
      seq: count,
      expiresAt: time,
    })
    .optional(),
  /** Who voted for and against it, of those whose votes count. */
  admittedBy: z.array(publicKeySchema),
  revokedBy: z.array(publicKeySchema),
});
export type MemberReport = z.infer<typeof memberReportSchema>;

/** Since the Membership object last woke. */
export const gossipStatusSchema = z.strictObject({
  rounds: count,
  /** Peers that were called, and those of them that held the same in the end. */
  peers: count,
  inSync: count,
  requests: count,
  /** Statements that were new here. */
  learnt: count,
  /** Of bodies. */
  bytesSent: count,
  bytesReceived: count,
  /** Statements held. */
  statements: count,
  lastRoundAt: time.optional(),
  lastChangeAt: time.optional(),
});
export type GossipStatus = z.infer<typeof gossipStatusSchema>;

export const shardStatusSchema = z.strictObject({
  shard: count,
  /** Statements by what they are: entries of live nodes, tombstones, entries of nodes that lapsed. */
  entries: z.strictObject({ live: count, tombstones: count, lapsed: count }),
  slots: z.strictObject({
    held: count,
    /** Newly held, and not reconciled yet. */
    pending: count,
    /** No longer this node's, and not yet acknowledged by those whose they are. */
    handingOff: count,
  }),
  /** Slots and peers that the next rounds have yet to deal with. */
  backlog: count,
  /** Since the object last woke. */
  lastRepairAt: time.optional(),
});
export type ShardStatus = z.infer<typeof shardStatusSchema>;

export const peerStatusSchema = z.strictObject({
  node: nodeIdSchema,
  gossip: z
    .strictObject({
      lastSuccessAt: time.optional(),
      lastFailureAt: time.optional(),
      /** Why it failed last. */
      lastFailure: z.string().optional(),
      /** Since the last success. */
      failures: count,
      bytesSent: count,
      bytesReceived: count,
      /** How far its clock is ahead. */
      clockOffsetMs: z.number().optional(),
    })
    .optional(),
  /** As the isolate that answers has seen it; each has its own picture. */
  lookups: peerHealthSchema.omit({ node: true }).optional(),
});
export type PeerStatus = z.infer<typeof peerStatusSchema>;

export const nodeStatusSchema = z.strictObject({
  software: z.string(),
  mesh: meshIdSchema,
  node: nodeIdSchema,
  time,
  configuration: z.strictObject({
    name: z.string().optional(),
    meshUrl: z.string().optional(),
    originUrl: z.string().optional(),
    capacity: count.optional(),
    shards: count,
    gossipMs: z.number(),
    repairMs: z.number(),
    subrequestLimit: count,
    memberRate: count,
    allowedHosts: z.array(z.string()),
  }),
  /** Absent before the node was given its mesh's charter. */
  membership: z
    .strictObject({
      version: z.string(),
      name: z.string(),
      replicas: count,
      counts: z.partialRecord(memberStateSchema, count),
      members: z.array(memberReportSchema),
    })
    .optional(),
  gossip: gossipStatusSchema.optional(),
  shards: z.array(shardStatusSchema),
  /** Of a former SHARDS, that still have to move what they hold. */
  formerShards: count,
  peers: z.array(peerStatusSchema),
});
export type NodeStatus = z.infer<typeof nodeStatusSchema>;
