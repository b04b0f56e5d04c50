/** Request bodies, bounded. */
import { readRequestBody, REQUEST_MAX_BYTES } from "../../protocol/index.ts";

export function readBody(request: Request): Promise<Uint8Array<ArrayBuffer>> {
  return readRequestBody(request, REQUEST_MAX_BYTES);
}
