/**
 * A shard's statements in memory: what of them can be found, by domain; what each slot contains, with its digest; and
 * whose they are. Rebuilt from storage when the object wakes, and then follows it.
 */
import {
  BATCH_MAX_ENTRIES,
  decodeEntry,
  isTombstone,
  ItemTable,
  slotsOf,
  TreeIndex,
  type DomainId,
  type Entry,
  type LookupOptions,
  type NodeId,
  type RoutingPlan,
  type SlotRange,
} from "../../protocol/index.ts";
import { textOf, type StoredEntry } from "../routing-shard-store.ts";
import { StatementRows } from "./statement-rows.ts";

/** Whose statements: they count only while their node is in that epoch. */
export interface Origin {
  readonly node: NodeId;
  readonly epoch: number;
}

export interface OriginCounts extends Origin {
  entries: number;
  tombstones: number;
}

/** A domain's entries: rows of the index, and what each stands for. */
interface DomainRows {
  readonly index: TreeIndex;
  readonly statements: StatementRows;
  readonly origins: Origin[];
  readonly originNumbers: Map<string, number>;
  readonly rowOf: Map<string, number>;
}

/** An origin that was found, with its best entry's statement. */
export interface Found {
  readonly node: NodeId;
  readonly estimate: number;
  readonly statement: Uint8Array;
}

/** A statement with what its bytes say. */
export interface DecodedEntry {
  readonly stored: StoredEntry;
  readonly entry: Entry;
  /** What it takes the place of. */
  readonly replaced?: Uint8Array | undefined;
}

/** Rows that were replaced or withdrawn may outnumber the others by this factor before the index is made anew. */
const REMOVED_FACTOR = 2;

export class ShardContents {
  readonly items = new ItemTable();
  readonly #range: SlotRange;
  readonly #isKept: (slot: number) => boolean;
  readonly #all: () => Iterable<StoredEntry>;
  readonly #domains = new Map<DomainId, DomainRows>();
  readonly #origins = new Map<string, OriginCounts>();

  /** `isKept` says which slots are answered for; `all` reads everything from storage. */
  constructor(
    range: SlotRange,
    isKept: (slot: number) => boolean,
    all: () => Iterable<StoredEntry>,
  ) {
    this.#range = range;
    this.#isKept = isKept;
    this.#all = all;
  }

  /** Whose statements are held, and how many. */
  get origins(): Iterable<Readonly<OriginCounts>> {
    return this.#origins.values();
  }

  /** Entries that can be found. */
  get size(): number {
    return [...this.#domains.values()].reduce((sum, rows) => sum + rows.index.size, 0);
  }

  knows(domain: DomainId): boolean {
    return this.#domains.has(domain);
  }

  /** Makes room for a domain. */
  open(domain: DomainId, plan: RoutingPlan): void {
    if (!this.#domains.has(domain)) this.#domains.set(domain, emptyRows(plan));
  }

  /** The slots of this range in which an entry is, each once. */
  slotsOf({ domain, signature }: Entry): number[] {
    const { plan } = this.#rowsOf(domain).index;
    return [...new Set(slotsOf(plan, signature))].filter(
      (slot): slot is number => slot !== undefined && this.#isInRange(slot),
    );
  }

  /** Brings statements in that storage took: entries are found, what they or tombstones replace is not. */
  add(decoded: readonly DecodedEntry[]): void {
    for (const { replaced } of decoded) if (replaced) this.#count(decodeStatement(replaced), -1);
    for (const { entry } of decoded) this.#count(entry, 1);
    // One batch may hold several statements about the same: the last is the one that storage kept.
    const latest = new Map(decoded.map((item) => [textOf(item.stored.key), item]));
    for (const { stored, entry } of latest.values()) {
      this.items.set(stored, this.slotsOf(entry));
    }
    for (const [domain, list] of Map.groupBy(latest.values(), ({ entry }) => entry.domain)) {
      this.#index(domain, list);
    }
  }

  /** Takes out what storage dropped. */
  remove(decoded: readonly DecodedEntry[]): void {
    for (const { stored, entry } of decoded) {
      this.#count(entry, -1);
      this.items.delete(stored.key);
      const rows = this.#rowsOf(entry.domain);
      this.#unindex(rows, stored.key);
    }
    for (const domain of new Set(decoded.map(({ entry }) => entry.domain))) {
      this.#rebuildWhereSparse(domain);
    }
  }

  /** Makes entries that were here already be found in slots that are kept since. */
  reindex(decoded: readonly DecodedEntry[]): void {
    for (const [domain, list] of Map.groupBy(decoded, ({ entry }) => entry.domain)) {
      this.#index(domain, list);
    }
  }

  /** The best entry of each origin near `signature` in `trees`. */
  lookup(
    domain: DomainId,
    signature: Uint8Array,
    trees: readonly number[],
    options: Pick<LookupOptions, "limit"> & { readonly isLive: (origin: Origin) => boolean },
  ): { readonly found: readonly Found[]; readonly scanned: number } {
    const rows = this.#domains.get(domain);
    if (!rows) return { found: [], scanned: 0 };
    const memo: (boolean | undefined)[] = [];
    const isLive = (number: number): boolean => {
      const origin = rows.origins[number];
      return (memo[number] ??= origin !== undefined && options.isLive(origin));
    };
    const lookup = rows.index.lookup(signature, trees, {
      limit: options.limit,
      rowsPerOrigin: 1,
      isLive,
    });
    const found = lookup.origins.flatMap(({ origin, rows: [best] }) => {
      const node = rows.origins[origin]?.node;
      if (!node || !best) return [];
      const symbols = rows.index.symbolsOf(best.row);
      const statement = rows.statements.get(best.row, origin, symbols);
      return statement ? [{ node, estimate: best.estimate, statement }] : [];
    });
    return { found, scanned: lookup.scanned };
  }

  #index(domain: DomainId, list: readonly DecodedEntry[]): void {
    const rows = this.#rowsOf(domain);
    for (const { stored } of list) this.#unindex(rows, stored.key);
    const added = list.filter(({ entry }) => !isTombstone(entry));
    const first = rows.index.insert(
      added.map(({ entry }) => ({
        signature: entry.signature,
        origin: originNumber(rows, entry),
        trees: this.#treesOf(rows.index.plan, entry.signature),
      })),
    );
    for (const [i, { stored, entry }] of added.entries()) {
      rows.statements.set(first + i, originNumber(rows, entry), stored.statement);
      rows.rowOf.set(textOf(stored.key), first + i);
    }
    this.#rebuildWhereSparse(domain);
  }

  #unindex(rows: DomainRows, key: Uint8Array): void {
    const held = rows.rowOf.get(textOf(key));
    if (held !== undefined) rows.index.remove(held);
    rows.rowOf.delete(textOf(key));
  }

