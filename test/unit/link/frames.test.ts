import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  ANSWER_MAX_BYTES,
  Assembler,
  decodeFrame,
  decodeLinkMessage,
  encodeLinkMessage,
  FRAME_MAX_BYTES,
  LINK_MESSAGE_MAX_BYTES,
  toBase64Url,
  toFrames,
  type OutgoingLinkMessage,
} from "../../../protocol/index.ts";
import { FRAME_HEADER_BYTES } from "../../../protocol/link/frames.ts";
import { LINK_HEAD_MAX_BYTES } from "../../../protocol/link/messages.ts";

const idArbitrary = fc
  .uint8Array({ minLength: 8, maxLength: 8 })
  .map((bytes) => toBase64Url(Uint8Array.from(bytes)));
const ID = toBase64Url(new Uint8Array(8).fill(7));

/** Every frame but the last gives nothing. */
function assemble(frames: readonly Uint8Array[], maxBytes = LINK_MESSAGE_MAX_BYTES) {
  const assembler = new Assembler(maxBytes);
  const taken = frames.map((frame) => assembler.take(frame));
  expect(taken.slice(0, -1).every((one) => one.ok && one.value === undefined)).toBe(true);
  return taken.at(-1);
}

describe("P-131 frames", () => {
  test("any message comes out of its frames as it went in, wherever it is cut", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 255 }),
        idArbitrary,
        fc.uint8Array({ maxLength: 300 }),
        fc.integer({ min: FRAME_HEADER_BYTES + 1, max: 320 }),
        (kind, id, bytes, size) => {
          const frames = toFrames(kind, id, bytes, size);
          expect(Math.max(...frames.map(({ length }) => length))).toBeLessThanOrEqual(size);
          const whole = assemble(frames);
          const held = Uint8Array.from(bytes);
          expect(whole).toEqual({ ok: true, value: { kind, id, bytes: held } });
        },
      ),
    );
  });

  test("a frame of N bytes holds a message, one byte more takes another frame", () => {
    const room = FRAME_MAX_BYTES - FRAME_HEADER_BYTES;
    expect(toFrames(3, ID, new Uint8Array(room)).map(({ length }) => length)).toEqual([
      FRAME_MAX_BYTES,
    ]);
    expect(toFrames(3, ID, new Uint8Array(room + 1)).map(({ length }) => length)).toEqual([
      FRAME_MAX_BYTES,
      FRAME_HEADER_BYTES + 1,
    ]);
    expect(decodeFrame(new Uint8Array(FRAME_MAX_BYTES + 1).fill(1)).ok).toBe(false);
  });

  test("the layout is version, kind, flags, id, piece", () => {
    expect(toFrames(3, ID, Uint8Array.of(1, 2, 3), FRAME_HEADER_BYTES + 2)).toEqual([
      Uint8Array.of(1, 3, 1, 7, 7, 7, 7, 7, 7, 7, 7, 1, 2),
      Uint8Array.of(1, 3, 2, 7, 7, 7, 7, 7, 7, 7, 7, 3),
    ]);
  });

  test("a message of N bytes is taken, a larger one is refused before it is held", () => {
    expect(assemble(toFrames(4, ID, new Uint8Array(100), 31), 100)?.ok).toBe(true);
    const assembler = new Assembler(100);
    const taken = toFrames(4, ID, new Uint8Array(101), 31).map((frame) => assembler.take(frame));
    expect(taken.at(-1)).toEqual({ ok: false, error: "too-large" });
  });

  test("a frame that continues nothing is passed over", () => {
    const [, second] = toFrames(4, ID, new Uint8Array(30), 31);
    const assembler = new Assembler(100);
    expect(assembler.take(second ?? new Uint8Array())).toEqual({ ok: true, value: undefined });
    const [whole = new Uint8Array()] = toFrames(4, ID, Uint8Array.of(1));
    expect(assembler.take(whole)).toMatchObject({ ok: true, value: { kind: 4 } });
  });

  test("a frame of another message in between is refused", () => {
    const [first = new Uint8Array()] = toFrames(4, ID, new Uint8Array(30), 31);
    const others = [
      toFrames(4, ID, new Uint8Array(30), 31)[0],
      toFrames(4, toBase64Url(new Uint8Array(8)), new Uint8Array(30), 31)[1],
      toFrames(3, ID, new Uint8Array(30), 31)[1],
    ];
    for (const other of others) {
      const assembler = new Assembler(100);
      assembler.take(first);
      expect(assembler.take(other ?? new Uint8Array())).toEqual({ ok: false, error: "malformed" });
    }
  });

  test("any bytes are a frame or refused, and never thrown at", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        const assembler = new Assembler(30);
        const taken = assembler.take(Uint8Array.from(bytes));
        if (taken.ok && taken.value) decodeLinkMessage(taken.value);
        expect(taken.ok || taken.error === "malformed" || taken.error === "too-large").toBe(true);
      }),
    );
    for (const broken of [
      Uint8Array.of(2, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0),
      Uint8Array.of(1, 3, 4, 0, 0, 0, 0, 0, 0, 0, 0),
      Uint8Array.of(1, 3, 3, 0, 0, 0, 0, 0, 0, 0),
    ]) {
      expect(decodeFrame(broken)).toEqual({ ok: false, error: "malformed" });
    }
  });
});

