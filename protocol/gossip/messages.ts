/** The two messages of gossip, over whatever stands for a statement, and their bounds. */
import type { GossipItem } from "./store.ts";

/** Statements in one message: a tenth of a second to verify. */
export const GOSSIP_STATEMENTS_MAX = 256;
/** Bytes of statements in one message: with the rest of it, it stays below a request's 1 MB. */
export const GOSSIP_STATEMENT_BYTES_MAX = 786_432;
/** Hashes in one message: those of 50 buckets of a mesh of 10,000 members. */
export const GOSSIP_HASHES_MAX = 8_192;

/** What one side holds of a bucket. */
export interface HeldBucket {
  readonly bucket: number;
  readonly hashes: readonly string[];
}

export interface GossipRequest<S> {
  /** Of all that the asker holds. */
  readonly digest: string;
  /** News, or what the other side wanted. */
  readonly statements: readonly S[];
  /** Of buckets that differ. */
  readonly held?: readonly HeldBucket[] | undefined;
}

export interface GossipResponse<S> {
  /** Of all that the answerer holds, with what the request brought. */
  readonly digest: string;
  /** News, or what the asker was found to lack. */
  readonly statements: readonly S[];
  /** The digest of each bucket, where the sets differ. */
  readonly buckets?: readonly string[] | undefined;
  /** Hashes of what the asker has and the answerer lacks. */
  readonly wants?: readonly string[] | undefined;
}

/** Statements for one message: as many as fit. */
export class Parcel<S> {
  readonly statements: S[] = [];
  #bytes = 0;

  /** False if it does not fit. */
  add({ statement, bytes }: GossipItem<S>): boolean {
    if (this.statements.length >= GOSSIP_STATEMENTS_MAX) return false;
    if (this.#bytes + bytes > GOSSIP_STATEMENT_BYTES_MAX) return false;
    this.#bytes += bytes;
    this.statements.push(statement);
    return true;
  }
}
