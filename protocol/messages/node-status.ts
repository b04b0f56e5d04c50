/** `GET /v1/node/status`: what a node's operator sees of it. Nothing in it is secret, or of anyone's records. */
import { z } from "zod";
import { meshIdSchema, nodeIdSchema, publicKeySchema } from "../ids.ts";

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

export const gossipStatusSchema = z.strictObject({
  /** Since the object last woke. */
  rounds: count,
  bytesSent: count,
  bytesReceived: count,
  /** When a peer last answered; absent where none did. */
  lastAt: time.optional(),
});
export type GossipStatus = z.infer<typeof gossipStatusSchema>;

export const shardStatusSchema = z.strictObject({
  shard: count,
  /** Statements by what they are: entries of live nodes, tombstones, entries of nodes that lapsed. */
  entries: z.strictObject({ live: count, tombstone: count, lapsed: count }),
  slots: z.strictObject({
    held: count,
    /** Newly held, and not reconciled yet. */
    pending: count,
    /** No longer this node's, and not yet acknowledged by those whose they are. */
    handingOff: count,
  }),
  /** Statements that other replicas have yet to take. */
  backlog: count,
  lastRepairAt: time.optional(),
});
export type ShardStatus = z.infer<typeof shardStatusSchema>;

export const peerStatusSchema = z.strictObject({
  node: nodeIdSchema,
  /** How the last gossip with it ended: `ok`, or why it failed. */
  gossip: z.string().optional(),
  lookups: z
    .strictObject({
      state: z.string(),
      p95Ms: z.number().optional(),
      failures: count,
      withheld: count,
    })
    .optional(),
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
      /** The first of them, where there are more than a thousand: live ones last. */
      members: z.array(memberReportSchema),
    })
    .optional(),
  gossip: gossipStatusSchema.optional(),
  shards: z.array(shardStatusSchema),
  peers: z.array(peerStatusSchema),
});
export type NodeStatus = z.infer<typeof nodeStatusSchema>;
