/** What an organisation's operator does to its own Worker, signed with the node's key. */
import { randomBytes } from "node:crypto";
import {
  signRequest,
  utf8Bytes,
  type Identity,
  type Members,
  type MeshId,
} from "../../../protocol/index.ts";

/** Gives a node its mesh's members. Throws with the node's answer if it refuses. */
export async function putMembers(
  node: { readonly identity: Identity; readonly mesh: MeshId; readonly meshUrl: string },
  members: Members,
): Promise<void> {
  const body = utf8Bytes(JSON.stringify(members));
  const request = { method: "PUT", url: `${node.meshUrl}/v1/node/members`, body };
  const headers = await signRequest(request, {
    identity: node.identity,
    mesh: node.mesh,
    to: node.identity.node,
    now: Date.now(),
    nonce: randomBytes(16),
  });
  const response = await fetch(request.url, {
    method: request.method,
    headers: { ...headers, "content-type": "application/json" },
    body,
  });
  if (response.status !== 204) {
    throw new Error(`${request.url} answered ${response.status}: ${await response.text()}`);
  }
}
