/**
 * Carrying out a lookup: asks the planned nodes, a few at once, and asks others for what fails, is pending or
 * takes too long, until every tree is answered as well as budget and deadline allow. Clock, timers, randomness
 * and the asking itself are passed in, so that a test and a simulation run the same code.
 */
import type { NodeId } from "../ids.ts";
import { CONNECTIONS_MAX } from "../query/query-origins.ts";
import type { LookupOutcome, LookupReport, LookupTask, NodeAnswer } from "./lookup-task.ts";
import type { LookupVerdict } from "./peer-health.ts";
import { isBelievedAlone, planRequests, type WantedTree } from "./plan-requests.ts";

/** Of the budget, what is not spent on confirmations: kept for nodes that fail. */
const RETRY_SHARE = 1 / 4;
/** Of the time there is, the longest that a node is waited for before others are asked. */
const HEDGE_SHARE = 1 / 4;
/** Of the time there is, how long a late node may keep a connection that another request waits for. */
const PATIENCE_SHARE = 1 / 4;

/** What became of asking a node for a tree; `late` and `spent` ones are not counted on. */
type Asked = "waiting" | "late" | "answered" | "spent";
type CallKind = "own" | "cover" | "confirm" | "hedge";

interface QueuedRequest {
  readonly node: NodeId;
  readonly trees: readonly number[];
  readonly kind: CallKind;
}

interface Call<A> extends QueuedRequest {
  readonly sentAt: number;
  readonly hedgeMs: number;
  readonly controller: AbortController;
  readonly settled: Promise<Settled<A>>;
  isLate: boolean;
}

interface Settled<A> {
  readonly call: Call<A>;
  readonly outcome: LookupOutcome<A>;
}

/** Resolves when nothing more is to be had, and at the deadline at the latest. Never rejects. */
export async function runLookup<A>(task: LookupTask<A>): Promise<LookupReport<A>> {
  return new LookupRun(task).run();
}

class LookupRun<A> {
  readonly #task: LookupTask<A>;
  readonly #startedAt: number;
  /** By tree, then by node. */
  readonly #asked: ReadonlyMap<number, Map<NodeId, Asked>>;
  readonly #calls = new Set<Call<A>>();
  #queue: readonly QueuedRequest[] = [];
  readonly #answers: NodeAnswer<A>[] = [];
  /** Nodes that were asked again after they had said that they do not hold all of it. */
  readonly #redirected = new Set<NodeId>();
  readonly #sent = { requests: 0, hedged: 0, confirmations: 0 };

  constructor(task: LookupTask<A>) {
    this.#task = task;
    this.#startedAt = task.now();
    this.#asked = new Map([...task.slots.keys()].map((tree) => [tree, new Map()]));
  }

  async run(): Promise<LookupReport<A>> {
    const { now, deadline } = this.#task;
    this.#plan();
    for (let at = now(); at < deadline && !this.#isDone(); at = now()) {
      if (this.#markLate(at)) this.#plan("hedge");
      this.#makeRoom(at);
      this.#send();
      if (this.#isDone()) break;
      const settled = await this.#next(at);
      if (settled && this.#calls.has(settled.call)) {
        this.#settle(settled);
        this.#plan();
      }
    }
    for (const call of this.#calls) this.#giveUp(call);
    return this.#report();
  }

  /** Queues what has to be asked as things stand: nothing, where all is asked already. */
  #plan(kind?: "hedge"): void {
    const { own, budget, health, random, now } = this.#task;
    const ownTrees = this.#trees().filter(
      (tree) => this.#replicasOf(tree).includes(own) && !this.#asked.get(tree)?.has(own),
    );
    if (ownTrees.length > 0) this.#call({ node: own, trees: ownTrees, kind: "own" });
    const at = now();
    const left = budget - this.#sent.requests - this.#queue.length;
    const plan = planRequests(this.#wanted(["waiting", "answered"]), {
      budget: left,
      reserve: Math.floor(budget * RETRY_SHARE),
      isLeftOut: (node) => health.isLeftOut(node, at),
      rank: (node) => health.rank(node),
      random,
    });
    const requests = plan.requests.map(({ node, trees, confirms }): QueuedRequest => {
      for (const tree of trees) this.#asked.get(tree)?.set(node, "waiting");
      return { node, trees, kind: kind ?? (confirms ? "confirm" : "cover") };
    });
    // What confirms can wait; what covers can not.
    const all = [...this.#queue, ...requests];
    this.#queue = [...all.filter(isUrgent), ...all.filter((request) => !isUrgent(request))];
    this.#send();
  }

  #send(): void {
    while (this.#connections() < CONNECTIONS_MAX) {
      const [request, ...rest] = this.#queue;
      if (!request) return;
      this.#queue = rest;
      this.#sent.requests += 1;
      if (request.kind === "hedge") this.#sent.hedged += 1;
      if (request.kind === "confirm") this.#sent.confirmations += 1;
      this.#call(request);
    }
  }