  #rebuildWhereSparse(domain: DomainId): void {
    const { index } = this.#rowsOf(domain);
    if (index.removed <= REMOVED_FACTOR * index.size + BATCH_MAX_ENTRIES) return;
    this.#domains.set(domain, emptyRows(index.plan));
    this.#index(
      domain,
      decodeAll(this.#all()).filter(({ entry }) => entry.domain === domain),
    );
  }

  #treesOf(plan: RoutingPlan, signature: Uint8Array): number[] {
    return [...slotsOf(plan, signature).entries()].flatMap(([tree, slot]) =>
      slot !== undefined && this.#isInRange(slot) && this.#isKept(slot) ? [tree] : [],
    );
  }

  #isInRange(slot: number): boolean {
    return slot >= this.#range.from && slot < this.#range.to;
  }

  #rowsOf(domain: DomainId): DomainRows {
    const rows = this.#domains.get(domain);
    if (!rows) throw new Error(`the domain ${domain} was not opened`);
    return rows;
  }

  #count(entry: Entry, change: 1 | -1): void {
    const name = originName(entry);
    const { node, epoch } = entry;
    const counts = this.#origins.get(name) ?? { node, epoch, entries: 0, tombstones: 0 };
    counts[isTombstone(entry) ? "tombstones" : "entries"] += change;
    if (counts.entries + counts.tombstones === 0) this.#origins.delete(name);
    else this.#origins.set(name, counts);
  }
}

export function decodeAll(entries: Iterable<StoredEntry>): DecodedEntry[] {
  return Array.from(entries, (stored) => ({ stored, entry: decodeStatement(stored.statement) }));
}

function decodeStatement(statement: Uint8Array): Entry {
  const entry = decodeEntry(statement);
  if (!entry.ok) throw new Error("a statement in storage does not decode");
  return entry.value;
}

function emptyRows(plan: RoutingPlan): DomainRows {
  return {
    index: new TreeIndex(plan),
    statements: new StatementRows(),
    origins: [],
    originNumbers: new Map(),
    rowOf: new Map(),
  };
}

function originName({ node, epoch }: Origin): string {
  return `${node}/${epoch}`;
}

function originNumber(rows: DomainRows, { node, epoch }: Entry): number {
  const name = originName({ node, epoch });
  const known = rows.originNumbers.get(name);
  if (known !== undefined) return known;
  const number = rows.origins.push({ node, epoch }) - 1;
  rows.originNumbers.set(name, number);
  return number;
}
