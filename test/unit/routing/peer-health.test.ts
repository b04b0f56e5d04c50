import { describe, expect, it } from "vitest";
import {
  FAILURES_TO_OPEN,
  HEDGE_DEFAULT_MS,
  HEDGE_MIN_MS,
  OPEN_MAX_MS,
  OPEN_MS,
  PeerHealth,
  peerHealthSchema,
  REDEEMING_ANSWERS,
  SAMPLES,
  SAMPLES_MIN,
  SLOW_PER_FAILURE,
} from "../../../protocol/routing/peer-health.ts";
import { nodeNamed } from "../support/fake-peers.ts";

const node = nodeNamed("a");
const failure = { kind: "failed", code: "unreachable" } as const;
const slow = { kind: "slow" } as const;
const answer = (milliseconds = 20) => ({ kind: "answered", milliseconds }) as const;

function afterFailures(count: number, at = 0): PeerHealth {
  const health = new PeerHealth();
  for (let i = 0; i < count; i++) health.judge(node, failure, at);
  return health;
}

/** A probe at `at`, that fails. */
function failProbe(health: PeerHealth, at: number): void {
  health.sent(node, at, 1000);
  health.judge(node, failure, at);
}

describe("the circuit breaker of a node", () => {
  it("P-77: opens at the third failure in a row, not at the second", () => {
    expect(afterFailures(FAILURES_TO_OPEN - 1).isLeftOut(node, 0)).toBe(false);
    expect(afterFailures(FAILURES_TO_OPEN).isLeftOut(node, 0)).toBe(true);
  });

  it("P-77: an answer between failures starts the count anew", () => {
    const health = afterFailures(FAILURES_TO_OPEN - 1);
    health.judge(node, answer(), 0);
    for (let i = 0; i < FAILURES_TO_OPEN - 1; i++) health.judge(node, failure, 0);
    expect(health.isLeftOut(node, 0)).toBe(false);
  });

  it("P-77: leaves the node out for ten seconds, then admits one probe at a time", () => {
    const health = afterFailures(FAILURES_TO_OPEN);
    expect(health.isLeftOut(node, OPEN_MS - 1)).toBe(true);
    expect(health.isLeftOut(node, OPEN_MS)).toBe(false);
    health.sent(node, OPEN_MS, 1000);
    expect(health.isLeftOut(node, OPEN_MS + 999)).toBe(true);
    // A query that was cut off says nothing: another probe is admitted once its time is over.
    expect(health.isLeftOut(node, OPEN_MS + 1000)).toBe(false);
  });

  it("P-77: doubles the time with every probe that fails, up to five minutes", () => {
    const health = afterFailures(FAILURES_TO_OPEN);
    let at = 0;
    let openMs = OPEN_MS;
    for (let i = 0; i < 10; i++) {
      expect(health.isLeftOut(node, at + openMs - 1)).toBe(true);
      expect(health.isLeftOut(node, at + openMs)).toBe(false);
      at += openMs;
      failProbe(health, at);
      openMs = Math.min(2 * openMs, OPEN_MAX_MS);
    }
    expect(openMs).toBe(OPEN_MAX_MS);
  });

  it("P-77: a probe that ends when its time is over has failed too", () => {
    const health = afterFailures(FAILURES_TO_OPEN);
    health.sent(node, OPEN_MS, 1000);
    health.judge(node, failure, OPEN_MS + 1000);
    expect(health.isLeftOut(node, 3 * OPEN_MS + 999)).toBe(true);
    expect(health.isLeftOut(node, 3 * OPEN_MS + 1000)).toBe(false);
  });

  it("P-77: a failure of a node that was asked although it is left out does not prolong that", () => {
    const health = afterFailures(FAILURES_TO_OPEN + 5);
    expect(health.isLeftOut(node, OPEN_MS)).toBe(false);
  });

  it("P-77: closes with an answer, and starts from ten seconds again", () => {
    const health = afterFailures(FAILURES_TO_OPEN);
    failProbe(health, OPEN_MS);
    health.judge(node, answer(), OPEN_MS + 1);
    expect(health.isLeftOut(node, OPEN_MS + 1)).toBe(false);
    for (let i = 0; i < FAILURES_TO_OPEN; i++) health.judge(node, failure, 50_000);
    expect(health.isLeftOut(node, 50_000 + OPEN_MS)).toBe(false);
  });

  it("P-77: being overtaken counts a third of a failure", () => {
    const health = new PeerHealth();
    for (let i = 1; i < FAILURES_TO_OPEN * SLOW_PER_FAILURE; i++) health.judge(node, slow, 0);
    expect(health.isLeftOut(node, 0)).toBe(false);
    health.judge(node, slow, 0);
    expect(health.isLeftOut(node, 0)).toBe(true);
  });

  it("P-77: a lookup that was dropped says nothing of the node", () => {
    const health = afterFailures(FAILURES_TO_OPEN - 1);
    health.judge(node, { kind: "dropped" }, 0);
    expect(health.isLeftOut(node, 0)).toBe(false);
    health.judge(node, failure, 0);
    expect(health.isLeftOut(node, 0)).toBe(true);
  });

  it("P-77: a node that has moved to another address is tried anew", () => {
    const health = afterFailures(FAILURES_TO_OPEN);
    health.locate(node, "https://one.example");
    expect(health.isLeftOut(node, 0)).toBe(true);
    health.locate(node, "https://one.example");
    expect(health.isLeftOut(node, 0)).toBe(true);
    health.locate(node, "https://two.example");
    expect(health.isLeftOut(node, 0)).toBe(false);
  });

  it("P-77: a clock that was set back leaves no one out for longer", () => {
    const health = afterFailures(FAILURES_TO_OPEN, 1_000_000);
    expect(health.isLeftOut(node, 1_000_000 - OPEN_MAX_MS)).toBe(false);
  });
});

