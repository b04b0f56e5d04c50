/** What a gateway asks of other nodes' Workers. */
import {
  callPeer,
  LOOKUP_RESPONSE_MAX_BYTES,
  lookupResponseSchema,
  utf8Bytes,
  type AskLimits,
  type LookupRequest,
  type LookupResponse,
  type Member,
  type PeerAnswer,
} from "../../protocol/index.ts";
import type { MemberContext } from "../node-context.ts";

/** Asks `peer` for a lookup. Never rejects. */
export async function askPeer(
  node: MemberContext,
  peer: Member,
  lookup: LookupRequest,
  limits: AskLimits,
): Promise<PeerAnswer<LookupResponse>> {
  return callPeer(
    node.caller,
    peer,
    {
      method: "POST",
      path: "/v1/peer/lookup",
      body: utf8Bytes(JSON.stringify(lookup)),
      maxBytes: LOOKUP_RESPONSE_MAX_BYTES,
      ...limits,
    },
    lookupResponseSchema,
  );
}
