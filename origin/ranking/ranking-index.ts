/** The records of one domain, ready to be ranked; follows the store, whichever process writes to it. */
import {
  encodeProfile,
  type CompiledDomain,
  type DomainId,
  type EncodedProfile,
} from "../../protocol/index.ts";
import { logEvent, logFailure } from "../log.ts";
import {
  CHECKSUM_MODULUS,
  REMOVALS_KEPT_MS,
  type IndexedRecord,
  type RecordChange,
  type Store,
} from "../store/index.ts";
import { rank, type Ranked } from "./rank.ts";
import { BLOCK_ROWS } from "./rows.ts";
import { readSnapshot, SnapshotError, writeSnapshot } from "./snapshot.ts";
import { Table } from "./table.ts";

/** Changes taken over at a time: a few milliseconds, then whatever else waits has its turn. */
const PAGE_RECORDS = 256;
/** How often the store is looked at, so that no query has to wait for what another process loaded long before. */
const FOLLOW_MS = 2_000;
/** A snapshot is written anew when this share of the records, and at least so many, changed since. */
const SNAPSHOT_CHANGED_SHARE = 0.01;
const SNAPSHOT_CHANGED_MIN = 1_000;
/** A table that has this many rows a record is mostly holes, which only building it anew closes. */
const SPARSE_ROWS = 4;
/** Other processes may write while an index is compared with the store: then it is compared again. */
const VERIFY_ATTEMPTS = 3;
/** Of a domain's id in its snapshot's name; the whole id is in the file. */
const ID_LETTERS = 16;
/** Before the first change of a store. */
const BEGINNING = -1;

export interface RankingIndexOptions {
  readonly store: Store;
  readonly compiled: CompiledDomain;
  /** Where the index is kept between runs; nowhere if absent. */
  readonly snapshot?: string;
}

/** Reads the snapshot and what changed since, or where there is none that is good, all records. */
export async function openRankingIndex(options: RankingIndexOptions): Promise<RankingIndex> {
  const index = new RankingIndex(options);
  await index.open();
  return index;
}

/** One a domain, kept beside the database. */
export async function openRankingIndexes(
  store: Store,
  domains: readonly CompiledDomain[],
  database: string,
): Promise<Map<DomainId, RankingIndex>> {
  const indexes = new Map<DomainId, RankingIndex>();
  for (const compiled of domains) {
    const snapshot = `${database}.${compiled.id.slice(0, ID_LETTERS)}.index`;
    indexes.set(compiled.id, await openRankingIndex({ store, compiled, snapshot }));
  }
  return indexes;
}

