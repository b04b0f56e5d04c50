import { fc } from "../support/property.ts";
import { describe, expect, it } from "vitest";
import { toBase64Url } from "../../../protocol/bytes.ts";
import { domainIdSchema, nodeIdSchema, type MeshId } from "../../../protocol/ids.ts";
import {
  decodeEntry,
  encodeEntry,
  ENTRY_MAX_BYTES,
  entryKeyOf,
  isTombstone,
  signEntry,
  verifyEntry,
  type Entry,
} from "../../../protocol/signed/entry.ts";
import { signedBytes } from "../../../protocol/signed/statement.ts";
import { alice, bob, domainIdFrom, mesh, otherMesh } from "../support/identities.ts";
import { bytesFrom, SLOW } from "../support/random.ts";

const entry: Entry = {
  node: alice.node,
  domain: domainIdFrom("domain"),
  epoch: 7,
  seq: 2 ** 40 + 9,
  count: 12,
  signature: Uint8Array.from([...bytesFrom("a"), ...bytesFrom("b")]),
};
const bytes = await signEntry(alice, mesh, entry);

/** What a receiver does: decode, then verify with the key of the node that the entry names. */
async function accepts(
  received: Uint8Array,
  inMesh: MeshId = mesh,
  key = alice.publicKey,
): Promise<boolean> {
  const decoded = decodeEntry(received);
  return decoded.ok && (await verifyEntry(received, decoded.value, inMesh, key));
}

const id = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((raw) => toBase64Url(raw));
const anyEntry: fc.Arbitrary<Entry> = fc.record({
  node: id.map((text) => nodeIdSchema.parse(text)),
  domain: id.map((text) => domainIdSchema.parse(text)),
  epoch: fc.nat(0xffffffff),
  seq: fc.maxSafeNat(),
  count: fc.nat(0xffffffff),
  signature: fc.uint8Array({ maxLength: 1024 }),
});

describe("entries", () => {
  it("P-38: have the documented layout, byte for byte", () => {
    const hex = Buffer.from(encodeEntry(entry)).toString("hex");
    expect(hex).toBe(
      "01" +
        Buffer.from(alice.node, "base64url").toString("hex") +
        Buffer.from(entry.domain, "base64url").toString("hex") +
        "00000007" +
        "0000010000000009" +
        "0000000c" +
        "0040" +
        Buffer.from(entry.signature).toString("hex"),
    );
    expect(bytes.length).toBe(83 + 64 + 64);
  });

  it("P-38: decode(encode(x)) = x", () => {
    fc.assert(
      fc.property(anyEntry, fc.uint8Array({ minLength: 64, maxLength: 64 }), (any, signature) => {
        const sent = Uint8Array.from([...encodeEntry(any), ...signature]);
        expect(decodeEntry(sent)).toEqual({
          ok: true,
          value: { ...any, signature: Uint8Array.from(any.signature) },
        });
      }),
    );
  });

  it("P-38: an entry of 1,024 symbols is as long as one may be", () => {
    const largest = encodeEntry({ ...entry, signature: new Uint8Array(1024) });
    expect(largest.length + 64).toBe(ENTRY_MAX_BYTES);
  });

  it.each([
    ["epoch", 2 ** 32],
    ["epoch", -1],
    ["seq", 2 ** 53],
    ["count", 1.5],
  ] as const)("P-38: %s = %d does not fit and is a bug of the caller", (field, value) => {
    expect(() => encodeEntry({ ...entry, [field]: value })).toThrow(RangeError);
  });

  it("P-38: any bytes decode to an entry or to `malformed`, and never throw", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), fc.boolean(), (raw, isVersion1) => {
        if (isVersion1 && raw.length > 0) raw[0] = 1;
        const decoded = decodeEntry(raw);
        const again = decoded.ok ? [...encodeEntry(decoded.value)] : decoded.error;
        expect(again).toEqual(decoded.ok ? [...raw.subarray(0, -64)] : "malformed");
      }),
    );
  });

  it("P-38: a seq beyond 2^53 - 1 is malformed", () => {
    const large = bytes.slice();
    large.set([0, 0x20, 0, 0, 0, 0, 0, 0], 69);
    expect(decodeEntry(large)).toEqual({ ok: false, error: "malformed" });
  });

  it("P-38: opens bytes that lie anywhere in a larger buffer", async () => {
    const buffer = new Uint8Array(bytes.length + 10);
    buffer.set(bytes, 5);
    expect(await accepts(buffer.subarray(5, 5 + bytes.length))).toBe(true);
  });
});

