/** Calls to other nodes' Workers: signed, bounded in time and size, never redirected. */
import {
  LOOKUP_RESPONSE_MAX_BYTES,
  lookupResponseSchema,
  parseJson,
  readBytes,
  signedFetch,
  utf8Bytes,
  type LookupRequest,
  type LookupResponse,
  type Member,
} from "../../protocol/index.ts";
import type { MemberContext } from "../node-context.ts";

export interface PeerAnswer {
  /** Undefined where the peer failed, in whatever way. */
  readonly response: LookupResponse | undefined;
  readonly bytesSent: number;
  readonly bytesReceived: number;
}

/** Asks `peer` for a lookup, waiting `timeoutMs` at most. Never rejects. */
export async function askPeer(
  node: MemberContext,
  peer: Member,
  lookup: LookupRequest,
  timeoutMs: number,
): Promise<PeerAnswer> {
  const body = utf8Bytes(JSON.stringify(lookup));
  let bytesReceived = 0;
  let response: LookupResponse | undefined;
  try {
    const answer = await signedFetch(
      node.caller,
      { method: "POST", url: `${peer.meshUrl}/v1/peer/lookup`, to: peer.node, body },
      AbortSignal.timeout(Math.max(1, timeoutMs)),
    );
    const bytes = await readBytes(answer, LOOKUP_RESPONSE_MAX_BYTES);
    if (bytes.ok) {
      bytesReceived = bytes.value.length;
      if (answer.status === 200) response = readLookupResponse(bytes.value);
    }
  } catch {
    // Unreachable, too slow or cut off: the caller asks another replica, and counts what no one answered.
  }
  return { response, bytesSent: body.length, bytesReceived };
}

function readLookupResponse(bytes: Uint8Array): LookupResponse | undefined {
  const json = parseJson(new TextDecoder().decode(bytes));
  const parsed = lookupResponseSchema.safeParse(json.ok ? json.value : undefined);
  return parsed.success ? parsed.data : undefined;
}