  #call({ node, trees, kind }: QueuedRequest): void {
    const { now, deadline, health, askOwn, askPeer } = this.#task;
    for (const tree of trees) this.#asked.get(tree)?.set(node, "waiting");
    const sentAt = now();
    const timeoutMs = deadline - sentAt;
    const controller = new AbortController();
    if (kind !== "own") health.sent(node, sentAt, timeoutMs);
    const outcome =
      kind === "own"
        ? askOwn(trees)
        : askPeer(node, trees, { timeoutMs, signal: controller.signal });
    const call: Call<A> = {
      node,
      trees,
      kind,
      sentAt,
      hedgeMs: Math.min(health.hedgeMs, timeoutMs * HEDGE_SHARE),
      controller,
      settled: outcome.then((value) => ({ call, outcome: value })),
      isLate: false,
    };
    this.#calls.add(call);
  }

  /** Waits until a node has answered or failed, or until something falls due after `at`. */
  async #next(at: number): Promise<Settled<A> | undefined> {
    const { now, sleep, deadline } = this.#task;
    const timer = new AbortController();
    const times = [...this.#calls].flatMap((call) => {
      if (!call.isLate) return call.sentAt + call.hedgeMs;
      return this.#queue.length > 0 ? call.sentAt + this.#patienceMs() : [];
    });
    const wakeAt = Math.min(deadline, ...times.filter((time) => time > at));
    const settled = await Promise.race([
      ...[...this.#calls].map((call) => call.settled),
      sleep(Math.max(0, wakeAt - now()), timer.signal).then(() => undefined),
    ]);
    timer.abort();
    return settled;
  }

  #settle({ call, outcome }: Settled<A>): void {
    const { now } = this.#task;
    this.#calls.delete(call);
    const { node, trees } = call;
    if (outcome.ok) {
      const pending = new Set(outcome.pending);
      for (const tree of trees) this.#mark(tree, node, pending.has(tree) ? "spent" : "answered");
      this.#answers.push({ node, trees, pending: outcome.pending, answer: outcome.answer });
      this.#judge(call, { kind: "answered", milliseconds: now() - call.sentAt });
    } else if (outcome.code === "misdirected" && this.#redirect(call)) {
      this.#judge(call, { kind: "dropped" });
    } else {
      for (const tree of trees) this.#mark(tree, node, "spent");
      const hadTime = outcome.code !== "timed-out" || this.#hadTime(call);
      this.#judge(call, hadTime ? { kind: "failed", code: outcome.code } : { kind: "dropped" });
    }
  }

  /** Whether the view has changed so that the node holds less than it was asked for: then it may be asked for the rest, once. */
  #redirect({ node, trees }: Call<A>): boolean {
    const held = trees.filter((tree) => this.#replicasOf(tree).includes(node));
    if (held.length === trees.length || this.#redirected.has(node)) return false;
    this.#redirected.add(node);
    for (const tree of trees) this.#asked.get(tree)?.delete(node);
    return true;
  }

  /** Stops counting on the calls that have taken longer than the hedge delay. Whether there are any. */
  #markLate(at: number): boolean {
    const late = [...this.#calls].filter(
      (call) => !call.isLate && at >= call.sentAt + call.hedgeMs,
    );
    for (const call of late) {
      call.isLate = true;
      for (const tree of call.trees) this.#mark(tree, call.node, "late");
    }
    return late.length > 0;
  }

  /** Where requests wait for a connection, takes it from late calls that are not needed, or have had their time. */
  #makeRoom(at: number): void {
    let wanted = this.#queue.length - (CONNECTIONS_MAX - this.#connections());
    for (const call of this.#calls) {
      if (wanted <= 0) return;
      const isOver = at >= call.sentAt + this.#patienceMs();
      const isOvertaken = call.trees.every((tree) => this.#isAnswered(tree));
      if (call.kind === "own" || !call.isLate || !(isOver || isOvertaken)) continue;
      this.#giveUp(call);
      wanted -= 1;
    }
  }

  #giveUp(call: Call<A>): void {
    this.#calls.delete(call);
    call.controller.abort();
    const isOvertaken = call.trees.every((tree) => this.#isAnswered(tree));
    for (const tree of call.trees) this.#mark(tree, call.node, "spent");
    if (!this.#hadTime(call)) this.#judge(call, { kind: "dropped" });
    else if (isOvertaken) this.#judge(call, { kind: "slow" });
    else this.#judge(call, { kind: "failed", code: "timed-out" });
  }

  /** A requester that hardly waits says nothing of the nodes that did not answer in time. */
  #hadTime(call: Call<A>): boolean {
    const { now, health } = this.#task;
    return call.isLate && now() - call.sentAt >= health.hedgeMs;
  }

  #judge({ node }: Call<A>, verdict: LookupVerdict): void {
    const { own, health, now } = this.#task;
    if (node !== own) health.judge(node, verdict, now());
  }

  /**
   * All that were asked have answered or failed; or those that have not are late, every tree is answered without
   * them, and no node is believed alone that a request under way could still confirm.
   */
  #isDone(): boolean {
    const open = [...this.#calls, ...this.#queue];
    if (open.length === 0) return true;
    const isAwaited = open.some(({ trees }) => trees.some((tree) => !this.#isAnswered(tree)));
    if (isAwaited) return false;
    const intime = open.filter((call) => !("isLate" in call && call.isLate));
    if (intime.some(({ kind }) => kind !== "hedge")) return false;
    return intime.length === 0 || !isBelievedAlone(this.#wanted(["answered"]));
  }

  #wanted(counted: readonly Asked[]): WantedTree[] {
    const { own } = this.#task;
    return [...this.#asked].map(([tree, asked]) => {
      const counts = [...asked].filter(([, state]) => counted.includes(state));
      const nodes = counts.map(([node]) => node);
      return {
        tree,
        holders: this.#replicasOf(tree).filter((node) => node !== own && !asked.has(node)),
        asked: nodes,
        trusted: nodes.includes(own),
      };
    });
  }

  #report(): LookupReport<A> {
    const isSpent = this.#sent.requests >= this.#task.budget;
    const unanswered = this.#wanted(["answered"]).filter(({ asked }) => asked.length === 0);
    const overBudget = unanswered.filter(({ holders }) => isSpent && holders.length > 0);
    return {
      answers: this.#answers,
      treesAnswered: new Set(this.#trees().filter((tree) => this.#isAnswered(tree))),
      overBudget: new Set(overBudget.map(({ tree }) => tree)),
      ...this.#sent,
    };
  }

  #isAnswered(tree: number): boolean {
    return [...(this.#asked.get(tree)?.values() ?? [])].includes("answered");
  }

  #mark(tree: number, node: NodeId, state: Asked): void {
    this.#asked.get(tree)?.set(node, state);
  }

  #trees(): number[] {
    return [...this.#asked.keys()];
  }

  #replicasOf(tree: number): readonly NodeId[] {
    const slot = this.#task.slots.get(tree);
    return slot === undefined ? [] : this.#task.replicasOf(slot);
  }

  /** The own node is asked without one. */
  #connections(): number {
    return [...this.#calls].filter(({ kind }) => kind !== "own").length;
  }

  #patienceMs(): number {
    return (this.#task.deadline - this.#startedAt) * PATIENCE_SHARE;
  }
}

function isUrgent({ kind }: QueuedRequest): boolean {
  return kind !== "confirm";
}