export class RankingIndex {
  readonly compiled: CompiledDomain;
  readonly #store: Store;
  readonly #snapshot: string | undefined;
  #table: Table;
  /** All changes up to this one are in the table. */
  #seq = BEGINNING;
  /** Records that changed since the snapshot on disk. */
  #unsaved = 0;
  #catchingUp: Promise<void> | undefined;
  #following: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor({ store, compiled, snapshot }: RankingIndexOptions) {
    this.compiled = compiled;
    this.#store = store;
    this.#snapshot = snapshot;
    this.#table = new Table(compiled);
  }

  /** Records in the index. */
  get size(): number {
    return this.#table.size;
  }

  /** The `k` most similar records, best first, equal scores by reference; of what was there at the last `refresh`. */
  rank(query: EncodedProfile, k: number, excludeGroups: readonly string[] = []): Ranked[] {
    return rank(this.#table, query, k, excludeGroups);
  }

  /** Takes over all that was committed to the store before the call; one row is read where nothing was. */
  async refresh(): Promise<void> {
    if (this.#store.lastSeq() === this.#seq) return;
    await (this.#catchingUp ??= this.#catchUp().finally(() => {
      this.#catchingUp = undefined;
    }));
  }

  /** Fills the index. For `openRankingIndex`. */
  async open(): Promise<void> {
    await this.#restore();
    await this.refresh();
  }

  /** Refreshes by itself now and then, and writes the snapshot when much has changed, until it is closed. */
  follow(): void {
    this.#timer ??= setInterval(() => {
      this.#following ??= this.#follow().finally(() => {
        this.#following = undefined;
      });
    }, FOLLOW_MS).unref();
  }

  /** Writes the snapshot if anything changed. The store must still be open. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#following;
    await this.#catchingUp;
    if (this.#unsaved > 0) await this.#save();
  }

  async #follow(): Promise<void> {
    try {
      await this.refresh();
      const least = Math.max(SNAPSHOT_CHANGED_MIN, this.size * SNAPSHOT_CHANGED_SHARE);
      if (this.#unsaved >= least) await this.#save();
    } catch (error) {
      logFailure("index", error);
    }
  }

  /** Until nothing is left: whoever waits asked for all that was committed by then. */
  async #catchUp(): Promise<void> {
    for (let last = this.#store.lastSeq(); last !== this.#seq; last = this.#store.lastSeq()) {
      if (this.#seq !== BEGINNING && this.#seq < last - REMOVALS_KEPT_MS) this.#clear();
      await this.#takeOver(this.#seq);
      this.#seq = last;
    }
  }

  /** What changed after `seq`, a page at a time. What is committed meanwhile may be among it, and is read once more. */
  async #takeOver(seq: number): Promise<void> {
    const { id } = this.compiled;
    let after: RecordChange = { seq, number: Number.MAX_SAFE_INTEGER };
    for (;;) {
      const page = this.#store.changedAfter(id, after, PAGE_RECORDS);
      for (const record of page) this.#put(record);
      const last = page.at(-1);
      if (!last || page.length < PAGE_RECORDS) break;
      after = last;
      await new Promise((resolve) => setImmediate(resolve));
    }
    if (seq === BEGINNING) return;
    for (const number of this.#store.removedSince(id, seq)) {
      this.#table.remove(number);
      this.#unsaved += 1;
    }
  }

  #put({ number, reference, grp, seq, profile }: IndexedRecord): void {
    const encoded = encodeProfile(this.compiled, profile);
    if (!encoded.ok) throw new Error(`record ${number} no longer fits its domain`);
    this.#table.put({ number, reference, group: grp, seq, profile: encoded.value.values });
    this.#unsaved += 1;
  }

  #clear(): void {
    this.#table = new Table(this.compiled);
    this.#seq = BEGINNING;
  }

  /** Leaves the index as the snapshot has it, brought up to date; or empty, where that is not the store's. */
  async #restore(): Promise<void> {
    if (this.#snapshot === undefined) return;
    const { id } = this.compiled;
    try {
      const snapshot = await readSnapshot(this.#snapshot);
      if (!snapshot) return;
      if (snapshot.subject !== id) throw new SnapshotError("is of another domain");
      this.#table.restore(snapshot.sections);
      this.#seq = snapshot.seq;
      await this.refresh();
      const rows = this.#table.end;
      if (rows > SPARSE_ROWS * this.size + 2 * BLOCK_ROWS) throw new SnapshotError("is sparse");
      if (!(await this.#isStores())) throw new SnapshotError("has other records than the store");
    } catch (error) {
      // Whatever else is wrong with it, the store has all that is needed.
      const why = error instanceof SnapshotError ? error.message : "can not be read";
      logEvent("snapshot-ignored", { domain: id, why });
      this.#clear();
      this.#unsaved = 0;
    }
  }

  /** A restored backup may have gone another way since, under seqs that look like ours. */
  async #isStores(): Promise<boolean> {
    for (let attempt = 0; attempt < VERIFY_ATTEMPTS; attempt++) {
      const { records, checksum } = this.#store.fingerprint(this.compiled.id);
      const isSame = records === this.size && checksum === this.#table.checksum(CHECKSUM_MODULUS);
      if (isSame) return true;
      if (this.#store.lastSeq() === this.#seq) return false;
      await this.refresh();
    }
    return false;
  }

  /** Gives up where the index changes meanwhile; the next time may be quieter. */
  async #save(): Promise<void> {
    if (this.#snapshot === undefined) return;
    const table = this.#table;
    const seq = this.#seq;
    const unsaved = this.#unsaved;
    const isWritten = await writeSnapshot(
      this.#snapshot,
      { subject: this.compiled.id, seq },
      (write) => table.save(write),
      () => this.#table !== table || this.#unsaved !== unsaved,
    );
    if (isWritten) this.#unsaved = 0;
  }
}
