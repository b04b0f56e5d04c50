/** What gossip came to, in all and with each peer: for people to see. */
import { z } from "zod";
import { nodeIdSchema, type NodeId } from "../protocol/index.ts";

const peerHealthSchema = z.object({
  node: nodeIdSchema,
  /** Milliseconds since 1970. */
  lastSuccessAt: z.number().optional(),
  lastFailureAt: z.number().optional(),
  /** Why it failed last. */
  lastFailure: z.string().optional(),
  /** Since the last success. */
  failures: z.int(),
  bytesSent: z.int(),
  bytesReceived: z.int(),
  /** How far its clock is ahead of ours, as its last answer said. */
  clockOffsetMs: z.number().optional(),
});
export type PeerHealth = z.infer<typeof peerHealthSchema>;
export const peerHealthListSchema = z.array(peerHealthSchema);

/** Bytes of bodies. */
export interface Traffic {
  readonly bytesSent: number;
  readonly bytesReceived: number;
}

export class PeerHealthBook {
  readonly #peers: Map<NodeId, PeerHealth>;

  constructor(peers: readonly PeerHealth[] = []) {
    this.#peers = new Map(peers.map((peer) => [peer.node, peer]));
  }

  list(): PeerHealth[] {
    return [...this.#peers.values()];
  }

  succeeded(node: NodeId, traffic: Traffic, at: number, clockOffsetMs?: number): void {
    this.#update(node, traffic, {
      lastSuccessAt: at,
      failures: 0,
      ...(clockOffsetMs !== undefined && { clockOffsetMs }),
    });
  }

  failed(node: NodeId, traffic: Traffic, at: number, lastFailure: string): void {
    const failures = (this.#peers.get(node)?.failures ?? 0) + 1;
    this.#update(node, traffic, { lastFailureAt: at, lastFailure, failures });
  }

  /** Forgets who is no longer there. */
  keepOnly(nodes: ReadonlySet<NodeId>): void {
    for (const node of this.#peers.keys()) {
      if (!nodes.has(node)) this.#peers.delete(node);
    }
  }

  #update(node: NodeId, traffic: Traffic, change: Partial<PeerHealth>): void {
    const known = this.#peers.get(node) ?? { node, failures: 0, bytesSent: 0, bytesReceived: 0 };
    this.#peers.set(node, {
      ...known,
      ...change,
      bytesSent: known.bytesSent + traffic.bytesSent,
      bytesReceived: known.bytesReceived + traffic.bytesReceived,
    });
  }
}
