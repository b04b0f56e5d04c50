import * as fc from "fast-check";
import { expect, test } from "vitest";
import { areaUnderCurve } from "../../../../examples/evaluation.ts";

/** Few distinct scores, so that ties are common. */
const cases = fc
  .array(fc.record({ truth: fc.boolean(), score: fc.integer({ min: 0, max: 5 }) }), {
    maxLength: 30,
  })
  .filter((list) => list.some(({ truth }) => truth) && list.some(({ truth }) => !truth));

test("AUC is the share of pairs in the right order, ties counting half", () => {
  fc.assert(
    fc.property(cases, (list) => {
      const pairs = list
        .filter(({ truth }) => truth)
        .flatMap((positive) =>
          list
            .filter(({ truth }) => !truth)
            .map((negative) => (Math.sign(positive.score - negative.score) + 1) / 2),
        );
      const naive = pairs.reduce((sum, pair) => sum + pair, 0) / pairs.length;
      expect(areaUnderCurve(list)).toBeCloseTo(naive, 12);
    }),
  );
});

test("AUC of one kind alone is not a number", () => {
  expect(areaUnderCurve([{ truth: true, score: 1 }])).toBeNaN();
});
