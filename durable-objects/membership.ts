/**
 * The node's knowledge of its mesh: the charter and every statement about its members that counts. One object a
 * node. It holds nothing that it did not verify. Its alarm gossips, and renews the node's own descriptor.
 */
import { DurableObject } from "cloudflare:workers";
import { z } from "zod";
import {
  answerGossip,
  createView,
  domainIdSchema,
  linkedOriginUrl,
  MembershipState,
  meshIdOf,
  nameOf,
  News,
  nodeIdOf,
  Pace,
  PROVING_STATEMENTS_MAX,
  provingStatements,
  renewedDescriptor,
  sealingKeySchema,
  signDescriptor,
  statementHash,
  subjectOf,
  verifyCharter,
  verifyStatements,
  type Charter,
  type GossipRequestMessage,
  type GossipResponse,
  type HeldDomains,
  type JoinResponse,
  type Members,
  type MembershipView,
  type MeshId,
  type NodeId,
  type Statement,
  type StatementRefusal,
} from "../protocol/index.ts";
import { configOf, type Config, type NodeDescription } from "./config.ts";
import type { Env } from "./env.ts";
import { GossipLedger, type GossipTotals } from "./gossip-ledger.ts";
import { gossipRound, NO_ROUND, type RoundReport } from "./gossip-round.ts";
import { admitNewcomer } from "./join.ts";
import { MembershipStore } from "./membership-store.ts";
import { pokeShards } from "./stubs.ts";

export type AcceptError =
  | { readonly code: "wrong-mesh" | "bad-charter" }
  | { readonly code: StatementRefusal; readonly node: NodeId };

/** What is known, for one who knows what was known at `digest`: nothing where that is all. */
export interface MembersSince {
  readonly digest: string;
  readonly members?: Members;
}

/** An answer to gossip, and how much of what came with it was new. */
export interface GossipAnswer {
  readonly response: GossipResponse<Statement> & { readonly now: number };
  readonly learnt: number;
}

export interface GossipStatus extends GossipTotals {
  /** How many are held. */
  readonly statements: number;
}

const holdingsNote = z.array(domainIdSchema);
/** Null where the origin said that it has none; no note where it has not said anything. */
const sealingKeyNote = sealingKeySchema.nullable();
const linkedNote = z.boolean();

