import { fc } from "../support/property.ts";
import { describe, expect, it } from "vitest";
import { toBase64Url } from "../../../protocol/bytes.ts";
import { nodeIdSchema } from "../../../protocol/ids.ts";
import { queryResponseSchema, type OriginStatus } from "../../../protocol/messages/query.ts";
import type { AskedOrigin } from "../../../protocol/query/ask-origins.ts";
import { rankResults, summarize } from "../../../protocol/query/ranking.ts";
import type { OutcomeResult } from "../../../protocol/signed/answer.ts";
import { domainIdFrom } from "../support/identities.ts";
import { bytesFrom, seededRandom, shuffled } from "../support/random.ts";

function resultOf(reference: string, score: number): OutcomeResult {
  return { reference, score, features: {}, intervention: {}, result: {} };
}

function originOf(
  i: number,
  status: OriginStatus,
  results: readonly OutcomeResult[] = [],
): AskedOrigin {
  return {
    report: {
      node: nodeIdSchema.parse(toBase64Url(bytesFrom(`origin ${i}`))),
      organisation: `Hospital ${i}`,
      estimate: 0.5,
      status,
      results: results.length,
      milliseconds: 5,
      bytesSent: 100,
      bytesReceived: 1000,
    },
    results,
    warnings: [],
  };
}

describe("ranking", () => {
  it("P-54: is by score, then node id, then reference, numbered from 1", () => {
    const origins = [
      originOf(1, "answered", [resultOf("b", 0.5), resultOf("a", 0.5), resultOf("c", 0.9)]),
      originOf(2, "answered", [resultOf("a", 0.5)]),
    ];
    const ranked = rankResults(origins, 10);
    const byNode = origins.map(({ report }) => report.node).toSorted();
    const tied = byNode.flatMap((node) =>
      node === origins[0]?.report.node ? [`${node} a`, `${node} b`] : [`${node} a`],
    );
    expect(ranked[0]).toMatchObject({ rank: 1, reference: "c", organisation: "Hospital 1" });
    expect(ranked.slice(1).map(({ node, reference }) => `${node} ${reference}`)).toEqual(tied);
    expect(ranked.map(({ rank }) => rank)).toEqual([1, 2, 3, 4]);
  });

  it("P-54: does not depend on the order in which origins and results come, and holds at most k", () => {
    const results = fc.array(
      fc.tuple(fc.constantFrom("a", "b", "c", "d"), fc.constantFrom(0.25, 0.5, 1)),
      { maxLength: 5 },
    );
    fc.assert(
      fc.property(
        fc.array(results, { maxLength: 4 }),
        fc.integer(),
        fc.integer({ min: 1, max: 10 }),
        (drafts, seed, k) => {
          const random = seededRandom(seed);
          const origins = drafts.map((draft, i) => {
            const distinct = new Map(draft);
            return originOf(
              i,
              "answered",
              [...distinct].map(([r, s]) => resultOf(r, s)),
            );
          });
          const mixed = shuffled(origins, random).map((origin) => ({
            ...origin,
            results: shuffled(origin.results, random),
          }));
          expect(rankResults(mixed, k)).toEqual(rankResults(origins, k));
          const total = origins.reduce((sum, origin) => sum + origin.results.length, 0);
          expect(rankResults(origins, k)).toHaveLength(Math.min(k, total));
        },
      ),
    );
  });
});

describe("the summary", () => {
  const statuses: OriginStatus[] = [
    "answered",
    "answered",
    "refused",
    "timed-out",
    "unreachable",
    "invalid",
    "not-needed",
    "over-limit",
    "over-limit",
  ];
  const unknown = { path: "phenotype.0", message: "unknown term X:1" };
  const origins = statuses.map((status, i) => ({
    ...originOf(i, status, status === "answered" ? [resultOf("a", 0.5)] : []),
    warnings: status === "answered" ? [unknown] : [],
  }));
  const cost = {
    lookupRequests: 4,
    hedged: 1,
    confirmations: 2,
    bytesSent: 7,
    bytesReceived: 9,
    rowsScanned: 50,
    milliseconds: 3,
  };
  const summary = summarize({
    domain: domainIdFrom("domain"),
    k: 1,
    origins,
    routing: { coverage: { slotsAsked: 6, slotsAnswered: 5, overBudget: 1 }, cost },
    deviation: () => 0.1,
    warnings: [unknown, { path: "phenotype.1", message: "unknown term X:2" }],
    milliseconds: 42,
  });

  it("P-54: counts every origin found in one status, and none silently missing", () => {
    expect(summary.coverage).toEqual({
      slotsAsked: 6,
      slotsAnswered: 5,
      overBudget: 1,
      originsFound: 9,
      originsAsked: 6,
      originsAnswered: 2,
      originsRefused: 1,
      originsTimedOut: 1,
      originsFailed: 2,
      // Of each of the seven that did not answer it is as likely as not.
      confidence: expect.closeTo(0.5 ** 7, 6),
    });
    expect(summary.origins).toHaveLength(9);
  });

  it("P-54: adds the bytes of lookups and origins, and counts the requests to origins", () => {
    expect(summary.cost).toEqual({
      lookupRequests: 4,
      hedged: 1,
      confirmations: 2,
      originRequests: 6,
      bytesSent: 907,
      bytesReceived: 9009,
      rowsScanned: 50,
      milliseconds: 42,
    });
  });

  it("P-54: says each warning once", () => {
    expect(summary.warnings).toEqual([
      unknown,
      { path: "phenotype.1", message: "unknown term X:2" },
    ]);
  });

  it("P-54: is a valid response, ranked to k", () => {
    expect(queryResponseSchema.parse(JSON.parse(JSON.stringify(summary)))).toEqual(summary);
    expect(summary.ranking).toHaveLength(1);
  });
});
