import { describe, expect, it } from "vitest";
import { lookupBudget, originBudget } from "../../../protocol/routing/budget.ts";
import { fc } from "../support/property.ts";

const limits = fc.integer({ min: 4, max: 1000 });
const wanted = fc.integer({ min: 1, max: 256 });

describe("the requests of a query", () => {
  it("P-76: lookups and origins together never exceed the limit, however many lookups were sent", () => {
    fc.assert(
      fc.property(limits, wanted, fc.nat(), (limit, maxOrigins, some) => {
        const most = lookupBudget(limit, maxOrigins);
        const sent = some % (most + 1);
        const origins = originBudget(limit, maxOrigins, sent);
        expect(sent + origins).toBeLessThanOrEqual(limit);
        expect(origins).toBeLessThanOrEqual(maxOrigins);
        expect(origins).toBeGreaterThanOrEqual(0);
      }),
    );
  });

  it("P-76: lookups may take what the origins leave, and half of the limit at least", () => {
    expect(lookupBudget(50, 24)).toBe(26);
    expect(lookupBudget(50, 25)).toBe(25);
    expect(lookupBudget(50, 26)).toBe(25);
    expect(lookupBudget(5, 256)).toBe(3);
    expect(lookupBudget(1000, 24)).toBe(976);
  });

  it("P-76: origins get what lookups did not take", () => {
    expect(originBudget(50, 24, 26)).toBe(24);
    expect(originBudget(50, 256, 10)).toBe(40);
    expect(originBudget(4, 24, 2)).toBe(2);
  });
});
