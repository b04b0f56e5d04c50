/**
 * When a shard repairs, with whom and how much at once. One slice of a round at a time, each within a budget; a round
 * that needs more goes on in the next slice.
 */
import {
  callPeer,
  canonicalBytes,
  CONNECTIONS_MAX,
  decodeEntry,
  domainIdOf,
  domainSchema,
  DOMAIN_MAX_BYTES,
  isTombstone,
  publishResponseSchema,
  REPAIR_RESPONSE_MAX_BYTES,
  tellPeer,
  toBase64Url,
  utf8Bytes,
  type DomainId,
  type Member,
  type MembershipView,
  type NodeId,
  type Reconciliation,
  type SlotItem,
} from "../../protocol/index.ts";
import { acceptStatement } from "../accept-statements.ts";
import { knownDomain } from "../domain-cache.ts";
import { libraryStub } from "../stubs.ts";
import { reconcileWith, type Budget } from "./round.ts";
import type { Shard } from "./shard.ts";

/** Requests of one alarm that are not calls of peers: the membership, the library. */
const REQUESTS_KEPT = 6;
/** Statements that one alarm fetches, brings or drops: a few seconds' work. */
const ROWS_AT_ONCE = 4_000;
const TIMEOUT_MS = 10_000;
/** Of an answer that says nothing where all is well. */
const PROBLEM_MAX_BYTES = 65_536;

export interface RepairReport {
  /** Statements that came from others. */
  readonly fetched: number;
  /** Statements that were brought to others. */
  readonly brought: number;
  readonly dropped: number;
  /** Peers that did not do their part. */
  readonly failed: number;
  /** False where the round goes on in the next slice. */
  readonly isRoundOver: boolean;
}

const NOTHING: RepairReport = { fetched: 0, brought: 0, dropped: 0, failed: 0, isRoundOver: true };

/** All: what other replicas have is compared. Changes: only what a change of placement left to do. */
export type RoundScope = "all" | "changes";

interface Round {
  readonly scope: RoundScope;
  readonly placement: string;
  readonly queue: Map<NodeId, Reconciliation>;
}

export class Repair {
  readonly #shard: Shard;
  #round: Round | undefined;
  #running: Promise<RepairReport> | undefined;
  #hasMoreToDrop = false;
  #lastAt: number | undefined;
  readonly #given = new Set<string>();
  #scope: RoundScope = "changes";

  constructor(shard: Shard) {
    this.#shard = shard;
  }

  /** When a round last ended. */
  get lastAt(): number | undefined {
    return this.#lastAt;
  }

  /** True while there is something that should not wait for the next regular round. */
  get isUrgent(): boolean {
    const { pending, handingOff } = this.#shard.holdings.counts;
    return this.#round !== undefined || this.#hasMoreToDrop || pending + handingOff > 0;
  }

  /** True where the last slice ended a round, and all that there was to drop was dropped. */
  get isBetweenRounds(): boolean {
    return this.#round === undefined && !this.#hasMoreToDrop;
  }

  /** Work that is known and not done. */
  get backlog(): number {
    const { pending, handingOff } = this.#shard.holdings.counts;
    return pending + handingOff + (this.#round?.queue.size ?? 0);
  }

  /** One slice. One at a time: who comes while one runs gets the next, together with all others who came. */
  async run(scope: RoundScope): Promise<RepairReport> {
    if (scope === "all") this.#scope = scope;
    const before = this.#running;
    if (before) {
      await before.catch(() => undefined);
      // Another that waited may have begun: its slice began after this call.
      if (this.#running && this.#running !== before) return this.#running;
    }
    const running = this.#slice().finally(() => {
      if (this.#running === running) this.#running = undefined;
    });
    this.#running = running;
    return running;
  }

  async #slice(): Promise<RepairReport> {
    const { config, holdings } = this.#shard;
    const view = await this.#shard.follow(config.now(), { maxAgeMs: 0 });
    if (!view) return NOTHING;
    const placement = holdings.version;
    // A round about all takes the place of one about changes.
    const isOther = this.#round?.placement !== placement || this.#round.scope !== this.#scope;
    const round: Round =
      this.#round && !isOther
        ? this.#round
        : { scope: this.#scope, placement, queue: holdings.reconciliations(this.#scope) };
    this.#round = round;
    const report = { fetched: 0, brought: 0, failed: 0 };
    const budget = {
      requests: Math.max(1, config.subrequestLimit - REQUESTS_KEPT),
      rows: ROWS_AT_ONCE,
    };
    await this.#visit(round, view, budget, report);
    // While we waited the placement may have changed: this round's answers are about slots as they were.
    const isRoundOver = round.queue.size === 0 && holdings.version === round.placement;
    let hasReleased = false;
    if (isRoundOver) {
      const before = holdings.counts;
      holdings.endRound((node) => view.live(node, config.now()) !== undefined);
      hasReleased = holdings.release().length > 0;
      if (hasReleased || holdings.counts.pending !== before.pending) {
        this.#shard.keepHoldings(hasReleased);
      }
      this.#lastAt = config.now();
      if (round.scope === "all") this.#scope = "changes";
    }
    if (isRoundOver || holdings.version !== round.placement) this.#round = undefined;
    const { dropped, hasMore } = this.#shard.sweep(view, config.now(), ROWS_AT_ONCE);
    this.#hasMoreToDrop = hasMore;
    return { ...report, dropped, isRoundOver };
  }

  /** Goes through the queue, a few peers at a time, until it is empty or the budget is. */
  async #visit(
    round: Round,
    view: MembershipView,
    budget: Budget,
    report: { fetched: number; brought: number; failed: number },
  ): Promise<void> {
    const { config, range, holdings, contents } = this.#shard;
    const taken = new Set<NodeId>();
    const site = {
      caller: config.caller,
      range,
      holdings,
      items: contents.items,
      budget,
      take: async (from: Member, statements: readonly Uint8Array[]) => {
        const { stored, isDone } = await this.#take(from, statements);
        report.fetched += stored;
        return isDone;
      },
      bring: async (to: Member, items: readonly SlotItem[]) => {
        const refused = await this.#bring(to, items, budget);
        report.brought += items.length - refused.length;
        return refused;
      },
    };
    const work = async (): Promise<void> => {
      for (const [node, reconciliation] of round.queue) {
        if (taken.has(node)) continue;
        taken.add(node);
        if (budget.requests <= 0 || budget.rows <= 0) return;
        const peer = view.live(node, config.now());
        const outcome = peer ? await reconcileWith(site, peer, reconciliation) : "done";
        if (outcome === "unfinished") continue;
        round.queue.delete(node);
        if (outcome !== "done") report.failed += 1;
      }
    };
    await Promise.all(Array.from({ length: CONNECTIONS_MAX }, work));
  }

