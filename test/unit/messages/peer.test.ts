import { describe, expect, it } from "vitest";
import { toBase64Url } from "../../../protocol/bytes.ts";
import {
  BATCH_MAX_ENTRIES,
  ORIGINS_MAX,
  REQUEST_MAX_BYTES,
} from "../../../protocol/messages/limits.ts";
import {
  entryBytesSchema,
  lookupRequestSchema,
  lookupResponseSchema,
  publishRequestSchema,
  symbolsSchema,
} from "../../../protocol/messages/peer.ts";
import { ENTRY_MAX_BYTES } from "../../../protocol/signed/entry.ts";
import { alice, domainIdFrom } from "../support/identities.ts";

const lookup = {
  domain: domainIdFrom("domain"),
  signature: "AQID",
  trees: [0, 5],
  limit: 10,
  membership: "v",
};
const times = <T>(count: number, value: T): T[] => Array.from({ length: count }, () => value);

const text = (bytes: number): string => toBase64Url(new Uint8Array(bytes));
const response = (entries: number): object => ({
  origins: [{ node: alice.node, entries: times(entries, "AQID") }],
  scanned: 5,
  pending: [],
  membership: "v",
});

const acceptsEntries = (entries: number): boolean =>
  lookupResponseSchema.safeParse(response(entries)).success;

describe("peer messages", () => {
  it.each<[string, object, boolean]>([
    ["a lookup", {}, true],
    ["64 trees", { trees: times(64, 63) }, true],
    ["65 trees", { trees: times(65, 0) }, false],
    ["no tree", { trees: [] }, false],
    ["tree 64", { trees: [64] }, false],
    ["as many origins as may be", { limit: ORIGINS_MAX }, true],
    ["one more", { limit: ORIGINS_MAX + 1 }, false],
    ["no origin", { limit: 0 }, false],
    ["symbols with padding", { signature: "AQI=" }, false],
    ["no symbols", { signature: "" }, false],
    ["a domain that is no id", { domain: "x" }, false],
    ["an unknown member", { profile: {} }, false],
  ])("P-52: %s is accepted: see the table", (_, change, isAccepted) => {
    expect(lookupRequestSchema.safeParse({ ...lookup, ...change }).success).toBe(isAccepted);
  });

  it("P-52: the largest signature and the largest entry fit, and one byte more does not", () => {
    expect(symbolsSchema.safeParse(text(1024)).success).toBe(true);
    expect(symbolsSchema.safeParse(text(1025)).success).toBe(false);
    expect(entryBytesSchema.safeParse(text(ENTRY_MAX_BYTES)).success).toBe(true);
    expect(entryBytesSchema.safeParse(text(ENTRY_MAX_BYTES + 1)).success).toBe(false);
  });

  it("P-52: the largest batch of the largest entries fits a request", () => {
    const entry = toBase64Url(new Uint8Array(ENTRY_MAX_BYTES));
    const largest = { entries: times(BATCH_MAX_ENTRIES, entry) };
    expect(publishRequestSchema.safeParse(largest).success).toBe(true);
    expect(JSON.stringify(largest).length).toBeLessThanOrEqual(REQUEST_MAX_BYTES);
    const more = { entries: times(BATCH_MAX_ENTRIES + 1, entry) };
    expect(publishRequestSchema.safeParse(more).success).toBe(false);
    expect(publishRequestSchema.safeParse({ entries: [] }).success).toBe(false);
  });

  it("P-52: a lookup's response names each origin with one to eight entries", () => {
    expect([0, 1, 8, 9].map(acceptsEntries)).toEqual([false, true, true, false]);
  });
});
