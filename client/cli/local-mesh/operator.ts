/** What an organisation's operator does to its own Worker, signed with the node's key. */
import { randomBytes } from "node:crypto";
import {
  tellPeer,
  utf8Bytes,
  type Identity,
  type Members,
  type MeshId,
} from "../../../protocol/index.ts";

/** Verifying a charter of 64 founders takes a cold isolate seconds. */
const TIMEOUT_MS = 120_000;
/** A problem document. */
const ANSWER_MAX_BYTES = 65_536;

/** Gives a node its mesh's members. Throws with the node's answer if it refuses. */
export async function putMembers(
  node: { readonly identity: Identity; readonly mesh: MeshId; readonly meshUrl: string },
  members: Members,
): Promise<void> {
  const { identity, mesh, meshUrl } = node;
  const { result } = await tellPeer(
    { fetch, identity, mesh, now: Date.now, random: randomBytes },
    { node: identity.node, key: identity.publicKey, meshUrl },
    {
      method: "PUT",
      path: "/v1/node/members",
      body: utf8Bytes(JSON.stringify(members)),
      maxBytes: ANSWER_MAX_BYTES,
      timeoutMs: TIMEOUT_MS,
    },
  );
  if (result.ok) return;
  const { code, problem } = result.error;
  throw new Error(`${meshUrl} did not take its members: ${problem?.detail ?? code}`);
}
