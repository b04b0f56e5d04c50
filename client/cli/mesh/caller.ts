/** How commands call Workers: in the node's name, from the operator's machine. */
import { randomBytes } from "node:crypto";
import type { Caller, Identity, MeshId } from "../../../protocol/index.ts";

/** Calls whatever the operator names; `mayCall` where others name it. */
export function callerOf(
  identity: Identity,
  mesh: MeshId,
  mayCall: Caller["mayCall"] = anywhere,
): Caller {
  return { fetch, identity, mesh, now: Date.now, random: randomBytes, mayCall };
}

function anywhere(): boolean {
  return true;
}
