import { describe, expect, it } from "vitest";
import { toBase64Url, utf8Bytes } from "../../../protocol/bytes.ts";
import { sealingKeySchema } from "../../../protocol/ids.ts";
import { ANSWER_MAX_BYTES, REQUEST_MAX_BYTES } from "../../../protocol/messages/limits.ts";
import {
  openQuery,
  openSealingKey,
  SEALED_ANSWER_CONTENT_MAX_BYTES,
  SEALED_QUERY_CONTENT_MAX_BYTES,
  sealingKeyId,
  sealQuery,
  type SealingContext,
} from "../../../protocol/sealed/index.ts";
import { pad, unpad } from "../../../protocol/sealed/padding.ts";
import { secretKeyFrom } from "../../../protocol/signed/ed25519.ts";
import { alice, bob, carol, mesh, otherMesh } from "../support/identities.ts";
import { fc } from "../support/property.ts";
import { bytesFrom, SLOW } from "../support/random.ts";

const key = await openSealingKey(secretKeyFrom(bytesFrom("a sealing key")));
const otherKey = await openSealingKey(secretKeyFrom(bytesFrom("another sealing key")));
const context: SealingContext = {
  mesh,
  from: alice.node,
  to: bob.node,
  method: "POST",
  path: "/v1/outcomes/query",
};
const NONCE = bytesFrom("nonce").subarray(0, 16);
const RUNS = { numRuns: 40 };

const contentOf = (bytes: Uint8Array) => Uint8Array.from(bytes);
const sealed = (body: Uint8Array, random = bytesFrom("random")) =>
  sealQuery(body, key.publicKey, context, random);

async function roundTrip(body: Uint8Array) {
  const query = await sealed(body);
  const opened = await openQuery(query.message, [key], context);
  if (!opened.ok) throw new Error(opened.error);
  return { query, opened: opened.value };
}

describe("a sealed query", SLOW, () => {
  it("P-122: opens to what was sealed, whatever it was", () =>
    fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 5000 }), async (body) => {
        const { opened } = await roundTrip(body);
        expect(opened.body).toEqual(contentOf(body));
      }),
      RUNS,
    ));

  it("P-122: is refused with any one bit flipped", () =>
    fc.assert(
      fc.asyncProperty(fc.nat(), fc.nat(7), async (at, bit) => {
        const { message } = await sealed(utf8Bytes("a query"));
        const index = at % message.length;
        message[index] = (message[index] ?? 0) ^ (1 << bit);
        expect(await openQuery(message, [key], context)).toMatchObject({ ok: false });
      }),
      { numRuns: 200 },
    ));

  it.each<[string, Partial<SealingContext>]>([
    ["mesh", { mesh: otherMesh }],
    ["asker", { from: carol.node }],
    ["origin", { to: carol.node }],
    ["method", { method: "PUT" }],
    ["path", { path: "/v1/outcomes" }],
  ])("P-122: opens for no other %s", async (_, change) => {
    const { message } = await sealed(utf8Bytes("a query"));
    const elsewhere = { ...context, ...change };
    expect(await openQuery(message, [key], elsewhere)).toEqual({ ok: false, error: "unopened" });
  });

  it("P-122: names the key that it is sealed to, and opens with no other", async () => {
    const { message } = await sealed(utf8Bytes("a query"));
    expect(await openQuery(message, [otherKey], context)).toEqual({
      ok: false,
      error: "unknown-key",
    });
    const disguised = { ...otherKey, id: key.id };
    expect(await openQuery(message, [disguised], context)).toEqual({
      ok: false,
      error: "unopened",
    });
    expect(await openQuery(message, [otherKey, key], context)).toMatchObject({ ok: true });
    expect(message.slice(1, 9)).toEqual(Uint8Array.from(sealingKeyId(key.publicKey)));
  });

  it("P-122: shows nothing of equal bodies being equal", async () => {
    const [a, b] = await Promise.all([
      sealed(utf8Bytes("a query"), bytesFrom("1")),
      sealed(utf8Bytes("a query"), bytesFrom("2")),
    ]);
    expect(a.message.slice(9)).not.toEqual(b.message.slice(9));
  });

  it("P-120: is not sealed to a key of small order, which would hide nothing", async () => {
    const zero = sealingKeySchema.parse(toBase64Url(new Uint8Array(32)));
    const one = sealingKeySchema.parse(toBase64Url(Uint8Array.of(1, ...new Uint8Array(31))));
    for (const bad of [zero, one]) {
      await expect(sealQuery(utf8Bytes("x"), bad, context, NONCE)).rejects.toThrow(/operation/);
    }
  });

  it.each([0, 1, 1023, 1025, REQUEST_MAX_BYTES + 1, 2 * REQUEST_MAX_BYTES])(
    "P-124: has a size class: %d bytes are none",
    async (size) => {
      const message = new Uint8Array(size).fill(1);
      expect(await openQuery(message, [key], context)).toEqual({ ok: false, error: "malformed" });
    },
  );

  it("P-124: is a power of two long, the least from 1,024 that fits", async () => {
    const sizes = [0, 963, 964, 1987, 1988, SEALED_QUERY_CONTENT_MAX_BYTES];
    const lengths = await Promise.all(
      sizes.map(async (size) => (await roundTrip(new Uint8Array(size))).query.message.length),
    );
    expect(lengths).toEqual([1024, 1024, 2048, 2048, 4096, REQUEST_MAX_BYTES]);
    const longer = new Uint8Array(SEALED_QUERY_CONTENT_MAX_BYTES + 1);
    await expect(sealed(longer)).rejects.toThrow(RangeError);
  });
});

