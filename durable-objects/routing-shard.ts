/**
 * A shard of the DHT: a contiguous range of one node's slots. It stores signed entries and tombstones, and
 * answers lookups with the origins whose entries are nearest. It never holds a profile, an intervention, a
 * result or a record id. Statements are verified by the node's Worker, its only caller, once for all shards.
 */
import { DurableObject } from "cloudflare:workers";
import {
  BATCH_MAX_ENTRIES,
  decodeEntry,
  isTombstone,
  TreeIndex,
  type DomainId,
  type Entry,
  type MembershipView,
  type NodeId,
  type RoutingPlan,
} from "../protocol/index.ts";
import { knownDomain } from "./domain-cache.ts";
import type { Env } from "./env.ts";
import { membershipView } from "./membership-view.ts";
import {
  RoutingShardStore,
  textOf,
  type PutOutcome,
  type StoredEntry,
} from "./routing-shard-store.ts";

export interface ShardLookup {
  readonly domain: DomainId;
  readonly signature: Uint8Array;
  readonly trees: readonly number[];
  readonly limit: number;
  /** Milliseconds since 1970. */
  readonly now: number;
}

export interface ShardAnswer {
  /** Best first: each origin with its best entry's statement and estimate. */
  readonly origins: readonly {
    readonly node: NodeId;
    readonly estimate: number;
    readonly statement: Uint8Array;
  }[];
  readonly scanned: number;
}

/** Whose entries: an entry counts only while its node is in that epoch. */
interface Origin {
  readonly node: NodeId;
  readonly epoch: number;
}

/** A domain's entries in memory: rows of the index, and what each stands for. */
interface DomainRows {
  readonly index: TreeIndex;
  /** Entry key of each row. */
  readonly keys: Uint8Array[];
  readonly origins: Origin[];
  readonly originNumbers: Map<string, number>;
  readonly rowOf: Map<string, number>;
}

/** Rows that were replaced or withdrawn may outnumber the others by this factor before the index is made anew. */
const REMOVED_FACTOR = 2;

export class RoutingShard extends DurableObject<Env> {
  readonly #store: RoutingShardStore;
  readonly #domains = new Map<DomainId, DomainRows>();

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#store = new RoutingShardStore(ctx.storage);
    // The index is rebuilt before the first call, so that no lookup sees half of it.
    void ctx.blockConcurrencyWhile(async () => {
      const entries = decodeAll(this.#store.all());
      await this.#open(entries);
      this.#index(entries);
    });
  }

  /** Stores verified statements: all that are new, in one transaction. Says what became of each, in order. */
  async store(entries: readonly StoredEntry[]): Promise<PutOutcome[]> {
    const decoded = decodeAll(entries);
    await this.#open(decoded);
    // From here on without waiting, so that memory follows storage in the same order.
    const outcomes = this.#store.transaction(() => entries.map((entry) => this.#store.put(entry)));
    this.#index(decoded.filter((_, i) => outcomes[i] === "new"));
    return outcomes;
  }

