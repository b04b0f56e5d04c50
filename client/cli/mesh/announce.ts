/** Telling a mesh of a newcomer: a member's Worker is asked to take in its descriptor and the votes for it. */
import { z } from "zod";
import {
  callPeer,
  charterSchema,
  descriptorSchema,
  joinResponseSchema,
  meshIdOf,
  nodeOf,
  parseJson,
  utf8Bytes,
  verifyDescriptor,
  type Identity,
  type JoinResponse,
  type MeshId,
  type PeerTarget,
  type Statement,
} from "../../../protocol/index.ts";
import { callerOf } from "./caller.ts";

const TIMEOUT_MS = 30_000;
const ANSWER_MAX_BYTES = 1_048_576;

const wellKnownSchema = z.object({ charter: charterSchema, descriptor: descriptorSchema });

/** What became of the announcement: taken in, refused, or no one there. */
export type Announcement =
  | { readonly peer: string; readonly outcome: "accepted"; readonly response: JoinResponse }
  | { readonly peer: string; readonly outcome: "refused" | "failed"; readonly reason: string };

/** Announces `statements` to the member at `peer`. Never rejects. */
export async function announce(
  identity: Identity,
  mesh: MeshId,
  peer: string,
  statements: readonly Statement[],
): Promise<Announcement> {
  const target = await findPeer(peer, mesh);
  if (typeof target === "string") return { peer, outcome: "failed", reason: target };
  if (target.node === identity.node) {
    return { peer, outcome: "failed", reason: "that is this node itself" };
  }
  const { result } = await callPeer(
    callerOf(identity, mesh),
    target,
    {
      method: "POST",
      path: "/v1/peer/join",
      body: utf8Bytes(JSON.stringify({ statements })),
      maxBytes: ANSWER_MAX_BYTES,
      timeoutMs: TIMEOUT_MS,
    },
    joinResponseSchema,
  );
  if (result.ok) return { peer, outcome: "accepted", response: result.value };
  const { code, problem } = result.error;
  const reason = problem?.detail ?? problem?.title ?? code;
  return { peer, outcome: code === "forbidden" ? "refused" : "failed", reason };
}

/** Who is at `url`, by its own signed descriptor; or why no member of the mesh is. */
async function findPeer(url: string, mesh: MeshId): Promise<PeerTarget | string> {
  let text: string;
  try {
    const response = await fetch(`${url}/.well-known/outcome-mesh`, {
      redirect: "manual",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    text = await response.text();
  } catch {
    return "it can not be reached";
  }
  const json = parseJson(text);
  const document = wellKnownSchema.safeParse(json.ok ? json.value : undefined);
  if (!document.success) return "it is not a live member's Worker";
  const { charter, descriptor } = document.data;
  if (meshIdOf(charter.charter) !== mesh) return "it is a node of another mesh";
  if (!(await verifyDescriptor(mesh, descriptor))) return "its descriptor is not signed by its key";
  return { node: nodeOf(descriptor), key: descriptor.descriptor.key, meshUrl: url };
}