describe("signatures of entries", SLOW, () => {
  it("P-36: verify for the mesh and the key that signed", async () => {
    expect(await accepts(bytes)).toBe(true);
  });

  it("P-36: are made over the kind's prefix, a zero byte, the mesh id and the entry's bytes", () => {
    const prefix = Buffer.from("outcome-mesh/entry/v1\0");
    const body = encodeEntry(entry);
    const whole = Buffer.concat([prefix, Buffer.from(mesh, "base64url"), body]);
    expect(Buffer.compare(signedBytes("entry", mesh, body), whole)).toBe(0);
  });

  it("P-36: do not verify for another mesh, nor under another key", async () => {
    expect(await accepts(bytes, otherMesh)).toBe(false);
    expect(await accepts(bytes, mesh, bob.publicKey)).toBe(false);
  });

  it.each<[keyof Entry, Partial<Entry>]>([
    ["node", { node: bob.node }],
    ["domain", { domain: domainIdFrom("another domain") }],
    ["epoch", { epoch: 8 }],
    ["seq", { seq: entry.seq + 1 }],
    ["count", { count: 13 }],
    ["signature", { signature: entry.signature.map((s, i) => (i === 20 ? s ^ 1 : s)) }],
    ["signature", { signature: entry.signature.slice(1) }],
  ])("P-38: the signed field %s, changed alone, breaks verification", async (_, change) => {
    const changed = encodeEntry({ ...entry, ...change });
    expect(await accepts(Uint8Array.from([...changed, ...bytes.slice(-64)]))).toBe(false);
  });

  it("P-38: every single changed bit, and every truncation, breaks verification", async () => {
    for (let bit = 0; bit < 8 * bytes.length; bit++) {
      const changed = bytes.slice();
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      if (await accepts(changed)) throw new Error(`bit ${bit} changed, and the entry verifies`);
    }
    for (let length = 0; length < bytes.length; length++) {
      if (await accepts(bytes.slice(0, length))) throw new Error(`${length} bytes verify`);
    }
    expect(await accepts(Uint8Array.from([...bytes, 0]))).toBe(false);
  });
});

describe("tombstones", () => {
  it("P-39: are entries of count 0", () => {
    expect(isTombstone({ ...entry, count: 0 })).toBe(true);
    expect(isTombstone({ ...entry, count: 1 })).toBe(false);
  });

  it("P-39: have a prefix of their own: neither kind's signature serves the other", async () => {
    const tombstone = { ...entry, count: 0 };
    const signed = await signEntry(alice, mesh, tombstone);
    expect(await accepts(signed)).toBe(true);
    const asEntry = await alice.sign(signedBytes("entry", mesh, encodeEntry(tombstone)));
    expect(await accepts(Uint8Array.from([...encodeEntry(tombstone), ...asEntry]))).toBe(false);
    const asTombstone = await alice.sign(signedBytes("tombstone", mesh, encodeEntry(entry)));
    expect(await accepts(Uint8Array.from([...encodeEntry(entry), ...asTombstone]))).toBe(false);
  });

  it("P-39: have the key of the entry they withdraw: node, domain and signature, not epoch, seq or count", () => {
    const key = entryKeyOf(entry.node, entry.domain, entry.signature);
    expect(key).toHaveLength(16);
    const others = [
      entryKeyOf(bob.node, entry.domain, entry.signature),
      entryKeyOf(entry.node, domainIdFrom("other"), entry.signature),
      entryKeyOf(entry.node, entry.domain, entry.signature.slice(1)),
    ];
    for (const other of others) expect(other).not.toEqual(key);
  });
});