describe("the hedge delay", () => {
  it("P-79: is measured once there are twenty lookups", () => {
    const health = new PeerHealth();
    for (let i = 1; i < SAMPLES_MIN; i++) health.judge(node, answer(70), 0);
    expect(health.hedgeMs).toBe(HEDGE_DEFAULT_MS);
    health.judge(node, answer(70), 0);
    expect(health.hedgeMs).toBe(70);
  });

  it("P-79: is what 95 of 100 lookups take, of the last 128, and ten milliseconds at least", () => {
    const health = new PeerHealth();
    for (let i = 1; i <= 100; i++) health.judge(node, answer(i + 100), 0);
    expect(health.hedgeMs).toBe(195);
    for (let i = 0; i < SAMPLES; i++) health.judge(node, answer(1), 0);
    expect(health.hedgeMs).toBe(HEDGE_MIN_MS);
  });

  it("P-79: does not shrink because the slowest are given up when it is over", () => {
    const health = new PeerHealth();
    for (let i = 1; i <= SAMPLES; i++) health.judge(node, answer(i), 0);
    const { hedgeMs } = health;
    for (let i = 1; i <= 4 * SAMPLES; i++) {
      const milliseconds = ((i - 1) % SAMPLES) + 1;
      const isGivenUp = milliseconds > hedgeMs;
      health.judge(node, isGivenUp ? slow : answer(milliseconds), 0);
    }
    expect(health.hedgeMs).toBe(hedgeMs);
  });
});

describe("the report of a node's health", () => {
  it("says how it answers, why it failed, and whether it is left out", () => {
    const health = new PeerHealth();
    for (let i = 1; i <= 20; i++) health.judge(node, answer(i), 0);
    for (let i = 0; i < FAILURES_TO_OPEN; i++) health.judge(node, failure, 0);
    const [report] = health.report(0);
    expect(peerHealthSchema.parse(report)).toEqual({
      node,
      state: "open",
      failures: FAILURES_TO_OPEN,
      p50Ms: 10,
      p95Ms: 19,
      lastFailure: "unreachable",
      withheld: 0,
    });
    expect(health.report(OPEN_MS)[0]?.state).toBe("probing");
    expect(new PeerHealth().report(0)).toEqual([]);
  });

  it("P-78: counts what it withheld, and ranks it behind others until it has answered a while without", () => {
    const health = new PeerHealth();
    expect(health.rank(node)).toBe(0);
    health.withheld(node);
    for (let i = 1; i < REDEEMING_ANSWERS; i++) health.judge(node, answer(), 0);
    expect(health.rank(node)).toBe(1);
    health.judge(node, answer(), 0);
    expect(health.rank(node)).toBe(0);
    expect(health.report(0)[0]?.withheld).toBe(1);
  });
});
