/** Nodes that answer lookups as a test says, on a virtual clock. */
import { toBase64Url } from "../../../protocol/bytes.ts";
import { nodeIdSchema, type NodeId } from "../../../protocol/ids.ts";
import type { LookupReport, LookupTask } from "../../../protocol/routing/lookup-task.ts";
import { PeerHealth } from "../../../protocol/routing/peer-health.ts";
import { runLookup } from "../../../protocol/routing/run-lookup.ts";
import { bytesFrom, seededRandom } from "./random.ts";
import { VirtualClock } from "./virtual-clock.ts";

export interface Behaviour {
  /** Infinity: it hangs. */
  readonly milliseconds?: number;
  /** Why it fails. */
  readonly code?: string;
  readonly pending?: readonly number[];
}

export interface SeenCall {
  readonly node: NodeId;
  readonly trees: readonly number[];
  readonly at: number;
  readonly timeoutMs: number;
  /** When it was answered or given up. */
  endedAt: number;
  isAborted: boolean;
}

export const nodeNamed = (name: string): NodeId =>
  nodeIdSchema.parse(toBase64Url(bytesFrom(`node ${name}`)));

export const OWN = nodeNamed("own");
const USUAL_MS = 20;

export class FakePeers {
  readonly clock = new VirtualClock();
  readonly health = new PeerHealth();
  readonly calls: SeenCall[] = [];
  readonly ownTrees: number[] = [];
  /** What the first nodes asked do, whichever they are; those after them do as they were told. */
  script: readonly Behaviour[] = [];
  /** By slot; each slot is that of the tree of the same number. */
  replicas: readonly (readonly NodeId[])[];
  readonly #behaviour = new Map<NodeId, Behaviour>();
  readonly #random = seededRandom(11);

  constructor(replicas: readonly (readonly NodeId[])[]) {
    this.replicas = replicas;
  }

  /** From now on. */
  let(node: NodeId, behaviour: Behaviour): void {
    this.#behaviour.set(node, behaviour);
  }

  /** Runs one lookup of all trees; the answer of a node is its name. */
  lookup(changes: Partial<LookupTask<NodeId>> = {}): Promise<LookupReport<NodeId>> {
    const startedAt = this.clock.now();
    return this.clock.run(
      runLookup<NodeId>({
        slots: new Map(this.replicas.map((_, tree) => [tree, tree])),
        replicasOf: (slot) => this.replicas[slot] ?? [],
        own: OWN,
        budget: 26,
        deadline: startedAt + 5000,
        health: this.health,
        now: this.clock.now,
        sleep: this.clock.sleep,
        random: this.#random,
        askOwn: async (trees) => {
          this.ownTrees.push(...trees);
          const { code, pending = [], milliseconds = 1 } = this.#behaviour.get(OWN) ?? {};
          await this.clock.sleep(milliseconds);
          return code === undefined ? { ok: true, answer: OWN, pending } : { ok: false, code };
        },
        askPeer: (node, trees, limits) => this.answer(node, trees, limits),
        ...changes,
      }),
    );
  }

  /** Enough quick answers of some other node that the hedge delay is a measured one. */
  warmUp(milliseconds = USUAL_MS): void {
    for (let i = 0; i < 128; i++)
      this.health.judge(nodeNamed("elsewhere"), { kind: "answered", milliseconds }, 0);
  }

  callsTo(node: NodeId): SeenCall[] {
    return this.calls.filter((call) => call.node === node);
  }

  /** The most calls that were under way at once. */
  get mostAtOnce(): number {
    return Math.max(
      0,
      ...this.calls.map(
        ({ at }) => this.calls.filter((other) => other.at <= at && at < other.endedAt).length,
      ),
    );
  }

  /** What the node does when it is asked. */
  async answer(
    node: NodeId,
    trees: readonly number[],
    { timeoutMs, signal }: { readonly timeoutMs: number; readonly signal: AbortSignal },
  ): ReturnType<LookupTask<NodeId>["askPeer"]> {
    const at = this.clock.now();
    const call: SeenCall = { node, trees, at, timeoutMs, endedAt: Infinity, isAborted: false };
    this.calls.push(call);
    const told = this.script[this.calls.length - 1] ?? this.#behaviour.get(node);
    const { milliseconds = USUAL_MS, code, pending = [] } = told ?? {};
    await this.clock.sleep(Math.min(milliseconds, timeoutMs), signal);
    call.endedAt = this.clock.now();
    call.isAborted = signal.aborted;
    if (signal.aborted || milliseconds > timeoutMs) return { ok: false, code: "timed-out" };
    if (code !== undefined) return { ok: false, code };
    return { ok: true, answer: node, pending: pending.filter((tree) => trees.includes(tree)) };
  }
}