export class Membership extends DurableObject<Env> {
  readonly #store: MembershipStore;
  readonly #news = new News<Statement>();
  readonly #pace = new Pace();
  readonly #ledger: GossipLedger;
  /** As stored; undefined before the first `accept`. */
  #state: MembershipState | undefined;
  #view: MembershipView | undefined;
  #isViewOld = false;
  /** Placement of which the shards were told. */
  #placed: string | undefined;
  #round: Promise<RoundReport> | undefined;
  #isAwake = false;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#store = new MembershipStore(ctx.storage);
    this.#ledger = new GossipLedger(this.#store);
    const charter = this.#store.charter();
    if (charter) this.#state = new MembershipState(charter, this.#store.statements());
  }

  /** What is known; undefined before the first `accept`. */
  async members(): Promise<Members | undefined> {
    return this.#state && membersOf(this.#state);
  }

  /** What is known, if it is something else than at `digest`; undefined before the first `accept`. */
  async membersSince(digest: string | undefined): Promise<MembersSince | undefined> {
    await this.#wake();
    const state = this.#state;
    if (!state) return undefined;
    const current = `${state.size}/${state.digest()}`;
    return current === digest ? { digest } : { digest: current, members: membersOf(state) };
  }

  /**
   * Verifies and keeps what the operator gives: all or nothing, so that a mistake shows. What is known here
   * already, or better, and what is long over, is passed over in silence.
   */
  async accept(mesh: MeshId, members: Members, now: number): Promise<AcceptError | undefined> {
    if (meshIdOf(members.charter.charter) !== mesh) return { code: "wrong-mesh" };
    // A mesh has one charter: the one that is held was verified before.
    const state = this.#state ?? (await verifiedState(members.charter));
    if (!state) return { code: "bad-charter" };
    const { good, refused } = await verifyStatements(state, members.statements, now);
    const first = refused.find(({ code }) => code !== "expired");
    if (first) return { code: first.code, node: nodeIdOf(subjectOf(first.statement)) };
    if (!this.#state) {
      this.#store.putCharter(members.charter);
      this.#state = state;
    }
    await this.#merge(good, now);
    await this.#renew(now);
    await this.ensureAlarm();
    return undefined;
  }

  /** Verifies statements from anyone and keeps the good ones. Says how many were new. */
  async learn(statements: readonly Statement[], now: number): Promise<number> {
    const state = this.#state;
    if (!state) return 0;
    return this.#merge((await verifyStatements(state, statements, now)).good, now);
  }

  /** A member's gossip. Undefined before the first `accept`. */
  async gossip(request: GossipRequestMessage, now: number): Promise<GossipAnswer | undefined> {
    const state = this.#state;
    if (!state) return undefined;
    const learnt = await this.learn(request.statements, now);
    const brought = new Set(request.statements.map(statementHash));
    const response = answerGossip(state, request, () =>
      this.#news.take().filter(({ hash }) => !brought.has(hash)),
    );
    return { response: { ...response, now }, learnt };
  }

  /** A newcomer's descriptor and votes: kept only if they make it a live member. Returns what it needs to gossip. */
  async join(
    statements: readonly Statement[],
    now: number,
  ): Promise<JoinResponse | "not-ready" | "not-admitted"> {
    const state = this.#state;
    if (!state) return "not-ready";
    const good = await admitNewcomer(state, statements, now);
    if (!good) return "not-admitted";
    await this.#merge(good, now);
    const config = await this.#config();
    const own = config ? [config.identity.node] : [];
    const view = this.#viewAt(state, now);
    return {
      charter: state.charter,
      statements: provingStatements(view, own, PROVING_STATEMENTS_MAX),
    };
  }

  /** What the own origin says of itself: the next descriptor says so, at once if that is new. */
  async setHoldings({ domains, linked, ...said }: HeldDomains, now: number): Promise<void> {
    const held = this.#store.note("holdings", holdingsNote);
    if (held?.join() !== domains.join()) this.#store.putNote("holdings", domains);
    const sealingKey = said.sealingKey ?? null;
    const heldKey = this.#store.note("sealing-key", sealingKeyNote);
    if (heldKey !== sealingKey) this.#store.putNote("sealing-key", sealingKey);
    if ((this.#store.note("linked", linkedNote) ?? false) !== linked) {
      this.#store.putNote("linked", linked);
    }
    await this.#renew(now);
  }

  /** Sees to it that the alarm will ring. */
  async ensureAlarm(): Promise<void> {
    const config = await this.#config();
    if (!config || !this.#state) return;
    if ((await this.ctx.storage.getAlarm()) !== null) return;
    // Sooner than between rounds, but not at once: nodes that start together shall not call in step.
    await this.#setAlarm(config.gossipMs * (0.25 + 0.75 * Math.random()));
  }

  override async alarm(): Promise<void> {
    this.#isAwake = true;
    const config = await this.#config();
    if (!config || !this.#state) return;
    // First, so that a round that fails is not the last.
    await this.#setAlarm(this.#pace.next(config.gossipMs, Math.random()));
    await this.gossipNow();
  }

  /** One round now; where one is under way, that one. */
  async gossipNow(): Promise<RoundReport> {
    return (this.#round ??= this.#runRound().finally(() => {
      this.#round = undefined;
    }));
  }

  /**
   * Sees to it that there is an alarm. Not in the constructor: where an alarm wakes the object there is none any more
   * by then, and setting another would cancel it.
   */
  async #wake(): Promise<void> {
    if (this.#isAwake) return;
    this.#isAwake = true;
    await this.ensureAlarm();
  }

  async status(): Promise<GossipStatus> {
    return { ...this.#ledger.status(), statements: this.#state?.size ?? 0 };
  }

  async #runRound(): Promise<RoundReport> {
    const config = await this.#config();
    const state = this.#state;
    if (!config || !state) return NO_ROUND;
    const now = config.now();
    this.#forget(state, config, now);
    await this.#renew(now);
    const view = this.#viewAt(state, now);
    // Leases end without a word.
    await this.#tellShards(view);
    const report = await gossipRound({
      store: state,
      view,
      caller: config.caller,
      health: this.#ledger.health,
      takeNews: () => this.#news.take(),
      learn: (statements) => this.learn(statements, config.now()),
      random: Math.random,
    });
    this.#ledger.count(report, view, config.now());
    return report;
  }

  #forget(state: MembershipState, { identity }: Config, now: number): void {
    const names = state.forget(now, identity.publicKey);
    if (names.length === 0) return;
    this.#store.drop(names);
    this.#isViewOld = true;
  }

  /** Signs a new descriptor of this node where it is due. */
  async #renew(now: number): Promise<void> {
    const config = await this.#config();
    const state = this.#state;
    if (!config?.description || !state) return;
    const { identity, mesh } = config;
    const description = this.#withLink(config.description);
    const key = identity.publicKey;
    if (!state.admission().isAdmitted(key) || state.isExcluded(key)) return;
    const held = state.descriptorOf(key);
    const origin = {
      domains: this.#store.note("holdings", holdingsNote),
      sealingKey: this.#store.note("sealing-key", sealingKeyNote),
    };
    const next = renewedDescriptor(key, held, description, origin, now);
    if (!next) return;
    const descriptor = await signDescriptor(identity, mesh, next);
    // Whatever came while it was signed may have used the same seq: two such would exclude this node.
    if (state.descriptorOf(key) !== held) return;
    await this.#merge([{ type: "descriptor", descriptor }], now);
  }

  /** An origin without an address of its own is reached through this node, where it has a link. */
  #withLink(description: NodeDescription): NodeDescription {
    const isLinked = this.#store.note("linked", linkedNote) ?? false;
    if (!isLinked || description.originUrl !== undefined) return description;
    return { ...description, originUrl: linkedOriginUrl(description.meshUrl) };
  }

  async #merge(statements: readonly Statement[], now: number): Promise<number> {
    const state = this.#state;
    if (!state) return 0;
    const mayDismiss = statements.some(({ type }) => type !== "descriptor");
    const before = mayDismiss ? this.#viewAt(state, now) : undefined;
    const changed = state.merge(statements);
    if (changed.length === 0) return 0;
    this.#store.put(changed);
    this.#ledger.changed(now);
    this.#isViewOld = true;
    for (const statement of changed) {
      const hash = statementHash(statement);
      const bytes = JSON.stringify(statement).length;
      this.#news.add(nameOf(statement), { hash, bytes, statement });
    }
    const view = this.#viewAt(state, now);
    await this.#tellShards(view);
    if (before && changed.some((statement) => isDismissal(statement, before, view, now))) {
      await this.#hurry();
    }
    return changed.length;
  }

  /** What is no member any more shall be refused everywhere before long. */
  async #hurry(): Promise<void> {
    const config = await this.#config();
    if (!config) return;
    this.#pace.hurry();
    await this.#setAlarm(this.#pace.next(config.gossipMs, Math.random()));
  }

  #viewAt(state: MembershipState, now: number): MembershipView {
    if (!this.#view || this.#isViewOld || now >= this.#view.validUntil) {
      this.#isViewOld = false;
      this.#view = createView(state.charter, state.statements(), now, this.#view);
    }
    return this.#view;
  }

  /** Shards hear when who holds what has changed: they hand over and fetch by themselves. */
  async #tellShards({ placement }: MembershipView): Promise<void> {
    if (placement.version === this.#placed) return;
    const config = await this.#config();
    if (!config) return;
    this.#placed = placement.version;
    this.ctx.waitUntil(pokeShards(this.env, config.shards));
  }

  async #setAlarm(milliseconds: number): Promise<void> {
    await this.ctx.storage.setAlarm(Date.now() + Math.ceil(milliseconds));
  }

  /** Undefined where the environment is not complete: then the node only keeps what it is given. */
  async #config(): Promise<Config | undefined> {
    return configOf(this.env).catch(() => undefined);
  }
}

/** True for a vote or a proof with which its subject is a live member no more: one voter alone brings about neither. */
function isDismissal(
  statement: Statement,
  before: MembershipView,
  after: MembershipView,
  now: number,
): boolean {
  if (statement.type === "descriptor") return false;
  const node = nodeIdOf(subjectOf(statement));
  return before.live(node, now) !== undefined && after.live(node, now) === undefined;
}

function membersOf(state: MembershipState): Members {
  return { charter: state.charter, statements: state.statements() };
}

async function verifiedState(charter: Charter): Promise<MembershipState | undefined> {
  return (await verifyCharter(charter)) ? new MembershipState(charter) : undefined;
}