  /** Verifies what a peer sent, and stores it. */
  async #take(
    from: Member,
    statements: readonly Uint8Array[],
  ): Promise<{ stored: number; isDone: boolean }> {
    const { env, config, holdings } = this.#shard;
    const now = config.now();
    const view = await this.#shard.follow(now);
    if (!view) return { stored: 0, isDone: false };
    for (const domain of domainsOf(statements)) {
      if (!(await knownDomain(env, domain))) await this.#fetchDomain(from, domain);
    }
    const checked = await Promise.all(
      statements.map((statement) =>
        acceptStatement(statement, {
          env,
          view,
          now,
          isOurs: (slot) => holdings.stateOf(slot) !== undefined,
        }),
      ),
    );
    const accepted = checked.flatMap((result) => (result.ok ? [result.value] : []));
    const outcomes = await this.#shard.store(accepted);
    // Of these we may have yet to hear; what else is refused is over, or never was a statement.
    const mayBeGood = checked.some(
      (result) => !result.ok && ["unknown-domain", "wrong-epoch"].includes(result.error),
    );
    return { stored: outcomes.filter((o) => o === "new").length, isDone: !mayBeGood };
  }

  /** Publishes what is here of `items` to `to`; returns what it should have taken, and did not. */
  async #bring(to: Member, items: readonly SlotItem[], budget: Budget): Promise<SlotItem[]> {
    const view = await this.#shard.follow(this.#shard.config.now());
    const found = this.#shard.find(items.map(({ key }) => key));
    const parcels = items.flatMap((item, i) => {
      const statement = found[i]?.statement;
      const entry = statement && decodeEntry(statement);
      if (!statement || !entry?.ok) return [];
      // What is over needs no one to keep it.
      const publisher = view?.live(entry.value.node, this.#shard.config.now());
      if (publisher?.epoch !== entry.value.epoch) return [];
      return [{ item, statement, entry: entry.value }];
    });
    const refused: SlotItem[] = [];
    for (const kind of ["publish", "withdraw"] as const) {
      const batch = parcels.filter(({ entry }) => isTombstone(entry) === (kind === "withdraw"));
      if (batch.length === 0) continue;
      budget.requests -= 1;
      const entries = batch.map(({ statement }) => toBase64Url(statement));
      const { result } = await callPeer(
        this.#shard.config.caller,
        to,
        {
          method: "POST",
          path: `/v1/peer/${kind}`,
          body: utf8Bytes(JSON.stringify({ entries })),
          maxBytes: REPAIR_RESPONSE_MAX_BYTES,
          timeoutMs: TIMEOUT_MS,
        },
        publishResponseSchema,
      );
      if (!result.ok) {
        refused.push(...batch.map(({ item }) => item));
        continue;
      }
      for (const { index, reason } of result.value.refused) {
        const parcel = batch[index];
        if (!parcel || reason === "stale") continue;
        refused.push(parcel.item);
        if (reason === "unknown-domain") await this.#giveDomain(to, parcel.entry.domain, budget);
      }
    }
    return refused;
  }

  async #fetchDomain(from: Member, id: DomainId): Promise<void> {
    const { result } = await callPeer(
      this.#shard.config.caller,
      from,
      {
        method: "GET",
        path: `/v1/domains/${id}`,
        maxBytes: DOMAIN_MAX_BYTES,
        timeoutMs: TIMEOUT_MS,
      },
      domainSchema,
    );
    if (!result.ok || domainIdOf(result.value) !== id) return;
    await libraryStub(this.#shard.env).put("domain", id, canonicalBytes(result.value));
  }

  /** Once a peer and domain: what was refused is brought again in the next round. */
  async #giveDomain(to: Member, id: DomainId, budget: Budget): Promise<void> {
    const name = `${to.node}/${id}`;
    const known = await knownDomain(this.#shard.env, id);
    if (!known || this.#given.has(name) || budget.requests <= 0) return;
    this.#given.add(name);
    budget.requests -= 1;
    await tellPeer(this.#shard.config.caller, to, {
      method: "PUT",
      path: `/v1/domains/${id}`,
      body: canonicalBytes(known.domain),
      maxBytes: PROBLEM_MAX_BYTES,
      timeoutMs: TIMEOUT_MS,
    });
  }
}

function domainsOf(statements: readonly Uint8Array[]): Set<DomainId> {
  return new Set(
    statements.flatMap((statement) => {
      const entry = decodeEntry(statement);
      return entry.ok ? [entry.value.domain] : [];
    }),
  );
}
