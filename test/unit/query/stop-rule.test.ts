import { describe, expect, it } from "vitest";
import { confidenceOf, STOP_CONFIDENCE } from "../../../protocol/query/stop-rule.ts";
import { estimate, estimateDeviation } from "../../../protocol/signature/signature.ts";
import { compileVariants, sampleDocument } from "../support/domains.ts";
import { seededRandom } from "../support/random.ts";

describe("when to stop asking", () => {
  it("P-81: is certain where no one is left, or where estimates are exact and lower", () => {
    expect(confidenceOf([], 0.5, 0.1)).toBe(1);
    expect(confidenceOf([0.5, 0.2], 0.5, 0)).toBe(1);
    expect(confidenceOf([0.51, 0.2], 0.5, 0)).toBe(0);
  });

  it("P-81: falls with every origin left, and with its estimate", () => {
    const one = confidenceOf([0.4], 0.5, 0.05);
    expect(confidenceOf([0.4, 0.4], 0.5, 0.05)).toBeCloseTo(one ** 2, 12);
    expect(confidenceOf([0.45], 0.5, 0.05)).toBeLessThan(one);
  });

  it("P-81: a record as similar as the k-th is passed over about as often as the confidence allows", () => {
    // Signatures that agree in each symbol with the k-th's similarity: what the estimate of such a record may be.
    const random = seededRandom(81);
    const kth = 0.4;
    let missed = 0;
    let drawn = 0;
    for (const { plan } of compileVariants(sampleDocument(), 20)) {
      const query = new Uint8Array(plan.symbols).fill(1);
      const deviation = estimateDeviation(plan, query, kth);
      for (let i = 0; i < 500; i++) {
        const record = Uint8Array.from(query, () => (random() < kth ? 1 : 2));
        drawn += 1;
        const sure = confidenceOf([estimate(plan, query, record)], kth, deviation);
        missed += sure >= STOP_CONFIDENCE ? 1 : 0;
      }
    }
    const share = missed / drawn;
    expect(share).toBeGreaterThan(0.02);
    expect(share).toBeLessThan(0.07);
  });
});
