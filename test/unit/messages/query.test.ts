import { describe, expect, it } from "vitest";
import { DEADLINE_MAX_MS, K_MAX, ORIGINS_MAX } from "../../../protocol/messages/limits.ts";
import {
  originQuerySchema,
  queryRequestSchema,
  routeRequestSchema,
} from "../../../protocol/messages/query.ts";
import { alice, domainIdFrom } from "../support/identities.ts";

const domain = domainIdFrom("domain");
const query = { domain, profile: { age: 50 } };

describe("query messages", () => {
  it("P-52: a query has defaults for all but domain and profile", () => {
    expect(queryRequestSchema.parse(query)).toEqual({
      ...query,
      k: 10,
      maxOrigins: 24,
      deadlineMs: 10_000,
      exhaustive: false,
    });
  });

  it.each<[string, object, boolean]>([
    ["the largest k", { k: K_MAX }, true],
    ["a larger k", { k: K_MAX + 1 }, false],
    ["k = 0", { k: 0 }, false],
    ["half a k", { k: 1.5 }, false],
    ["as many origins as may be", { maxOrigins: ORIGINS_MAX }, true],
    ["one more", { maxOrigins: ORIGINS_MAX + 1 }, false],
    ["the longest deadline", { deadlineMs: DEADLINE_MAX_MS }, true],
    ["a longer one", { deadlineMs: DEADLINE_MAX_MS + 1 }, false],
    ["the shortest deadline", { deadlineMs: 100 }, true],
    ["a shorter one", { deadlineMs: 99 }, false],
    ["100 groups left out", { excludeGroups: Array.from({ length: 100 }, () => "g") }, true],
    ["101 groups", { excludeGroups: Array.from({ length: 101 }, () => "g") }, false],
    ["no profile", { profile: undefined }, false],
    ["a profile that is a list", { profile: [] }, false],
    ["no domain", { domain: undefined }, false],
    ["an unknown member", { colour: "red" }, false],
  ])("P-52: a query with %s is accepted: see the table", (_, change, isAccepted) => {
    expect(queryRequestSchema.safeParse({ ...query, ...change }).success).toBe(isAccepted);
  });

  it("P-52: what an origin is asked has no budget, and no defaults", () => {
    expect(originQuerySchema.safeParse({ ...query, k: 5 }).success).toBe(true);
    expect(originQuerySchema.safeParse(query).success).toBe(false);
    expect(originQuerySchema.safeParse({ ...query, k: 5, maxOrigins: 3 }).success).toBe(false);
  });

  it("P-52: a request for a route carries a signature and no profile", () => {
    const route = { domain, signature: "AQID", delegate: alice.publicKey };
    expect(routeRequestSchema.safeParse(route).success).toBe(true);
    expect(routeRequestSchema.safeParse({ ...route, profile: {} }).success).toBe(false);
    expect(routeRequestSchema.safeParse({ ...route, delegate: undefined }).success).toBe(false);
  });
});
