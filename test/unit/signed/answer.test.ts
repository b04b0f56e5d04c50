import { describe, expect, it } from "vitest";
import {
  RESULTS_MAX,
  signAnswer,
  signedAnswerSchema,
  verifyAnswer,
  type Answer,
  type OutcomeResult,
} from "../../../protocol/signed/answer.ts";
import { alice, bob, domainIdFrom, mesh, NOW, otherMesh } from "../support/identities.ts";

const result: OutcomeResult = {
  reference: "r-1",
  score: 0.75,
  features: { age: 0.5, sex: 1 },
  intervention: { treatment: "surgery", doseGiven: 5 },
  result: { survived: true },
  observedAt: "2024-05-01",
};
const answer: Answer = {
  version: 1,
  node: alice.node,
  domain: domainIdFrom("domain"),
  query: "sha-256=:AAAA:",
  answeredAt: NOW,
  results: [result, { ...result, reference: "r-2", score: 0.5 }],
  warnings: [{ path: "phenotype.0", message: "unknown term X:1" }],
};
const signed = await signAnswer(alice, mesh, answer);

describe("answers", () => {
  it("P-44: parse(JSON.stringify(x)) = x, and verifies", async () => {
    const parsed = signedAnswerSchema.parse(JSON.parse(JSON.stringify(signed)));
    expect(parsed).toEqual(signed);
    expect(await verifyAnswer(mesh, alice.publicKey, parsed)).toBe(true);
  });

  it("P-44: the order of members does not matter to the signature", async () => {
    const reversed = Object.fromEntries(Object.entries(answer).toReversed());
    const parsed = signedAnswerSchema.parse({ answer: reversed, signature: signed.signature });
    expect(await verifyAnswer(mesh, alice.publicKey, parsed)).toBe(true);
  });

  const withResult = (change: Partial<OutcomeResult>): Partial<Answer> => ({
    results: [{ ...result, ...change }, ...answer.results.slice(1)],
  });
  it.each<[string, Partial<Answer>]>([
    ["node", { node: bob.node }],
    ["domain", { domain: domainIdFrom("other") }],
    ["query", { query: "sha-256=:AAAB:" }],
    ["answeredAt", { answeredAt: NOW + 1 }],
    ["results", { results: [] }],
    ["results", { results: answer.results.toReversed() }],
    ["warnings", { warnings: [] }],
    ["warnings.0.path", { warnings: [{ path: "phenotype.1", message: "unknown term X:1" }] }],
    ["warnings.0.message", { warnings: [{ path: "phenotype.0", message: "unknown term X:2" }] }],
    ["results.0.reference", withResult({ reference: "r-3" })],
    ["results.0.score", withResult({ score: 0.7500000000000001 })],
    ["results.0.features", withResult({ features: { age: 0.5 } })],
    ["results.0.features.age", withResult({ features: { age: 0.25, sex: 1 } })],
    ["results.0.intervention", withResult({ intervention: { treatment: "none", doseGiven: 5 } })],
    [
      "results.0.intervention",
      withResult({ intervention: { treatment: "surgery", doseGiven: "5" } }),
    ],
    ["results.0.result", withResult({ result: { survived: false } })],
    ["results.0.observedAt", withResult({ observedAt: "2024-05-02" })],
  ])("P-44: the signed field %s, changed alone, breaks verification", async (_, change) => {
    const changed = { ...signed, answer: { ...answer, ...change } };
    expect(await verifyAnswer(mesh, alice.publicKey, changed)).toBe(false);
  });

  it("P-36: does not verify for another mesh, nor under another key", async () => {
    expect(await verifyAnswer(otherMesh, alice.publicKey, signed)).toBe(false);
    expect(await verifyAnswer(mesh, bob.publicKey, signed)).toBe(false);
  });

  it.each<[string, object, boolean]>([
    ["200 results", { results: Array.from({ length: RESULTS_MAX }, () => result) }, true],
    ["201 results", { results: Array.from({ length: RESULTS_MAX + 1 }, () => result) }, false],
    ["1,000 warnings", { warnings: Array(1000).fill(answer.warnings[0]) }, true],
    ["1,001 warnings", { warnings: Array(1001).fill(answer.warnings[0]) }, false],
    ["a score above 1", withResult({ score: 1.01 }), false],
    ["a negative score", withResult({ score: -0.01 }), false],
    ["a kernel above 1", withResult({ features: { age: 2 } }), false],
    ["no reference", withResult({ reference: "" }), false],
    ["another version", { version: 2 }, false],
    ["an unknown member", { colour: "red" }, false],
  ])("P-44: %s is accepted: see the table", (_, change, isAccepted) => {
    const changed = { ...signed, answer: { ...answer, ...change } };
    expect(signedAnswerSchema.safeParse(changed).success).toBe(isAccepted);
  });
});
