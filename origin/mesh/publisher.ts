/**
 * Tells the mesh what the outbox says. A statement is acknowledged when of every slot's replicas a majority stored it,
 * and leaves the outbox only when all did; until then it is sent to the others again, so a crash of anyone at any
 * moment loses nothing.
 */
import {
  domainSchema,
  planRouting,
  signEntry,
  toBase64Url,
  type DomainId,
  type Identity,
  type MembershipView,
  type MeshId,
  type NodeId,
  type RoutingPlan,
} from "../../protocol/index.ts";
import { logEvent, logFailure } from "../log.ts";
import type { Pending, Postponement, Store } from "../store/index.ts";
import { deliver, isAcknowledged, replicaSetsOf, type Parcel, type Patience } from "./deliver.ts";
import type { Membership } from "./membership.ts";
import type { PeerClient } from "./peer-client.ts";

/** Statements signed and sent in one pass. */
const PASS_MAX_STATEMENTS = 2_000;
/** How often the outbox is looked at: another process may have loaded records. */
const POLL_MS = 1_000;
/** Whoever deposits an outcome waits for a majority, and not for those who are away: they are told later. */
const DEPOSITOR: Patience = { inAllMs: 10_000, afterQuorumMs: 1_000 };
/** A node that is only busy stores a pass late; one that is away must not hold up the next pass. */
const NOBODY: Patience = { inAllMs: 120_000, afterQuorumMs: 10_000 };
const FLUSH_POLL_MS = 50;
const BACKOFF_FIRST_MS = 1_000;
const BACKOFF_MAX_MS = 300_000;

/** What became of statements that were to be published. */
export interface Publication {
  readonly entries: number;
  /** Those that of every slot's replicas a majority stored: they will be found, whatever else fails. */
  readonly acknowledged: number;
  /** Those that every replica stored. */
  readonly complete: number;
  /** Who has not stored them all; they are told again. */
  readonly missing: readonly MissingNode[];
}

export interface MissingNode {
  readonly node: NodeId;
  readonly name: string;
  readonly reason: string;
}

export interface Publisher {
  /** Sends all that is due, now; what fails stays in the outbox. */
  drain(): Promise<Publication>;
  /** Sends what waits about these entries, due or not; does not wait long for nodes that a majority can do without. */
  publish(entries: readonly number[]): Promise<Publication>;
  /** Begins to drain the outbox by itself. */
  start(): void;
  /** Waits until nothing is due any more, or `timeoutMs` are over. What failed and waits for another attempt is not due. */
  flush(timeoutMs: number): Promise<void>;
  /** Ends that, and waits for what is on its way. */
  stop(): Promise<void>;
}

export interface PublisherOptions {
  readonly store: Store;
  readonly identity: Identity;
  readonly mesh: MeshId;
  readonly client: PeerClient;
  readonly membership: Membership;
  /** Hears of every pass that was sent. */
  readonly onPass?: (pass: Publication) => void;
  readonly now?: () => number;
  /** In [0, 1). */
  readonly random?: () => number;
}

const NOTHING: Publication = { entries: 0, acknowledged: 0, complete: 0, missing: [] };

