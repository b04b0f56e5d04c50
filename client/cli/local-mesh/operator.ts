/** What an organisation's operator does to its own Worker, signed with the node's key. */
import { setTimeout } from "node:timers/promises";
import {
  tellPeer,
  utf8Bytes,
  type Identity,
  type Members,
  type MeshId,
  type PeerAnswer,
} from "../../../protocol/index.ts";
import { callerOf } from "../mesh/caller.ts";

/** Verifying a charter of 64 founders takes a cold isolate seconds. */
const TIMEOUT_MS = 120_000;
/** How long a restarted node may be unsure, and some. */
const RESTART_S = 8;
/** A problem document. */
const ANSWER_MAX_BYTES = 65_536;

/** Gives a node its mesh's members. Throws with the node's answer if it refuses. */
export async function putMembers(
  node: { readonly identity: Identity; readonly mesh: MeshId; readonly meshUrl: string },
  members: Members,
): Promise<void> {
  const { identity, mesh, meshUrl } = node;
  const attempt = (): ReturnType<typeof tellPeer> =>
    tellPeer(
      callerOf(identity, mesh),
      { node: identity.node, key: identity.publicKey, meshUrl },
      {
        method: "PUT",
        path: "/v1/node/members",
        body: utf8Bytes(JSON.stringify(members)),
        maxBytes: ANSWER_MAX_BYTES,
        timeoutMs: TIMEOUT_MS,
      },
    );
  let { result } = await attempt();
  // A node that was restarted takes nothing for some seconds that it may have taken before: P-48.
  for (let again = 0; again < RESTART_S && isNotReady(result); again++) {
    await setTimeout(1000);
    ({ result } = await attempt());
  }
  if (result.ok) return;
  const { code, problem } = result.error;
  throw new Error(`${meshUrl} did not take its members: ${problem?.detail ?? code}`);
}

function isNotReady(result: PeerAnswer<undefined>["result"]): boolean {
  return !result.ok && result.error.code === "not-ready";
}
