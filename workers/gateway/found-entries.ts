/** What lookups found: entries of unproven origin, until their signatures are checked, best first. */
import {
  decodeEntry,
  estimate,
  isTombstone,
  toBase64Url,
  verifyEntry,
  type Entry,
  type FoundOrigin,
  type Member,
  type NodeId,
  type ProvenEntry,
  type RoutingPlan,
} from "../../protocol/index.ts";
import type { MemberContext } from "../node-context.ts";
import type { ReturnedOrigin } from "./lookup-client.ts";

/** An origin with the signature of its best entry that was verified. */
export type ProvenOrigin = FoundOrigin & ProvenEntry;

interface Unproven {
  readonly statement: Uint8Array;
  readonly entry: Entry;
  readonly estimate: number;
  readonly member: Member;
}

export class FoundEntries {
  readonly #node: MemberContext;
  readonly #plan: RoutingPlan;
  readonly #query: Uint8Array;
  /** By node, then by statement: replicas return the same entries. */
  readonly #byNode = new Map<NodeId, Map<string, Unproven>>();

  constructor(node: MemberContext, plan: RoutingPlan, query: Uint8Array) {
    this.#node = node;
    this.#plan = plan;
    this.#query = query;
  }

  /** Takes a statement that `node` is said to have signed. What can not be an entry of it is passed over. */
  add(node: NodeId, statement: Uint8Array): void {
    const text = toBase64Url(statement);
    const ofNode = this.#byNode.get(node) ?? new Map<string, Unproven>();
    const member = this.#node.view.live(node, this.#node.now());
    const decoded = decodeEntry(statement);
    if (ofNode.has(text) || !member || !decoded.ok) return;
    const entry = decoded.value;
    const isOurs =
      entry.node === node &&
      entry.domain === this.#plan.domainId &&
      entry.epoch === member.epoch &&
      entry.signature.length === this.#plan.symbols &&
      !isTombstone(entry);
    if (!isOurs) return;
    const similarity = estimate(this.#plan, this.#query, entry.signature);
    this.#byNode.set(node, ofNode.set(text, { statement, entry, estimate: similarity, member }));
  }

  /** Each origin with a provable entry, by its best one. What is found to be forged is forgotten. */
  async proven(): Promise<ProvenOrigin[]> {
    const origins = await Promise.all([...this.#byNode.values()].map((found) => this.#best(found)));
    return origins
      .filter((origin) => origin !== undefined)
      .toSorted((a, b) => b.estimate - a.estimate);
  }

  /** Of what one node returned, the best estimate of each origin with an entry that was not found to be forged. */
  credible(returned: readonly ReturnedOrigin[]): Map<NodeId, number> {
    const best = new Map<NodeId, number>();
    for (const { node, statements } of returned) {
      for (const statement of statements) {
        const known = this.#byNode.get(node)?.get(toBase64Url(statement));
        if (known) best.set(node, Math.max(known.estimate, best.get(node) ?? 0));
      }
    }
    return best;
  }

  async #best(found: Map<string, Unproven>): Promise<ProvenOrigin | undefined> {
    const bestFirst = [...found].toSorted(([, a], [, b]) => b.estimate - a.estimate);
    for (const [text, { statement, entry, estimate: value, member }] of bestFirst) {
      if (await verifyEntry(statement, entry, this.#node.mesh, member.key)) {
        const { node, name, key, originUrl, sealingKey } = member;
        const { signature } = entry;
        const target = { node, key, originUrl, sealingKey };
        return { ...target, organisation: name, estimate: value, signature };
      }
      found.delete(text);
    }
    return undefined;
  }
}