describe("a sealed answer", SLOW, () => {
  it("P-123: opens to status and body for who sealed the query", () =>
    fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 9000 }),
        fc.integer({ min: 200, max: 599 }),
        async (bytes, status) => {
          const { query, opened } = await roundTrip(utf8Bytes("a query"));
          const content = { status, body: contentOf(bytes) };
          const message = await opened.answer.seal(content, NONCE);
          expect(await query.answer.open(message)).toEqual(content);
        },
      ),
      RUNS,
    ));

  it("P-123: is refused with any one bit flipped, and for any other query", () =>
    fc.assert(
      fc.asyncProperty(fc.nat(), fc.nat(7), async (at, bit) => {
        const { query, opened } = await roundTrip(utf8Bytes("a query"));
        const message = await opened.answer.seal({ status: 200, body: contentOf(NONCE) }, NONCE);
        const other = await sealed(utf8Bytes("a query"), bytesFrom("other"));
        expect(await other.answer.open(message)).toBeUndefined();
        const index = at % message.length;
        message[index] = (message[index] ?? 0) ^ (1 << bit);
        expect(await query.answer.open(message)).toBeUndefined();
      }),
      { numRuns: 100 },
    ));

  it("P-124: is a power of two long, the least from 4,096 that fits", async () => {
    const { query, opened } = await roundTrip(utf8Bytes("a query"));
    const sizes = [0, 4057, 4058, SEALED_ANSWER_CONTENT_MAX_BYTES];
    const lengths = await Promise.all(
      sizes.map(async (size) => {
        const message = await opened.answer.seal(
          { status: 200, body: new Uint8Array(size) },
          NONCE,
        );
        expect((await query.answer.open(message))?.body.length).toBe(size);
        return message.length;
      }),
    );
    expect(lengths).toEqual([4096, 4096, 8192, ANSWER_MAX_BYTES]);
    const body = new Uint8Array(SEALED_ANSWER_CONTENT_MAX_BYTES + 1);
    await expect(opened.answer.seal({ status: 200, body }, NONCE)).rejects.toThrow(RangeError);
  });
});

describe("padding", SLOW, () => {
  const classes = { minBytes: 64, maxBytes: 256, overheadBytes: 10 };

  it("P-124: has one form for each content", () => {
    const padded = pad(utf8Bytes("abc"), classes);
    expect(unpad(padded, classes)).toEqual(utf8Bytes("abc"));
    const dirty = padded.with(padded.length - 1, 1);
    const larger = new Uint8Array(128 - 10);
    larger.set(padded);
    const cut = new Uint8Array(3);
    const lying = padded.with(0, 255);
    for (const bad of [dirty, larger, cut, lying]) {
      expect(unpad(Uint8Array.from(bad), classes)).toBeUndefined();
    }
  });

  it("P-124: costs less than the content beyond the smallest class", () =>
    fc.assert(
      fc.property(fc.integer({ min: 64 - 14, max: 256 - 14 }), (length) => {
        const whole = pad(new Uint8Array(length), classes).length + classes.overheadBytes;
        expect(whole).toBeLessThan(2 * (length + 14) + 1);
        expect(Number.isInteger(Math.log2(whole))).toBe(true);
      }),
    ));
});
