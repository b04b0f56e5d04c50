import { describe, expect, it } from "vitest";
import { z } from "zod";
import { parseBody, readBytes, readRequestBody } from "../../../protocol/http/body.ts";
import { Refusal } from "../../../protocol/http/problem.ts";
import { utf8Bytes } from "../../../protocol/bytes.ts";

/** A body that arrives in pieces, without a length. */
function streamed(pieces: number, size: number): Response {
  const piece = new Uint8Array(size).fill(7);
  let left = pieces;
  return new Response(
    new ReadableStream({
      pull: (controller) => {
        if (left-- > 0) controller.enqueue(piece);
        else controller.close();
      },
    }),
  );
}

describe("reading bodies", () => {
  it.each([
    [100, true],
    [99, false],
  ])("P-50: 100 bytes in pieces fit a limit of %d: %s", async (max, fits) => {
    const read = await readBytes(streamed(10, 10), max);
    expect(read.ok).toBe(fits);
    expect(read.ok ? [...read.value] : []).toEqual(fits ? Array<number>(100).fill(7) : []);
  });

  it("P-50: an endless body is left as soon as it is too large", async () => {
    expect(await readBytes(streamed(Infinity, 1000), 5000)).toEqual({
      ok: false,
      error: "too-large",
    });
  });

  it("P-50: a body that says it is too large is not read", async () => {
    const lying = new Response("x", { headers: { "content-length": "6000" } });
    expect(await readBytes(lying, 5000)).toEqual({ ok: false, error: "too-large" });
  });

  it("P-50: a message without a body has none", async () => {
    const read = await readBytes(new Response(null), 10);
    expect(read.ok && read.value.length).toBe(0);
  });
});

const requestOf = (body: string | ReadableStream): Request =>
  new Request("https://mesh.example", { method: "POST", body, duplex: "half" });

describe("reading a request's body", () => {
  it("P-50: takes a body of the limit, and refuses one byte more as too large", async () => {
    expect(await readRequestBody(requestOf("12345"), 5)).toEqual(utf8Bytes("12345"));
    await expect(readRequestBody(requestOf("123456"), 5)).rejects.toMatchObject({
      code: "too-large",
    });
  });

  it("P-50: a body that breaks off is the sender's fault", async () => {
    const broken = new ReadableStream({
      pull: (controller) => controller.error(new Error("gone")),
    });
    await expect(readRequestBody(requestOf(broken), 5)).rejects.toMatchObject({
      code: "bad-request",
    });
  });
});

describe("parsing bodies", () => {
  const schema = z.strictObject({ k: z.int().min(1), at: z.strictObject({ x: z.string() }) });

  function refusalOf(body: Uint8Array): unknown {
    try {
      return parseBody(schema, body);
    } catch (error) {
      return error instanceof Refusal ? { code: error.code, ...error.details } : error;
    }
  }

  it("P-50: gives what the schema gives", () => {
    expect(parseBody(schema, utf8Bytes('{"k":1,"at":{"x":"y"}}'))).toEqual({
      k: 1,
      at: { x: "y" },
    });
  });

  it("P-50: names every offending field", () => {
    expect(refusalOf(utf8Bytes('{"k":0,"at":{"x":1}}'))).toMatchObject({
      code: "bad-request",
      errors: [{ path: "k" }, { path: "at.x" }],
    });
  });

  it.each(["", "{", '{"k":1,"k":1}', '{"at":{"x":"\\ud800"}}', "[".repeat(100_000)])(
    "P-50: refuses the body %j as a bad request",
    (text) => {
      expect(refusalOf(utf8Bytes(text))).toMatchObject({ code: "bad-request" });
    },
  );

  it("P-50: refuses bytes that are not UTF-8", () => {
    expect(refusalOf(Uint8Array.of(0x22, 0xff, 0x22))).toEqual({
      code: "bad-request",
      detail: "the body is not UTF-8",
    });
  });
});
