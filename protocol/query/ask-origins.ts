/**
 * Asking origins: best estimate first, a few at a time, until it is likely that none could improve the top k. Used
 * by the gateway and by a client that calls origins itself; how one origin is asked is passed in.
 */
import type { OriginReport, OriginStatus, QueryEvent } from "../messages/query.ts";
import type { Problem } from "../http/problem.ts";
import type { Receipt } from "../audit/receipt.ts";
import type { NodeId } from "../ids.ts";
import type { Aggregate, OutcomeResult } from "../signed/answer.ts";
import type { Issue } from "../result.ts";
import { kthSimilarity } from "./ranking.ts";
import { confidenceOf, STOP_CONFIDENCE } from "./stop-rule.ts";

export interface OriginCandidate {
  readonly node: NodeId;
  readonly organisation: string;
  /** Similarity of its best entry to the query, estimated from signatures. */
  readonly estimate: number;
}

/** How one origin answered. */
export interface OriginOutcome {
  readonly status: Exclude<OriginStatus, "not-needed" | "over-limit">;
  readonly results: readonly OutcomeResult[];
  readonly aggregate?: Aggregate | undefined;
  readonly warnings: readonly Issue[];
  readonly bytesSent: number;
  readonly bytesReceived: number;
  readonly problem?: Problem | undefined;
  /** Verified. */
  readonly receipt?: Receipt | undefined;
}

export interface AskOptions<C extends OriginCandidate> {
  readonly k: number;
  readonly maxOrigins: number;
  /** Ask on even where no origin can improve the answer. */
  readonly exhaustive: boolean;
  /** Asked at once; a Worker may wait for six connections. */
  readonly concurrency: number;
  /** Standard deviation of the estimate of an outcome of that similarity. */
  readonly deviation: (similarity: number) => number;
  readonly now: () => number;
  /** Never rejects: every failure is an outcome. */
  readonly ask: (candidate: C) => Promise<OriginOutcome>;
}

type OriginEvent = Extract<QueryEvent, { type: "origin" }>;

/** What is known of one origin when the asking is over. */
export interface AskedOrigin {
  readonly report: OriginReport;
  readonly results: readonly OutcomeResult[];
  readonly warnings: readonly Issue[];
}

/**
 * Asks `candidates` (in the order given), yielding an event as each answers; returns all of them, also
 * those not asked, in the order given.
 */
export async function* askOrigins<C extends OriginCandidate>(
  candidates: readonly C[],
  options: AskOptions<C>,
): AsyncGenerator<OriginEvent, AskedOrigin[]> {
  const asked = new Map<NodeId, AskedOrigin>();
  const running = new Map<NodeId, Promise<AskedOrigin>>();
  const open = candidates.slice(0, options.maxOrigins);
  let next = 0;
  for (;;) {
    while (running.size < options.concurrency) {
      const candidate = open[next];
      if (!candidate || isEnough(candidates.slice(next), asked, options)) break;
      next += 1;
      running.set(candidate.node, askOne(candidate, options));
    }
    if (running.size === 0) break;
    const done = await Promise.race(running.values());
    running.delete(done.report.node);
    asked.set(done.report.node, done);
    yield { type: "origin", origin: done.report, results: [...done.results] };
  }
  return candidates.map((candidate, i) => {
    const known = asked.get(candidate.node);
    if (known) return known;
    const status = i < options.maxOrigins ? "not-needed" : "over-limit";
    return { report: reportOf(candidate, status), results: [], warnings: [] };
  });
}

/** Whether the rest may be left out. Those under way count as answered: what they say is waited for. */
function isEnough<C extends OriginCandidate>(
  rest: readonly C[],
  asked: ReadonlyMap<NodeId, AskedOrigin>,
  options: AskOptions<C>,
): boolean {
  if (options.exhaustive) return false;
  const kth = kthSimilarity([...asked.values()], options.k);
  if (kth === undefined) return false;
  const estimates = rest.map(({ estimate }) => estimate);
  return confidenceOf(estimates, kth, options.deviation(kth)) >= STOP_CONFIDENCE;
}

async function askOne<C extends OriginCandidate>(
  candidate: C,
  options: AskOptions<C>,
): Promise<AskedOrigin> {
  const startedAt = options.now();
  const outcome = await options.ask(candidate);
  const report = {
    ...reportOf(candidate, outcome.status),
    results: outcome.results.length,
    ...(outcome.aggregate && { aggregate: outcome.aggregate }),
    milliseconds: Math.max(0, options.now() - startedAt),
    bytesSent: outcome.bytesSent,
    bytesReceived: outcome.bytesReceived,
    ...(outcome.problem && { problem: outcome.problem }),
    ...(outcome.receipt && { receipt: outcome.receipt }),
  };
  return { report, results: outcome.results, warnings: outcome.warnings };
}

function reportOf(candidate: OriginCandidate, status: OriginStatus): OriginReport {
  return {
    node: candidate.node,
    organisation: candidate.organisation,
    estimate: candidate.estimate,
    status,
    results: 0,
    milliseconds: 0,
    bytesSent: 0,
    bytesReceived: 0,
  };
}
