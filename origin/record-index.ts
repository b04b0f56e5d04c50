/** The encoded profiles of one domain's records, in memory; follows the store, whichever process writes to it. */
import { encodeProfile, type CompiledDomain } from "../protocol/index.ts";
import type { RankableIndex, RankableRecord } from "./ranking.ts";
import type { IndexedRecord, Store } from "./store/index.ts";

export class RecordIndex implements RankableIndex {
  readonly compiled: CompiledDomain;
  readonly #store: Store;
  readonly #records = new Map<number, RankableRecord>();
  #seq = -1;

  /** Reads all records of the domain. */
  constructor(store: Store, compiled: CompiledDomain) {
    this.#store = store;
    this.compiled = compiled;
    this.refresh();
  }

  /** Takes over what changed in the store since the last call; one row read where nothing did. */
  refresh(): void {
    const seq = this.#store.lastSeq();
    if (seq === this.#seq) return;
    // What is committed between these reads is newer than `seq`, and read once more by the next call.
    for (const row of this.#store.changedSince(this.compiled.id, this.#seq)) {
      this.#records.set(row.number, this.#encode(row));
    }
    for (const number of this.#store.removedSince(this.compiled.id, this.#seq)) {
      this.#records.delete(number);
    }
    this.#seq = seq;
  }

  records(): Iterable<RankableRecord> {
    return this.#records.values();
  }

  #encode({ number, reference, grp, profile }: IndexedRecord): RankableRecord {
    const encoded = encodeProfile(this.compiled, profile);
    if (!encoded.ok) throw new Error(`record ${number} no longer fits its domain`);
    return { number, reference, group: grp, profile: encoded.value.values };
  }
}
