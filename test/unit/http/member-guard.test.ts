import { describe, expect, it } from "vitest";
import {
  MemberGuard,
  rateLimitHeaders,
  requireAdmitted,
  type Floors,
  type GuardedRequest,
  type GuardVerdict,
} from "../../../protocol/http/member-guard.ts";
import { CLOCK_SKEW_S, REQUEST_MAX_AGE_S } from "../../../protocol/http/message-signature.ts";
import { Refusal } from "../../../protocol/http/problem.ts";
import type { NodeId } from "../../../protocol/ids.ts";
import { alice, bob, NOW } from "../support/identities.ts";

const CREATED = NOW / 1000;
const PLENTY = 6000;
const request: GuardedRequest = { node: alice.node, nonce: "n1", created: CREATED };

class MemoryFloors implements Floors {
  readonly held = new Map<NodeId, number>();
  writes = 0;
  get(node: NodeId): number | undefined {
    return this.held.get(node);
  }
  set(node: NodeId, floor: number): void {
    this.writes += 1;
    this.held.set(node, floor);
  }
}

function codesOf(guard: MemberGuard, requests: readonly Partial<GuardedRequest>[], now = NOW) {
  return requests.map((change) => guard.admit({ ...request, ...change }, now, PLENTY).code);
}

/** Of a request created so many seconds later. */
function at(seconds: number) {
  return { nonce: `at ${seconds}`, created: CREATED + seconds };
}

describe("replays", () => {
  it("P-48: a nonce is admitted once", () => {
    const guard = new MemberGuard(new MemoryFloors());
    expect(codesOf(guard, [{}, {}])).toEqual(["admitted", "replayed"]);
    expect(codesOf(guard, [{}], NOW + 1000)).toEqual(["replayed"]);
  });

  it("P-48: senders are kept apart, and nonces", () => {
    const guard = new MemberGuard(new MemoryFloors());
    expect(codesOf(guard, [{}, { node: bob.node }, { nonce: "n2" }])).toEqual([
      "admitted",
      "admitted",
      "admitted",
    ]);
  });

  it("P-48: a nonce is remembered for as long as its request could be accepted again", () => {
    const guard = new MemberGuard(new MemoryFloors());
    // Created a minute ahead of this clock, so first acceptable now; last acceptable at its greatest age.
    const ahead = { created: CREATED + CLOCK_SKEW_S };
    const lastAt = NOW + (2 * CLOCK_SKEW_S + REQUEST_MAX_AGE_S) * 1000;
    expect(codesOf(guard, [ahead])).toEqual(["admitted"]);
    expect(codesOf(guard, [ahead], lastAt - 1)).toEqual(["replayed"]);
    expect(codesOf(guard, [ahead], lastAt)).toEqual(["admitted"]);
  });

  it("P-48: after a restart, nothing is admitted that may have been before; what comes later is", () => {
    const floors = new MemoryFloors();
    codesOf(new MemberGuard(floors), [{}]);
    const restarted = new MemberGuard(floors);
    expect(restarted.admit(request, NOW, PLENTY)).toEqual({ code: "unsure", retryAfterS: 6 });
    expect(codesOf(restarted, [at(-1), at(5), at(6)])).toEqual(["unsure", "unsure", "admitted"]);
    expect(codesOf(restarted, [{ node: bob.node }])).toEqual(["admitted"]);
  });

  it("P-48: requests may overtake each other while the guard runs", () => {
    const guard = new MemberGuard(new MemoryFloors());
    expect(codesOf(guard, [at(30), at(0), at(-200)])).toEqual(["admitted", "admitted", "admitted"]);
  });

  it("P-48: a busy member costs a write every six seconds of its clock, and one write each", () => {
    const floors = new MemoryFloors();
    const guard = new MemberGuard(floors);
    for (let i = 0; i < 600; i++) {
      codesOf(guard, [{ nonce: String(i), created: CREATED + Math.floor(i / 10) }]);
    }
    expect(floors.writes).toBe(10);
  });

  it("P-48: after an orderly end, the next guard refuses no later than the last request", () => {
    const floors = new MemoryFloors();
    const guard = new MemberGuard(floors);
    codesOf(guard, [{}, { nonce: "n2", created: CREATED + 2 }, { nonce: "n3", created: CREATED }]);
    guard.settle();
    const next = new MemberGuard(floors);
    expect(codesOf(next, [at(2), at(3)])).toEqual(["unsure", "admitted"]);
    // One that admitted nothing leaves what it found.
    new MemberGuard(floors).settle();
    expect(floors.held.get(alice.node)).toBe(CREATED + 8);
  });

  it("P-48: nonces that there is no room for are not admitted again either", () => {
    const guard = new MemberGuard(new MemoryFloors(), 2);
    expect(codesOf(guard, [at(0), at(1), { ...at(2), node: bob.node }])).toEqual([
      "admitted",
      "admitted",
      "admitted",
    ]);
    expect(codesOf(guard, [at(0), at(1), { ...at(2), node: bob.node }])).toEqual([
      "unsure",
      "replayed",
      "replayed",
    ]);
  });
});