export function createPublisher(options: PublisherOptions): Publisher {
  const { store, identity, mesh, client, membership } = options;
  const now = options.now ?? Date.now;
  const random = options.random ?? Math.random;
  const plans = new Map<DomainId, RoutingPlan>();
  const closing = new AbortController();
  let loop: Promise<void> | undefined;
  /** Some node did not acknowledge the last pass: it may have moved, so the next asks where it is. */
  let hasFailed = false;

  /** Also of a domain no longer served, whose entries are to be withdrawn; so not from the configuration. */
  const planOf = (domain: DomainId): RoutingPlan => {
    const known = plans.get(domain);
    if (known) return known;
    const document: unknown = JSON.parse(store.domainDocument(domain) ?? "null");
    const plan = planRouting(domainSchema.parse(document), domain);
    plans.set(domain, plan);
    return plan;
  };

  const parcelOf = async (statement: Pending, view: MembershipView): Promise<Parcel> => {
    const { domain, count, seq, signature } = statement;
    const entry = { node: identity.node, domain, epoch: store.epoch, seq, count, signature };
    const replicaSets = replicaSetsOf(view, planOf(domain), signature);
    const replicas = [...new Set(replicaSets.flat())];
    const left = statement.placement === view.placement.version ? statement.missing : null;
    return {
      domain,
      entry: toBase64Url(await signEntry(identity, mesh, entry)),
      isTombstone: count === 0,
      nodes: left === null ? replicas : replicas.filter((node) => left.includes(node)),
      replicaSets,
    };
  };

  const send = async (
    view: MembershipView,
    statements: readonly Pending[],
    patience: Patience,
    isSecond = false,
  ): Promise<Publication> => {
    if (statements.length === 0) return NOTHING;
    const { epoch } = store;
    const sent = await Promise.all(
      statements.map(async (statement) => ({ statement, parcel: await parcelOf(statement, view) })),
    );
    const { missing, versions } = await deliver(
      sent.map(({ parcel }) => parcel),
      {
        client,
        view,
        now,
        domainDocument: (id) => store.domainDocument(id),
        patience,
      },
    );
    for (const version of versions) await membership.refreshForVersion(version);
    const newer = membership.view;
    if (!isSecond && newer && newer.placement.version !== view.placement.version) {
      return send(newer, statements, patience, true);
    }

    hasFailed = missing.size > 0;
    const draw = 0.5 + random() / 2;
    const reasons = new Map<NodeId, string>();
    const complete: Pending[] = [];
    const left: Postponement[] = [];
    let acknowledged = 0;
    for (const { statement, parcel } of sent) {
      const failed = missing.get(parcel);
      const hasQuorum =
        statement.acknowledged === 1 ||
        isAcknowledged(parcel, (node) => failed?.has(node) === true);
      if (hasQuorum) acknowledged += 1;
      for (const [node, reason] of failed ?? []) reasons.set(node, reason);
      if (!failed) {
        complete.push(statement);
        continue;
      }
      left.push({
        entry: statement.entry,
        seq: statement.seq,
        nextAt: now() + backoff(statement.attempts, draw),
        placement: view.placement.version,
        missing: [...failed.keys()],
        isAcknowledged: hasQuorum,
      });
    }
    // Raised while these were on their way, the epoch has all of them said anew.
    if (store.epoch === epoch) store.conclude(complete, left);
    const pass: Publication = {
      entries: statements.length,
      acknowledged,
      complete: complete.length,
      missing: [...reasons].map(([node, reason]) => ({
        node,
        name: view.live(node, 0)?.name ?? "",
        reason,
      })),
    };
    options.onPass?.(pass);
    return pass;
  };

  /** A node whose lease was over has a higher epoch, and the mesh has dropped what it published before. */
  const followEpoch = (view: MembershipView): void => {
    const epoch = view.live(identity.node, now())?.epoch ?? 0;
    if (epoch > store.epoch && store.raiseEpoch(epoch)) {
      logEvent("epoch-raised", { epoch }, "warn");
    }
  };

  const waitForMembers = (entries: number): Publication => {
    const reason = "members-unknown";
    const missing = entries > 0 ? [{ node: identity.node, name: "", reason }] : [];
    return { entries, acknowledged: 0, complete: 0, missing };
  };

  const drain = async (): Promise<Publication> => {
    let total = NOTHING;
    const known = membership.view;
    if (known) followEpoch(known);
    for (;;) {
      if ((store.nextDueAt() ?? Infinity) > now() || closing.signal.aborted) return total;
      // Before taking: what is taken counts as known outside.
      if (hasFailed) await membership.refresh();
      const view = await membership.current();
      if (!view) return add(total, waitForMembers(store.waiting().entries));
      followEpoch(view);
      const pass = await send(view, store.takeDue(now(), PASS_MAX_STATEMENTS), NOBODY);
      total = add(total, pass);
    }
  };

  const run = async (): Promise<void> => {
    while (!closing.signal.aborted) {
      try {
        await membership.current();
        await drain();
      } catch (error) {
        logFailure("publish", error);
      }
      await pause(POLL_MS, closing.signal);
    }
  };

  return {
    drain,
    publish: async (entries) => {
      const view = await membership.current();
      if (!view) return waitForMembers(store.countWaiting(entries));
      followEpoch(view);
      return send(view, store.takeWaiting(entries), DEPOSITOR);
    },
    start: () => {
      loop ??= run();
    },
    flush: async (timeoutMs) => {
      const until = now() + timeoutMs;
      // Without members there is no one to tell.
      while (membership.view && now() < until && (store.nextDueAt() ?? Infinity) <= now()) {
        await pause(FLUSH_POLL_MS, closing.signal);
      }
    },
    stop: async () => {
      closing.abort();
      await loop;
    },
  };
}

/** Doubling, capped, with jitter: one draw a pass, so that what failed together is sent together again. */
function backoff(attempts: number, draw: number): number {
  return Math.ceil(draw * Math.min(BACKOFF_MAX_MS, BACKOFF_FIRST_MS * 2 ** Math.min(attempts, 20)));
}

function add(a: Publication, b: Publication): Publication {
  const missing = new Map([...a.missing, ...b.missing].map((item) => [item.node, item]));
  return {
    entries: a.entries + b.entries,
    acknowledged: a.acknowledged + b.acknowledged,
    complete: a.complete + b.complete,
    missing: [...missing.values()],
  };
}

/** Resolves after `ms`, or when the signal says so. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    if (signal.aborted) done();
    else signal.addEventListener("abort", done);
  });
}