  /** The origins with the entries nearest to the signature in the given trees. */
  async lookup(request: ShardLookup): Promise<ShardAnswer> {
    const view = await membershipView(this.env, request.now);
    const rows = this.#domains.get(request.domain);
    if (!rows || !view) return { origins: [], scanned: 0 };
    const found = rows.index.lookup(request.signature, request.trees, {
      limit: request.limit,
      rowsPerOrigin: 1,
      isLive: this.#liveness(rows, view, request.now),
    });
    const best = found.origins.flatMap(({ origin, rows: [row] }) =>
      row ? [{ origin, ...row }] : [],
    );
    const statements = this.#store.statements(
      best.map(({ row }) => rows.keys[row] ?? new Uint8Array()),
    );
    const origins = best.flatMap(({ origin, estimate }, i) => {
      const node = rows.origins[origin]?.node;
      const statement = statements[i];
      return node && statement ? [{ node, estimate, statement }] : [];
    });
    return { origins, scanned: found.scanned };
  }

  /** Told that who holds what has changed. */
  async poke(): Promise<void> {}

  /** How many entries can be found here. */
  async size(): Promise<number> {
    return [...this.#domains.values()].reduce((sum, rows) => sum + rows.index.size, 0);
  }

  /** An entry lives while its node's lease holds and its epoch is the node's. */
  #liveness(rows: DomainRows, view: MembershipView, now: number): (origin: number) => boolean {
    const memo: (boolean | undefined)[] = [];
    return (number) => {
      const origin = rows.origins[number];
      return (memo[number] ??= origin !== undefined && isCurrent(origin, view, now));
    };
  }

  /** Brings new statements into memory: entries in; tombstones, and what they or newer entries replace, out. */
  #index(entries: readonly DecodedEntry[]): void {
    // One batch may hold several statements about the same: the last is the one that storage kept.
    const latest = new Map(entries.map((item) => [textOf(item.stored.key), item]));
    for (const [domain, list] of Map.groupBy(latest.values(), ({ entry }) => entry.domain)) {
      const rows = this.#domains.get(domain);
      if (!rows) throw new Error(`the domain ${domain} was not opened`);
      for (const { stored } of list) {
        const held = rows.rowOf.get(textOf(stored.key));
        if (held !== undefined) rows.index.remove(held);
        rows.rowOf.delete(textOf(stored.key));
      }
      const added = list.filter(({ entry }) => !isTombstone(entry));
      const first = rows.index.insert(
        added.map(({ stored, entry }) => ({
          signature: entry.signature,
          origin: originNumber(rows, entry),
          trees: [...stored.trees],
        })),
      );
      for (const [i, { stored }] of added.entries()) {
        rows.keys[first + i] = stored.key;
        rows.rowOf.set(textOf(stored.key), first + i);
      }
      if (rows.index.removed > REMOVED_FACTOR * rows.index.size + BATCH_MAX_ENTRIES) {
        this.#rebuild(domain, rows.index.plan);
      }
    }
  }

  #rebuild(domain: DomainId, plan: RoutingPlan): void {
    this.#domains.set(domain, emptyRows(plan));
    this.#index(decodeAll(this.#store.all()).filter(({ entry }) => entry.domain === domain));
  }

  /** Makes room for the domains of `entries`. */
  async #open(entries: readonly DecodedEntry[]): Promise<void> {
    for (const domain of new Set(entries.map(({ entry }) => entry.domain))) {
      if (this.#domains.has(domain)) continue;
      const known = await knownDomain(this.env, domain);
      if (!known) throw new Error(`entries of the unknown domain ${domain}`);
      // Another call may have opened it while this one waited.
      if (!this.#domains.has(domain)) this.#domains.set(domain, emptyRows(known.plan));
    }
  }
}

interface DecodedEntry {
  readonly stored: StoredEntry;
  readonly entry: Entry;
}

function decodeAll(entries: Iterable<StoredEntry>): DecodedEntry[] {
  return Array.from(entries, (stored) => {
    const entry = decodeEntry(stored.statement);
    if (!entry.ok) throw new Error("a statement in storage does not decode");
    return { stored, entry: entry.value };
  });
}

function emptyRows(plan: RoutingPlan): DomainRows {
  return {
    index: new TreeIndex(plan),
    keys: [],
    origins: [],
    originNumbers: new Map(),
    rowOf: new Map(),
  };
}

function isCurrent({ node, epoch }: Origin, view: MembershipView, now: number): boolean {
  return view.live(node, now)?.epoch === epoch;
}

function originNumber(rows: DomainRows, { node, epoch }: Entry): number {
  const name = `${node}/${epoch}`;
  const known = rows.originNumbers.get(name);
  if (known !== undefined) return known;
  const number = rows.origins.push({ node, epoch }) - 1;
  rows.originNumbers.set(name, number);
  return number;
}
