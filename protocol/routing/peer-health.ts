/**
 * How other nodes answer lookups, as one isolate has seen it: which to leave out for a while (a circuit breaker
 * each), how long to wait before another is asked, and who withheld what others returned. Memory only; no clock.
 */
import { z } from "zod";
import { nodeIdSchema, type NodeId } from "../ids.ts";

/** Failures in a row after which a node is left out. */
export const FAILURES_TO_OPEN = 3;
/** A node that is merely overtaken by another may be well: it takes this many times to count as a failure. */
export const SLOW_PER_FAILURE = 3;
/** How long it is left out at first; doubled with every probe that fails. */
export const OPEN_MS = 10_000;
export const OPEN_MAX_MS = 300_000;

/** Lookups that the hedge delay is measured over. */
export const SAMPLES = 128;
/** Below so many the measure says little. */
export const SAMPLES_MIN = 20;
const HEDGE_QUANTILE = 0.95;
export const HEDGE_DEFAULT_MS = 300;
export const HEDGE_MIN_MS = 10;
/** Times kept of each node, for its report. */
const SAMPLES_OF_PEER = 32;
/** Whole answers after which a node that withheld something is as good as any: it may have lacked it in good faith. */
export const REDEEMING_ANSWERS = 100;

/** How a lookup at a node went. */
export type LookupVerdict =
  | { readonly kind: "answered"; readonly milliseconds: number }
  | { readonly kind: "failed"; readonly code: string }
  /** It did not answer within the hedge delay, and then another answered before it. */
  | { readonly kind: "slow" }
  /** Given up before it had the time to answer: says nothing of the node. */
  | { readonly kind: "dropped" };

export const peerHealthSchema = z.strictObject({
  node: nodeIdSchema,
  /** `open`: left out; `probing`: the next lookup, or one under way, decides. */
  state: z.enum(["closed", "open", "probing"]),
  /** Lookups in a row that failed, or were overtaken. */
  failures: z.int().min(0),
  /** Of the last answers; absent before the first. */
  p50Ms: z.number().min(0).optional(),
  p95Ms: z.number().min(0).optional(),
  /** Why the last one that failed did. */
  lastFailure: z.string().optional(),
  /** Answers that lacked entries which it should have had, by another's proven answer. */
  withheld: z.int().min(0),
});
export type PeerHealthReport = z.infer<typeof peerHealthSchema>;

interface PeerRecord {
  /** Where it was found. */
  address: string | undefined;
  failures: number;
  /** Failures in units of `1 / SLOW_PER_FAILURE`. */
  weight: number;
  lastFailure: string | undefined;
  withheld: number;
  /** Answers since the last that withheld something. */
  answersSince: number;
  readonly times: number[];
  /** Left out until then; undefined while closed. */
  openUntil: number | undefined;
  openMs: number;
  /** A probe is under way until then at the latest. */
  probingUntil: number;
}

export class PeerHealth {
  readonly #peers = new Map<NodeId, PeerRecord>();
  readonly #times: number[] = [];

  /** Says where the node is to be found: one that has moved is tried anew. */
  locate(node: NodeId, address: string): void {
    const peer = this.#peers.get(node);
    if (!peer || peer.address === address) return;
    if (peer.address !== undefined) Object.assign(peer, CLOSED);
    peer.address = address;
  }

  /** Whether the node is to be asked only where no other is left. */
  isLeftOut(node: NodeId, now: number): boolean {
    const peer = this.#peers.get(node);
    if (peer?.openUntil === undefined) return false;
    // Both ends, so that a clock that was set back does not leave it out for ever.
    const isOpen = now < peer.openUntil && peer.openUntil - now <= peer.openMs;
    return isOpen || now < peer.probingUntil;
  }

  /** Of equal choices the one of the lower rank is better: one that withheld nothing lately. */
  rank(node: NodeId): number {
    const peer = this.#peers.get(node);
    return peer && peer.withheld > 0 && peer.answersSince < REDEEMING_ANSWERS ? 1 : 0;
  }

