import * as fc from "fast-check";
import { expect, test } from "vitest";
import {
  LINK_PING_MS,
  LINK_SILENCE_MS,
  linkBackoff,
  linkedOriginUrl,
  linkTimeout,
} from "../../../protocol/index.ts";

test("P-135: the link always gives up before the asker does, and leaves it most of the time", () => {
  expect([100, 1000, 10_000, 60_000].map(linkTimeout)).toEqual([80, 900, 9000, 59_000]);
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 999_999_999 }), (timeoutMs) => {
      expect(linkTimeout(timeoutMs)).toBeLessThan(timeoutMs);
      expect(linkTimeout(timeoutMs)).toBeGreaterThanOrEqual(1);
    }),
  );
});

test("P-137: waits between attempts grow to a cap, with full jitter", () => {
  expect([0, 1, 2, 5, 6, 7, 1000].map((attempt) => linkBackoff(attempt, 1))).toEqual([
    500, 1000, 2000, 16_000, 30_000, 30_000, 30_000,
  ]);
  expect([0, 5, 1000].map((attempt) => linkBackoff(attempt, 0))).toEqual([0, 0, 0]);
});

test("P-136: two pings may be lost before a link counts as broken, and it does within 30 s", () => {
  expect(LINK_SILENCE_MS).toBeGreaterThan(2 * LINK_PING_MS);
  expect(LINK_SILENCE_MS).toBeLessThanOrEqual(30_000);
});

test("P-138: the address of an origin behind a link is its Worker's", () => {
  expect(linkedOriginUrl("https://mesh.example.org")).toBe("https://mesh.example.org/v1/origin");
});
