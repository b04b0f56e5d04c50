import { fc } from "./support/property.ts";
import { describe, expect, it } from "vitest";
import { ln, normalCdf } from "../../protocol/math.ts";
import { seededRandom, SLOW } from "./support/random.ts";

const float = new Float64Array(1);
const bits = new BigUint64Array(float.buffer);

/** How many doubles lie between two of one sign. */
function ulpsBetween(a: number, b: number): number {
  float[0] = a;
  const left = bits[0] ?? 0n;
  float[0] = b;
  return Math.abs(Number(left - (bits[0] ?? 0n)));
}

describe("ln", SLOW, () => {
  it("P-09: is within 2 units in the last place of Math.log over every exponent", () => {
    const random = seededRandom(9);
    let worst = 0;
    for (let exponent = -1074; exponent < 1024; exponent++) {
      for (let i = 0; i < 40; i++) {
        const x = Math.min(Number.MAX_VALUE, Math.max(5e-324, (1 + random()) * 2 ** exponent));
        worst = Math.max(worst, ulpsBetween(ln(x), Math.log(x)));
      }
    }
    expect(worst).toBeLessThanOrEqual(2);
  });

  it("P-09: is as exact near 1, where it changes sign", () => {
    const random = seededRandom(1);
    for (let i = 0; i < 20_000; i++) {
      const x = 1 + (random() - 0.5) * 2 ** -Math.floor(52 * random());
      expect(ulpsBetween(ln(x), Math.log(x))).toBeLessThanOrEqual(2);
    }
    expect(ln(1)).toBe(0);
  });

  it("P-09: never falls where x grows by more than rounding", () => {
    const positive = fc.double({ min: 5e-324, max: 1e308, noNaN: true });
    fc.assert(
      fc.property(positive, (x) => {
        expect(ln(x * 1.0001)).toBeGreaterThanOrEqual(ln(x));
      }),
    );
  });

  it("P-09: holds at the ends of its range", () => {
    expect(ulpsBetween(ln(5e-324), Math.log(5e-324))).toBeLessThanOrEqual(2);
    expect(ulpsBetween(ln(Number.MAX_VALUE), Math.log(Number.MAX_VALUE))).toBeLessThanOrEqual(2);
  });
});

describe("the normal distribution", () => {
  it("P-81: has the published quantiles", () => {
    for (const [x, below] of [
      [0, 0.5],
      [1, 0.841344746],
      [1.644853627, 0.95],
      [1.959963985, 0.975],
      [3, 0.998650102],
      [-2.326347874, 0.01],
    ] as const) {
      expect(normalCdf(x)).toBeCloseTo(below, 6);
    }
    expect(normalCdf(-40)).toBe(0);
    expect(normalCdf(40)).toBe(1);
  });
});
