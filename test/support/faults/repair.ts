/** One round of gossip and repair at single nodes, asked for by their own operators. */
import { setTimeout as sleep } from "node:timers/promises";
import pLimit from "p-limit";
import { tellPeer } from "../../../protocol/index.ts";
import { testCaller } from "../test-caller.ts";
import type { FaultMesh } from "./fault-mesh.ts";

const TIMEOUT_MS = 60_000;
const ANSWER_MAX_BYTES = 1_048_576;
/** Nodes that repair at once; each of them calls the others. */
const REPAIRING_AT_ONCE = 4;

/** A node that forgot which requests it took refuses for so long what it may have taken before: P-48. */
export const UNSURE_MS = 6_000;
const AGAIN_AFTER_MS = 500;

/** Runs one round at each of `slugs`. Throws if a node does not run it. */
export async function repairRound(mesh: FaultMesh, slugs: readonly string[]): Promise<void> {
  const limit = pLimit(REPAIRING_AT_ONCE);
  await Promise.all(slugs.map((slug) => limit(() => repairOnce(mesh, slug))));
}

export async function repairOnce({ local }: FaultMesh, slug: string): Promise<void> {
  const { identity, meshUrl } = local.organisation(slug);
  const attempt = (): ReturnType<typeof tellPeer> =>
    tellPeer(
      testCaller(identity, local.mesh),
      { node: identity.node, key: identity.publicKey, meshUrl },
      {
        method: "POST",
        path: "/v1/node/repair",
        maxBytes: ANSWER_MAX_BYTES,
        timeoutMs: TIMEOUT_MS,
      },
    );
  let { result } = await attempt();
  for (let waited = 0; waited < UNSURE_MS; waited += AGAIN_AFTER_MS) {
    if (result.ok || result.error.code !== "not-ready") break;
    await sleep(AGAIN_AFTER_MS);
    ({ result } = await attempt());
  }
  if (!result.ok) {
    throw new Error(`${slug} did not repair: ${result.error.problem?.detail ?? result.error.code}`);
  }
}
