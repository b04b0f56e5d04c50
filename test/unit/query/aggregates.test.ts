import { expect, test } from "vitest";
import {
  answerSchema,
  kthSimilarity,
  originQuerySchema,
  type AggregateCell,
  type AskedOrigin,
  type Domain,
  type OriginReport,
} from "../../../protocol/index.ts";
import { synthesize } from "../../../client/index.ts";
import { ward } from "../../support/origin-domain.ts";
import { alice } from "../support/identities.ts";

const cell = (changes: Partial<AggregateCell> = {}): AggregateCell => ({
  intervention: { treatment: "rest" },
  records: 24,
  individuals: 24,
  similarity: 0.8,
  result: {
    kind: "shares",
    step: 0.25,
    shares: [
      { value: true, share: 0.75 },
      { value: false, share: 0.25 },
    ],
  },
  ...changes,
});

function reportOf(...cells: AggregateCell[]): OriginReport {
  return {
    node: alice.node,
    organisation: "Hospital",
    estimate: 0.9,
    status: "answered",
    results: 0,
    aggregate: { minimumGroupSize: 20, cells },
    milliseconds: 1,
    bytesSent: 1,
    bytesReceived: 1,
  };
}

test("P-104: a cell counts for as many outcomes as exact ones would have the same variance", () => {
  const { interventions } = synthesize([], ward.domain, [reportOf(cell())]);
  // 24 / (1 + 24 / 48) = 16 of them, 12 recovered.
  expect(interventions).toMatchObject([
    { intervention: "rest", support: 16, origins: 1, estimate: { kind: "binary", value: 0.75 } },
  ]);
});

test("a mean is spread by its deviation, and held to the field's bounds", () => {
  const domain: Domain = {
    ...ward.domain,
    result: [{ name: "days", kind: "numeric", unit: "d", min: 0 }],
  };
  const result = { kind: "mean" as const, mean: 10, deviation: 4, step: 2 };
  const { interventions } = synthesize([], domain, [reportOf(cell({ result }))]);
  expect(interventions).toMatchObject([{ support: 16, estimate: { kind: "numeric", value: 10 } }]);
});

test("a cell without a result counts as outcomes whose result is missing", () => {
  const { result: _, ...silent } = cell();
  const { interventions } = synthesize([], ward.domain, [reportOf(silent)]);
  expect(interventions).toMatchObject([{ support: 0, missing: 24, estimate: null }]);
});

test("P-53: outcomes behind aggregates count towards k", () => {
  const asked: AskedOrigin[] = [
    { report: reportOf(cell(), cell({ similarity: 0.5 })), results: [], warnings: [] },
  ];
  expect(kthSimilarity(asked, 24)).toBe(0.8);
  expect(kthSimilarity(asked, 25)).toBe(0.5);
  expect(kthSimilarity(asked, 48)).toBe(0.5);
  expect(kthSimilarity(asked, 49)).toBeUndefined();
});

/** Whether a query may have this purpose. */
const accepts = (purpose: string): boolean =>
  originQuerySchema.safeParse({ domain: ward.id, profile: { age: 1 }, k: 1, purpose }).success;

test("P-105: a purpose has 1 to 64 characters of a-z, 0-9 and -", () => {
  expect(["a", "second-opinion", "a".repeat(64)].map(accepts)).toEqual([true, true, true]);
  expect(["", "a".repeat(65), "Research", "a b"].map(accepts)).toEqual([
    false,
    false,
    false,
    false,
  ]);
});

test("an answer may have an aggregate, and no cell of less than one individual", () => {
  const { aggregate } = answerSchema.shape;
  const parse = (minimumGroupSize: number, individuals: number): boolean =>
    aggregate.safeParse({ minimumGroupSize, cells: [cell({ individuals })] }).success;
  expect([parse(2, 1), parse(1, 1), parse(2, 0)]).toEqual([true, false, false]);
});