function refusalOf(verdict: GuardVerdict): Response {
  try {
    requireAdmitted(verdict);
  } catch (error) {
    if (error instanceof Refusal) return error.toResponse();
  }
  throw new Error("it was not refused");
}

describe("rates", () => {
  it("P-73: a member may send its rate at once, and not one more", () => {
    const guard = new MemberGuard(new MemoryFloors());
    const send = (i: number, now = NOW) => guard.admit({ ...request, nonce: String(i) }, now, 3);
    expect([0, 1, 2].map((i) => send(i))).toEqual([
      { code: "admitted", quota: { perMinute: 3, remaining: 2, resetS: 20 } },
      { code: "admitted", quota: { perMinute: 3, remaining: 1, resetS: 40 } },
      { code: "admitted", quota: { perMinute: 3, remaining: 0, resetS: 60 } },
    ]);
    expect(send(3)).toEqual({
      code: "rate-limited",
      quota: { perMinute: 3, remaining: 0, resetS: 60 },
      retryAfterS: 20,
    });
    expect(send(3, NOW + 19_999).code).toBe("rate-limited");
    expect(send(3, NOW + 20_000).code).toBe("admitted");
  });

  it("P-73: what one member sends costs another nothing", () => {
    const guard = new MemberGuard(new MemoryFloors());
    const send = (node: NodeId, nonce: string) => guard.admit({ ...request, node, nonce }, NOW, 1);
    expect(send(alice.node, "a").code).toBe("admitted");
    expect(send(alice.node, "b").code).toBe("rate-limited");
    expect(send(bob.node, "a").code).toBe("admitted");
  });

  it("P-73: what others send again in a member's name costs it nothing", () => {
    const guard = new MemberGuard(new MemoryFloors());
    const send = (nonce: string) => guard.admit({ ...request, nonce }, NOW, 2).code;
    expect(["a", "a", "a", "a", "b"].map(send)).toEqual([
      "admitted",
      "replayed",
      "replayed",
      "replayed",
      "admitted",
    ]);
  });

  it("P-73: no more than a minute's worth is saved up, and a clock set back gives nothing", () => {
    const guard = new MemberGuard(new MemoryFloors());
    const send = (nonce: string, now: number) => guard.admit({ ...request, nonce }, now, 2).code;
    expect(send("a", NOW)).toBe("admitted");
    const later = NOW + 400_000;
    expect(["b", "c", "d"].map((nonce) => send(nonce, later))).toEqual([
      "admitted",
      "admitted",
      "rate-limited",
    ]);
    expect(send("e", NOW)).toBe("rate-limited");
  });

  it("P-73: header fields say what is left, and a refusal when to come again", () => {
    const quota = { perMinute: 600, remaining: 7, resetS: 60 };
    expect(rateLimitHeaders(quota)).toEqual({
      "ratelimit-policy": '"member";q=600;w=60',
      ratelimit: '"member";r=7;t=60',
    });
    expect(requireAdmitted({ code: "admitted", quota })).toBe(quota);
    const limited = refusalOf({ code: "rate-limited", quota, retryAfterS: 2 });
    expect([limited.status, limited.headers.get("retry-after")]).toEqual([429, "2"]);
    expect(limited.headers.get("ratelimit")).toBe('"member";r=7;t=60');
    const unsure = refusalOf({ code: "unsure", retryAfterS: 6 });
    expect([unsure.status, unsure.headers.get("retry-after")]).toEqual([503, "6"]);
    expect(refusalOf({ code: "replayed" }).status).toBe(401);
  });
});
