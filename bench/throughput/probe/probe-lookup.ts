/** What the bench asks of the probe. */
import type { DomainId } from "../../../protocol/index.ts";

/** A lookup as the bench sends it: symbols as numbers, so that no decoding is measured. */
export interface ProbeLookup {
  readonly domain: DomainId;
  readonly signature: readonly number[];
  readonly limit: number;
  /** The trees whose slots each shard holds, by the shard's name. */
  readonly shards: Readonly<Record<string, readonly number[]>>;
}
