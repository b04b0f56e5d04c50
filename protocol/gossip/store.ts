/**
 * What gossip needs of a set of statements. A node keeps whole statements; a simulation of 10,000 nodes keeps
 * numbers that stand for them. Gossip itself never looks into a statement.
 */

export interface GossipItem<S> {
  /** 8 bytes as base64url. */
  readonly hash: string;
  /** Of the statement's JSON, about. */
  readonly bytes: number;
  readonly statement: S;
}

export interface GossipStore<S> {
  /** Equal for equal sets; see digest.ts. */
  digest(): string;
  /** Of each of the 256 buckets. */
  bucketDigests(): readonly string[];
  /** All statements of a bucket. */
  bucket(index: number): readonly GossipItem<S>[];
}