  /** How long to wait for a node before others are asked for what it was asked for. */
  get hedgeMs(): number {
    if (this.#times.length < SAMPLES_MIN) return HEDGE_DEFAULT_MS;
    return Math.max(HEDGE_MIN_MS, quantile(this.#times, HEDGE_QUANTILE) ?? HEDGE_DEFAULT_MS);
  }

  /** A lookup is sent to the node: if it is due a probe, this is it. */
  sent(node: NodeId, now: number, timeoutMs: number): void {
    const peer = this.#peers.get(node);
    // Bounded, because a query that is cut off reports no verdict.
    if (peer?.openUntil !== undefined && now >= peer.openUntil) peer.probingUntil = now + timeoutMs;
  }

  /** What became of a lookup that was sent to the node. */
  judge(node: NodeId, verdict: LookupVerdict, now: number): void {
    const peer = this.#peerOf(node);
    peer.probingUntil = 0;
    switch (verdict.kind) {
      case "dropped":
        return;
      case "answered":
        keepLast(peer.times, verdict.milliseconds, SAMPLES_OF_PEER);
        keepLast(this.#times, verdict.milliseconds, SAMPLES);
        peer.answersSince += 1;
        Object.assign(peer, CLOSED);
        return;
      case "slow":
        // It would have taken at least this long: without it, the delay measured would shrink with every hedge.
        keepLast(this.#times, this.hedgeMs, SAMPLES);
        this.#fail(peer, "slow", 1, now);
        return;
      case "failed":
        this.#fail(peer, verdict.code, SLOW_PER_FAILURE, now);
        return;
    }
  }

  /** The node's answer lacked what another proved that it should have. */
  withheld(node: NodeId): void {
    const peer = this.#peerOf(node);
    peer.withheld += 1;
    peer.answersSince = 0;
  }

  /** Every node asked so far. */
  report(now: number): PeerHealthReport[] {
    return [...this.#peers].map(([node, peer]) => ({
      node,
      state: peer.openUntil === undefined ? "closed" : now < peer.openUntil ? "open" : "probing",
      failures: peer.failures,
      withheld: peer.withheld,
      ...timesOf(peer.times),
      ...(peer.lastFailure !== undefined && { lastFailure: peer.lastFailure }),
    }));
  }

  #fail(peer: PeerRecord, code: string, weight: number, now: number): void {
    peer.failures += 1;
    peer.weight += weight;
    peer.lastFailure = code;
    if (peer.openUntil !== undefined && now >= peer.openUntil) {
      // The probe failed.
      peer.openMs = Math.min(2 * peer.openMs, OPEN_MAX_MS);
      peer.openUntil = now + peer.openMs;
    } else if (peer.openUntil === undefined && peer.weight >= FAILURES_TO_OPEN * SLOW_PER_FAILURE) {
      peer.openMs = OPEN_MS;
      peer.openUntil = now + OPEN_MS;
    }
  }

  #peerOf(node: NodeId): PeerRecord {
    const known = this.#peers.get(node);
    if (known) return known;
    const made = {
      ...CLOSED,
      address: undefined,
      lastFailure: undefined,
      withheld: 0,
      answersSince: 0,
      times: [],
    };
    this.#peers.set(node, made);
    return made;
  }
}

const CLOSED = {
  failures: 0,
  weight: 0,
  openUntil: undefined,
  openMs: OPEN_MS,
  probingUntil: 0,
};

function keepLast(times: number[], time: number, count: number): void {
  times.push(time);
  if (times.length > count) times.shift();
}

function timesOf(times: readonly number[]): Pick<PeerHealthReport, "p50Ms" | "p95Ms"> {
  const p50Ms = quantile(times, 0.5);
  const p95Ms = quantile(times, HEDGE_QUANTILE);
  return p50Ms === undefined || p95Ms === undefined ? {} : { p50Ms, p95Ms };
}

/** The least of `times` that at least the share `q` of them do not exceed. */
function quantile(times: readonly number[], q: number): number | undefined {
  return times.toSorted((a, b) => a - b)[Math.max(0, Math.ceil(q * times.length) - 1)];
}
