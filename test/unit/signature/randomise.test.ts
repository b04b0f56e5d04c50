import { describe, expect, it } from "vitest";
import { parseDomain } from "../../../protocol/domain/schema.ts";
import { randomise, retentionOf } from "../../../protocol/signature/randomise.ts";
import {
  estimate,
  estimateDeviation,
  signatureOf,
  similarity,
} from "../../../protocol/signature/signature.ts";
import {
  compileSample,
  encodeSample,
  sampleDocument,
  sampleProfile,
  similarProfile,
  without,
} from "../support/domains.ts";
import { fc } from "../support/property.ts";
import {
  bytesFrom,
  chiSquare,
  chiSquareBound,
  deviation,
  mean,
  seededRandom,
  SIGMAS,
  SLOW,
} from "../support/random.ts";

function noisyDocument(epsilon: number) {
  const document = sampleDocument();
  return { ...document, signature: { ...document.signature, epsilon } };
}

function takesEpsilon(epsilon: number): boolean {
  return parseDomain(JSON.stringify(noisyDocument(epsilon))).ok;
}

const keyOf = (name: string): Uint8Array => bytesFrom(`noise ${name}`);
const symbols = fc.uint8Array({ minLength: 128, maxLength: 128 });
const noiseKey = fc.uint8Array({ minLength: 32, maxLength: 32 });

describe("randomised response", SLOW, () => {
  it("P-143: epsilon is 1 to 20", () => {
    expect([0.999, 1, 20, 20.001].map(takesEpsilon)).toEqual([false, true, true, false]);
  });

  it("P-143: without an epsilon a signature is published as it is", () => {
    const { plan } = compileSample();
    fc.assert(
      fc.property(symbols, noiseKey, (signature, key) => {
        expect(randomise(plan, signature, key)).toEqual(signature);
      }),
    );
  });

  it("P-143: missing symbols stay missing and no others become so", () => {
    const { plan } = compileSample(noisyDocument(1));
    fc.assert(
      fc.property(symbols, noiseKey, (signature, key) => {
        const published = randomise(plan, signature, key);
        expect(published.map((symbol) => (symbol === 0 ? 0 : 1))).toEqual(
          signature.map((symbol) => (symbol === 0 ? 0 : 1)),
        );
      }),
    );
  });

  it("P-143: the same key and signature give the same noise; another of either gives another", () => {
    const { plan } = compileSample(noisyDocument(3));
    const signature = new Uint8Array(128).fill(7);
    const other = signature.with(0, 8);
    const published = randomise(plan, signature, keyOf("a"));
    expect(randomise(plan, signature, keyOf("a"))).toEqual(published);
    expect(randomise(plan, signature, keyOf("b"))).not.toEqual(published);
    expect(randomise(plan, other, keyOf("a")).slice(1)).not.toEqual(published.slice(1));
  });

  it.each([1, 3, 6, 10])(
    "P-143: with epsilon %d a symbol stays e^epsilon times as often as it becomes any other, and these are alike",
    (epsilon) => {
      const { plan } = compileSample(noisyDocument(epsilon));
      const draws = 1000;
      const counts = Array<number>(256).fill(0);
      for (let i = 0; i < draws; i++) {
        for (const symbol of randomise(plan, new Uint8Array(128).fill(99), keyOf(`${i}`))) {
          counts[symbol] = (counts[symbol] ?? 0) + 1;
        }
      }
      const total = draws * 128;
      const expected = Math.exp(epsilon) / (Math.exp(epsilon) + 254);
      const interval = SIGMAS * Math.sqrt((expected * (1 - expected)) / total);
      expect(Math.abs((counts[99] ?? 0) / total - expected)).toBeLessThan(interval);
      expect(counts[0]).toBe(0);
      const others = counts.filter((_, symbol) => symbol !== 0 && symbol !== 99);
      expect(others).toHaveLength(254);
      expect(chiSquare(others)).toBeLessThan(chiSquareBound(253));
    },
  );

  it("P-144: retention is what the odds of e^epsilon leave of a match, and 1 without an epsilon", () => {
    expect(retentionOf(undefined)).toBe(1);
    fc.assert(
      fc.property(fc.double({ min: 1, max: 20, noNaN: true }), (epsilon) => {
        const kept = Math.exp(epsilon) / (Math.exp(epsilon) + 254);
        const other = 1 / (Math.exp(epsilon) + 254);
        expect(retentionOf(epsilon)).toBeCloseTo(kept - other, 12);
        expect(other / kept).toBeCloseTo(Math.exp(-epsilon), 12);
      }),
    );
  });
});

describe("the estimate from a randomised signature", SLOW, () => {
  const DRAWS = 150;

  it("P-144: is unbiased over noise: its mean is the estimate without noise, whatever symbols and epsilon", () => {
    const random = seededRandom(144);
    const { plan: plain } = compileSample();
    fc.assert(
      fc.property(symbols, fc.double({ min: 4, max: 12, noNaN: true }), (query, epsilon) => {
        // Agrees with the query in about half of the positions.
        const record = query.map((symbol) =>
          random() < 0.5 ? symbol : Math.floor(256 * random()),
        );
        const plan = { ...plain, retention: retentionOf(epsilon) };
        const estimates = Array.from({ length: DRAWS }, (_, i) =>
          estimate(plan, query, randomise(plan, record, keyOf(`${i}`))),
        );
        const interval = (SIGMAS * deviation(estimates)) / Math.sqrt(DRAWS);
        const exact = estimate(plain, query, record);
        expect(Math.abs(mean(estimates) - exact)).toBeLessThan(interval + 1e-9);
      }),
      { numRuns: 15 },
    );
  });

  it("P-144: of profiles is unbiased over domain ids and noise, and P-32 bounds its deviation", () => {
    const query = without(sampleProfile, "sex");
    const record = without(similarProfile, "counts");
    const [first, ...rest] = Array.from({ length: DRAWS }, (_, i) => {
      const domain = compileSample({ ...noisyDocument(5), description: `variant ${i}` });
      const [asked, held] = [query, record].map((profile) => encodeSample(domain, profile));
      if (!asked || !held) throw new Error("no profile");
      const own = signatureOf(domain, asked);
      const published = randomise(domain.plan, signatureOf(domain, held), keyOf("one"));
      const { score } = similarity(domain, asked, held);
      const bound = estimateDeviation(domain.plan, own, score);
      return { estimated: estimate(domain.plan, own, published), score, bound };
    });
    if (!first) throw new Error("no variant");
    const estimates = [first, ...rest].map(({ estimated }) => estimated);
    const interval = (SIGMAS * deviation(estimates)) / Math.sqrt(DRAWS);
    expect(Math.abs(mean(estimates) - first.score)).toBeLessThan(interval);
    expect(deviation(estimates)).toBeLessThan(1.1 * first.bound);
    expect(deviation(estimates)).toBeGreaterThan(0.5 * first.bound);
  });

  it("P-31: with no epsilon is to the last bit what it was before there was one", () => {
    const { plan } = compileSample();
    fc.assert(
      fc.property(symbols, symbols, (query, record) => {
        let equal = 0;
        let present = 0;
        let weight = 0;
        for (const [i, share] of plan.weightAt.entries()) {
          if (query[i] === 0) continue;
          weight += share;
          if (record[i] === 0) continue;
          present += share;
          if (query[i] === record[i]) equal += share;
        }
        expect(estimate(plan, query, record)).toBe(
          ((equal - present / 255) * 255) / (254 * weight),
        );
      }),
    );
  });
});
