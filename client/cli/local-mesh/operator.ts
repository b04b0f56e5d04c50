/** What an organisation's operator does to its own Worker, signed with the node's key. */
import { randomBytes } from "node:crypto";
import {
  signedFetch,
  utf8Bytes,
  type Identity,
  type Members,
  type MeshId,
} from "../../../protocol/index.ts";

/** Verifying a charter of 64 founders takes a cold isolate seconds. */
const TIMEOUT_MS = 120_000;

/** Gives a node its mesh's members. Throws with the node's answer if it refuses. */
export async function putMembers(
  node: { readonly identity: Identity; readonly mesh: MeshId; readonly meshUrl: string },
  members: Members,
): Promise<void> {
  const { identity, mesh, meshUrl } = node;
  const url = `${meshUrl}/v1/node/members`;
  const response = await signedFetch(
    { fetch, identity, mesh, now: Date.now, random: randomBytes },
    { method: "PUT", url, to: identity.node, body: utf8Bytes(JSON.stringify(members)) },
    AbortSignal.timeout(TIMEOUT_MS),
  );
  if (response.status !== 204) {
    throw new Error(`${url} answered ${response.status}: ${await response.text()}`);
  }
}
