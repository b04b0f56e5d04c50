import { describe, expect, it } from "vitest";
import type { CompiledDomain } from "../../../protocol/domain/compile.ts";
import type { Profile } from "../../../protocol/domain/profile.ts";
import {
  estimate,
  estimateAt,
  estimateDeviation,
  queryWeight,
  signatureOf,
  similarity,
} from "../../../protocol/signature/signature.ts";
import {
  compileSample,
  compileVariants,
  encodeSample,
  sampleDocument,
  sampleProfile,
  similarProfile,
  without,
} from "../support/domains.ts";
import { deviation, mean, SIGMAS, SLOW } from "../support/random.ts";

const compiled = compileSample();

function signed(domain: CompiledDomain, profile: Profile): Uint8Array {
  return signatureOf(domain, encodeSample(domain, profile));
}

function exact(query: Profile, record: Profile, domain = compiled) {
  return similarity(domain, encodeSample(domain, query), encodeSample(domain, record));
}

describe("signatures", () => {
  it("P-26: have a symbol 1 to 255 at each position of a present feature, 0 at each of a missing one", () => {
    const { plan, features } = compiled;
    const symbols = signed(compiled, without(sampleProfile, "age", "drugs"));
    expect(symbols).toHaveLength(plan.symbols);
    for (const [i, symbol] of symbols.entries()) {
      const name = features[plan.featureAt[i] ?? 0]?.name;
      expect(symbol === 0).toBe(name === "age" || name === "drugs");
    }
  });

  it("P-26: a feature's symbols stand at its positions in their own order", () => {
    const { plan, features } = compiled;
    const symbols = signed(compiled, sampleProfile);
    const values = encodeSample(compiled, sampleProfile);
    for (const [f, feature] of features.entries()) {
      const own = new Uint8Array(feature.symbolCount);
      const value = values[f];
      if (value !== undefined) feature.writeSymbols(value, own);
      expect(symbols.filter((_, i) => plan.featureAt[i] === f)).toEqual(own);
    }
  });

  it("P-26: one feature's value changes that feature's positions only", () => {
    const before = signed(compiled, sampleProfile);
    const after = signed(compiled, { ...sampleProfile, age: 120 });
    const changed = [...before.keys()].filter((i) => before[i] !== after[i]);
    const owners = changed.map((i) => compiled.features[compiled.plan.featureAt[i] ?? 0]?.name);
    expect(new Set(owners)).toEqual(new Set(["age"]));
  });
});

const sum = (values: number[]): number => values.reduce((a, b) => a + b, 0);

describe("exact similarity", () => {
  it("P-30: is the weighted mean of the kernels", () => {
    const { score, kernels } = exact(sampleProfile, similarProfile);
    const weights = compiled.features.map((feature) => feature.weight);
    const weighted = kernels.map((kernel, i) => (kernel ?? 0) * (weights[i] ?? 0));
    expect(score).toBeCloseTo(sum(weighted) / sum(weights), 14);
    expect(score).toBeGreaterThan(0.3);
    expect(score).toBeLessThan(0.7);
  });

  it("P-30: is 1 for a profile with itself, and symmetric where both have all features", () => {
    expect(exact(sampleProfile, sampleProfile).score).toBeCloseTo(1, 8);
    const forth = exact(sampleProfile, similarProfile).score;
    expect(exact(similarProfile, sampleProfile).score).toBeCloseTo(forth, 12);
  });

  it("P-30: features that the query lacks do not count", () => {
    const query = { age: 50 };
    expect(exact(query, { ...similarProfile, age: 60 }).score).toBeCloseTo(0.5, 12);
    expect(exact(query, { age: 60 }).kernels).toEqual([
      0.5,
      ...Array<undefined>(7).fill(undefined),
    ]);
  });

  it("P-30: a feature that the query has and the record lacks scores 0", () => {
    const { score, kernels } = exact({ age: 50, sex: "female" }, { age: 50 });
    expect(kernels[0]).toBe(1);
    expect(kernels[3]).toBe(0);
    expect(score).toBeCloseTo(3 / 4, 12);
  });
});

