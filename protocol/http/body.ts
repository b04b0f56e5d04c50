/** Reading bodies: bounded while they arrive, then parsed as JSON, then by schema. */
import type { z } from "zod";
import { parseJson } from "../json.ts";
import { err, issuesOf, ok, type Result } from "../result.ts";
import { Refusal } from "./problem.ts";

/**
 * All bytes of a request's or response's body; fails as soon as there are more than `maxBytes`. `onBytes`
 * hears of each piece as it arrives, so that a body cut off is counted too.
 */
export async function readBytes(
  message: Request | Response,
  maxBytes: number,
  onBytes?: (count: number) => void,
): Promise<Result<Uint8Array<ArrayBuffer>, "too-large">> {
  if (Number(message.headers.get("content-length") ?? 0) > maxBytes) {
    await message.body?.cancel();
    return err("too-large");
  }
  const parts: Uint8Array[] = [];
  let size = 0;
  const reader: ReadableStreamDefaultReader<Uint8Array> | undefined = message.body?.getReader();
  for (;;) {
    const piece = await reader?.read();
    if (!piece || piece.done) break;
    const { value } = piece;
    size += value.length;
    onBytes?.(value.length);
    if (size > maxBytes) {
      await reader?.cancel();
      return err("too-large");
    }
    parts.push(value);
  }
  const whole = new Uint8Array(size);
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return ok(whole);
}

/** All bytes of a request's body. Throws a `Refusal` where they are more than `maxBytes`, or do not all come. */
export async function readRequestBody(
  request: Request,
  maxBytes: number,
): Promise<Uint8Array<ArrayBuffer>> {
  let body: Awaited<ReturnType<typeof readBytes>>;
  try {
    body = await readBytes(request, maxBytes);
  } catch {
    // The sender went away or framed its body badly: its fault, and no failure of ours.
    throw new Refusal("bad-request", { detail: "the body did not arrive as a whole" });
  }
  if (!body.ok) throw new Refusal("too-large", { detail: `the body may have ${maxBytes} bytes` });
  return body.value;
}

/** A body as JSON; undefined, which no schema accepts, where it is not UTF-8 or not JSON. */
export function readJson(body: Uint8Array): unknown {
  const text = decodeUtf8(body);
  const json = text === undefined ? undefined : parseJson(text);
  return json?.ok ? json.value : undefined;
}

function decodeUtf8(body: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(body);
  } catch {
    return undefined;
  }
}

/** Parses a request's body with `schema`. Throws a `Refusal` that names each offending field. */
export function parseBody<T>(schema: z.ZodType<T>, body: Uint8Array): T {
  const text = decodeUtf8(body);
  if (text === undefined) throw new Refusal("bad-request", { detail: "the body is not UTF-8" });
  const json = parseJson(text);
  if (!json.ok) throw new Refusal("bad-request", { errors: [json.error] });
  const parsed = schema.safeParse(json.value);
  if (!parsed.success) throw new Refusal("bad-request", { errors: issuesOf(parsed.error) });
  return parsed.data;
}

/** As `parseBody`, of a body that says of itself that it is JSON. */
export function parseJsonBody<T>(headers: Headers, schema: z.ZodType<T>, body: Uint8Array): T {
  const mediaType = headers.get("content-type")?.split(";")[0]?.trim().toLowerCase();
  if (mediaType !== "application/json") {
    throw new Refusal("unsupported-media-type", { detail: "needs content-type: application/json" });
  }
  return parseBody(schema, body);
}
