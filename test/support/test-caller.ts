/** Calls as an organisation's node, from a test: of any address. */
import { randomBytes } from "node:crypto";
import type { Caller, Identity, MeshId } from "../../protocol/index.ts";

export function testCaller(identity: Identity, mesh: MeshId): Caller {
  return { fetch, identity, mesh, now: Date.now, random: randomBytes, mayCall: () => true };
}
