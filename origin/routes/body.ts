/** Request bodies: bounded, and JSON by their own word. */
import type { z } from "zod";
import { parseBody, readRequestBody, Refusal, REQUEST_MAX_BYTES } from "../../protocol/index.ts";

export function readBody(request: Request): Promise<Uint8Array<ArrayBuffer>> {
  return readRequestBody(request, REQUEST_MAX_BYTES);
}

export function parseJsonBody<T>(headers: Headers, schema: z.ZodType<T>, body: Uint8Array): T {
  const mediaType = headers.get("content-type")?.split(";")[0]?.trim().toLowerCase();
  if (mediaType !== "application/json") {
    throw new Refusal("unsupported-media-type", { detail: "needs content-type: application/json" });
  }
  return parseBody(schema, body);
}