const headers = { "content-type": "application/json" };

function roundTrip(message: OutgoingLinkMessage, frameMaxBytes?: number) {
  const whole = assemble(encodeLinkMessage(message, frameMaxBytes));
  return whole?.ok && whole.value ? decodeLinkMessage(whole.value) : undefined;
}

const answer = (bytes: number, field = 0) =>
  encodeLinkMessage({
    kind: "answer",
    id: ID,
    head: { status: 200, headers: { field: "x".repeat(field) } },
    body: new Uint8Array(bytes),
  });

const text = (kind: number, head: string, length = head.length) => ({
  kind,
  id: ID,
  bytes: Uint8Array.of(0, 0, length >> 8, length & 255, ...new TextEncoder().encode(head)),
});

describe("P-132 messages", () => {
  const messages: OutgoingLinkMessage[] = [
    { kind: "hello", head: { maxInFlight: 32, held: [ID] } },
    { kind: "welcome", head: { wanted: [ID] } },
    {
      kind: "request",
      id: ID,
      head: { method: "POST", path: "/v1/origin/v1/outcomes/query", headers, timeoutMs: 1000 },
      body: Uint8Array.of(1, 2),
    },
    { kind: "answer", id: ID, head: { status: 200, headers }, body: Uint8Array.of(3) },
    { kind: "release", id: ID, head: {} },
    { kind: "goodbye", head: {} },
  ];

  test.each(messages)("$kind is read as it was written", (message) => {
    const empty = { id: "AAAAAAAAAAA", body: new Uint8Array() };
    expect(roundTrip(message)).toEqual({ ok: true, value: { ...empty, ...message } });
    expect(roundTrip(message, 20)).toEqual({ ok: true, value: { ...empty, ...message } });
  });

  test("the kinds' codes are 1 to 6", () => {
    expect(messages.map((message) => encodeLinkMessage(message)[0]?.[1])).toEqual([
      1, 2, 3, 4, 5, 6,
    ]);
  });

  test("any body goes through", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 500 }), fc.integer({ min: 12, max: 200 }), (b, n) => {
        const body = Uint8Array.from(b);
        const message = { kind: "answer" as const, id: ID, head: { status: 200, headers }, body };
        expect(roundTrip(message, n)).toEqual({ ok: true, value: message });
      }),
    );
  });

  test("a body of N bytes is sent, one of N + 1 is not; so with the head", () => {
    expect(answer(ANSWER_MAX_BYTES)).toHaveLength(5);
    expect(() => answer(ANSWER_MAX_BYTES + 1)).toThrow(RangeError);
    const rest = JSON.stringify({ status: 200, headers: { field: "" } }).length;
    expect(answer(0, LINK_HEAD_MAX_BYTES - rest)).toHaveLength(1);
    expect(() => answer(0, LINK_HEAD_MAX_BYTES - rest + 1)).toThrow(RangeError);
  });

  test("a head that does not fit, or does not end, is refused", () => {
    for (const broken of [
      text(0, "{}"),
      text(7, "{}"),
      text(5, "{}", 3),
      text(5, "{"),
      text(5, '{"more":1}'),
      text(1, '{"maxInFlight":257,"held":[]}'),
      text(1, '{"maxInFlight":1,"held":["short"]}'),
      text(4, '{"status":101,"headers":{}}'),
      text(3, '{"method":"POST","path":"x","headers":{},"timeoutMs":1}'),
      text(3, '{"method":"POST","path":"/","headers":{},"timeoutMs":0}'),
      { kind: 5, id: ID, bytes: new Uint8Array(3) },
    ]) {
      expect(decodeLinkMessage(broken)).toEqual({ ok: false, error: "malformed" });
    }
    expect(decodeLinkMessage(text(5, "{}")).ok).toBe(true);
    expect(decodeLinkMessage(text(1, '{"maxInFlight":256,"held":[]}')).ok).toBe(true);
  });
});
