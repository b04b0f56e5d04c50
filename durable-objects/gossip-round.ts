/** One round of gossip: a few peers are met at once, and what each side lacks is exchanged. */
import {
  BUCKETS,
  callPeer,
  choosePeers,
  GOSSIP_MAX_BYTES,
  gossipResponseSchema,
  GossipExchange,
  hasLeft,
  joinResponseSchema,
  PEERS_PER_ROUND,
  PROVING_STATEMENTS_MAX,
  provingStatements,
  utf8Bytes,
  type Caller,
  type GossipItem,
  type GossipStore,
  type MembershipView,
  type PeerTarget,
  type Statement,
} from "../protocol/index.ts";
import type { PeerHealthBook } from "./peer-health.ts";

/** Requests to one peer in one round: 4,000 statements each way. More differ only where a node is new. */
const REQUESTS_MAX = 16;
const TIMEOUT_MS = 10_000;
/**
 * How often a round also calls someone whose lease is over: after a partition that outlasted the leases the
 * halves would not meet otherwise.
 */
const LAPSED_CHANCE = 1 / 8;
const JOIN_RESPONSE_MAX_BYTES = 1_048_576;

/** What a round works with. */
export interface RoundContext {
  readonly store: GossipStore<Statement>;
  readonly view: MembershipView;
  readonly caller: Caller;
  readonly health: PeerHealthBook;
  readonly takeNews: () => readonly GossipItem<Statement>[];
  /** Verifies and merges; says how many were new. */
  readonly learn: (statements: readonly Statement[]) => Promise<number>;
  /** In [0, 1). */
  readonly random: () => number;
}

export interface RoundReport {
  /** Peers that were called. */
  readonly peers: number;
  /** Those of them that held the same in the end. */
  readonly inSync: number;
  readonly requests: number;
  /** Statements that were new here. */
  readonly learnt: number;
  /** Of bodies. */
  readonly bytesSent: number;
  readonly bytesReceived: number;
}

export const NO_ROUND: RoundReport = {
  peers: 0,
  inSync: 0,
  requests: 0,
  learnt: 0,
  bytesSent: 0,
  bytesReceived: 0,
};

export async function gossipRound(context: RoundContext): Promise<RoundReport> {
  const { view, caller, random } = context;
  const self = caller.identity.node;
  const peers = choosePeers(
    view.members.filter(({ node }) => node !== self),
    PEERS_PER_ROUND,
    random,
  );
  const lapsed = view.lapsed.filter((member) => member.node !== self && !hasLeft(member));
  const isTimeForLapsed = peers.length === 0 || random() < LAPSED_CHANCE;
  const reports = await Promise.all([
    ...peers.map((peer) => meet(context, peer)),
    ...(isTimeForLapsed ? choosePeers(lapsed, 1, random) : []).map((peer) => join(context, peer)),
  ]);
  return reports.reduce(addReports, NO_ROUND);
}

export function addReports(a: RoundReport, b: RoundReport): RoundReport {
  return {
    peers: a.peers + b.peers,
    inSync: a.inSync + b.inSync,
    requests: a.requests + b.requests,
    learnt: a.learnt + b.learnt,
    bytesSent: a.bytesSent + b.bytesSent,
    bytesReceived: a.bytesReceived + b.bytesReceived,
  };
}

async function meet(context: RoundContext, peer: PeerTarget): Promise<RoundReport> {
  const { store, caller, health, takeNews, learn, random } = context;
  const exchange = new GossipExchange(store, Math.floor(random() * BUCKETS));
  let report: RoundReport = { ...NO_ROUND, peers: 1 };
  let request: ReturnType<typeof exchange.next> = exchange.open(takeNews());
  while (request && report.requests < REQUESTS_MAX) {
    const startedAt = caller.now();
    const { result, ...traffic } = await callPeer(
      caller,
      peer,
      {
        method: "POST",
        path: "/v1/peer/gossip",
        body: utf8Bytes(JSON.stringify(request)),
        maxBytes: GOSSIP_MAX_BYTES,
        timeoutMs: TIMEOUT_MS,
      },
      gossipResponseSchema,
    );
    const endedAt = caller.now();
    report = addReports(report, { ...NO_ROUND, requests: 1, ...traffic });
    if (!result.ok) {
      health.failed(peer.node, traffic, endedAt, result.error.code);
      // It may not know us, or no more: what makes us a member is what we tell it then.
      return result.error.code === "forbidden"
        ? addReports(report, await join(context, peer))
        : report;
    }
    const offset = Math.round(result.value.now - (startedAt + endedAt) / 2);
    health.succeeded(peer.node, traffic, endedAt, offset);
    const learnt = await learn(result.value.statements);
    report = addReports(report, { ...NO_ROUND, learnt });
    request = exchange.next(result.value);
  }
  return addReports(report, { ...NO_ROUND, inSync: exchange.isEqual ? 1 : 0 });
}

/** Tells one that does not count us, or whom we do not count, a live member what makes us one. */
async function join(
  { view, caller, health, learn }: RoundContext,
  peer: PeerTarget,
): Promise<RoundReport> {
  const statements = provingStatements(view, [caller.identity.node], PROVING_STATEMENTS_MAX);
  if (statements.length === 0) return NO_ROUND;
  const { result, ...traffic } = await callPeer(
    caller,
    peer,
    {
      method: "POST",
      path: "/v1/peer/join",
      body: utf8Bytes(JSON.stringify({ statements })),
      maxBytes: JOIN_RESPONSE_MAX_BYTES,
      timeoutMs: TIMEOUT_MS,
    },
    joinResponseSchema,
  );
  const report: RoundReport = { ...NO_ROUND, peers: 1, requests: 1, ...traffic };
  if (!result.ok) {
    health.failed(peer.node, traffic, caller.now(), result.error.code);
    return report;
  }
  health.succeeded(peer.node, traffic, caller.now());
  return { ...report, learnt: await learn(result.value.statements) };
}