describe("the estimate", SLOW, () => {
  const VARIANTS = 400;
  const variants = compileVariants(sampleDocument(), VARIANTS);

  const pairs: [string, Profile, Profile][] = [
    ["all features", sampleProfile, similarProfile],
    ["equal profiles", sampleProfile, sampleProfile],
    ["features the query lacks", without(sampleProfile, "phenotype", "sex"), similarProfile],
    ["features the record lacks", sampleProfile, without(similarProfile, "age", "counts")],
    [
      "features that either lacks",
      without(sampleProfile, "drugs", "dose"),
      without(similarProfile, "dose", "embedding", "sex"),
    ],
    ["nothing in common", without(sampleProfile, "age"), { age: 50 }],
  ];

  it.each(pairs)(
    "P-31: is unbiased with %s: its mean over domain ids is the exact similarity",
    (_, query, record) => {
      const estimates = variants.map((domain) =>
        estimate(domain.plan, signed(domain, query), signed(domain, record)),
      );
      const { score } = exact(query, record);
      const interval = (SIGMAS * deviation(estimates)) / Math.sqrt(VARIANTS);
      expect(Math.abs(mean(estimates) - score)).toBeLessThanOrEqual(interval + 1e-8);
    },
  );

  it("P-31: of a signature with itself is 1, whatever is missing", () => {
    for (const profile of [sampleProfile, without(sampleProfile, "age"), { sex: "male" }]) {
      const symbols = signed(compiled, profile);
      expect(estimate(compiled.plan, symbols, symbols)).toBeCloseTo(1, 12);
    }
  });

  it("P-31: missing symbols never match: two empty signatures have nothing in common", () => {
    const empty = new Uint8Array(128);
    expect(estimate(compiled.plan, empty, empty)).toBe(0);
    expect(estimate(compiled.plan, signed(compiled, sampleProfile), empty)).toBe(0);
    expect(queryWeight(compiled.plan, empty)).toBe(0);
  });

  it("P-31: reads a record at any offset of a packed array", () => {
    const query = signed(compiled, sampleProfile);
    const record = signed(compiled, similarProfile);
    const packed = Uint8Array.from([...query, ...record, ...query]);
    const weight = queryWeight(compiled.plan, query);
    const direct = estimate(compiled.plan, query, record);
    expect(estimateAt(compiled.plan, query, packed, 128, weight)).toBe(direct);
  });

  it.each([
    [50, 50.5],
    [50, 55],
    [50, 60],
    [50, 67],
    [50, 95],
  ])("P-32: the deviation is the measured one, for the numbers %d and %d", (a, b) => {
    const document = sampleDocument();
    const single = compileVariants(
      { ...document, features: document.features.slice(0, 1) },
      VARIANTS,
    );
    const estimates = single.map((d) =>
      estimate(d.plan, signed(d, { age: a }), signed(d, { age: b })),
    );
    const [domain] = single;
    if (!domain) throw new Error("no domain");
    const { score } = exact({ age: a }, { age: b }, domain);
    const expected = estimateDeviation(domain.plan, signed(domain, { age: a }), score);
    // The deviation of 400 draws is known to 1 in sqrt(800); more where the estimate is nearly always 1.
    expect(deviation(estimates) / expected).toBeGreaterThan(0.8);
    expect(deviation(estimates) / expected).toBeLessThan(1.2);
  });

  it("P-32: the deviation is an upper bound where features differ in similarity", () => {
    const estimates = variants.map((d) =>
      estimate(d.plan, signed(d, sampleProfile), signed(d, similarProfile)),
    );
    const { score } = exact(sampleProfile, similarProfile);
    const bound = estimateDeviation(compiled.plan, signed(compiled, sampleProfile), score);
    expect(deviation(estimates)).toBeLessThan(1.1 * bound);
    expect(deviation(estimates)).toBeGreaterThan(0.5 * bound);
  });

  it("P-32: a query without symbols has no deviation", () => {
    expect(estimateDeviation(compiled.plan, new Uint8Array(128), 0.5)).toBe(0);
  });
});
