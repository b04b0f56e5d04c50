/** `doctor`'s calls of other members: are they there, and do they take this node for a member? */
import {
  callPeer,
  callPolicy,
  compareText,
  type Caller,
  type MemberReport,
  type PublicKey,
} from "../../../protocol/index.ts";
import { callerOf } from "../mesh/caller.ts";
import { domainListSchema, type OwnNode } from "../mesh/own-node.ts";
import { counted } from "../output.ts";
import type { Findings } from "./check.ts";

/** Peers that are called from here. */
const PEERS_SAMPLED = 8;
const TIMEOUT_MS = 15_000;
const ANSWER_MAX_BYTES = 1_048_576;

interface Peer {
  readonly node: MemberReport["node"];
  readonly key: PublicKey;
  readonly name: string;
  readonly meshUrl: string;
}

/** Calls some of the live members, in the node's name. */
export async function checkPeers(
  findings: Findings,
  own: OwnNode,
  members: readonly MemberReport[],
  allowedHosts: readonly string[],
): Promise<void> {
  const peers = members.flatMap(({ node, key, state, described }): Peer[] =>
    state === "live" && described && node !== own.identity.node
      ? [{ node, key, name: described.name, meshUrl: described.meshUrl }]
      : [],
  );
  if (peers.length === 0) {
    findings.skip("peers", "there are none");
    return;
  }
  // By node id: as good as chance, and the same ones in the next run.
  const sample = peers.toSorted((a, b) => compareText(a.node, b.node)).slice(0, PEERS_SAMPLED);
  // As the Worker does: what others name as their address is not called wherever it leads.
  const mayCall = callPolicy({ ownUrl: own.url, allowedHosts });
  const answers = await Promise.all(
    sample.map(async (peer) => ({ peer, code: await call(own, peer, mayCall) })),
  );
  const namesOf = (isMeant: (code: string | undefined) => boolean): string[] =>
    answers
      .filter(({ code }) => isMeant(code))
      .map(({ peer: { name, meshUrl }, code }) => `${name} (${meshUrl}): ${code}`)
      .toSorted(compareText);
  const refused = namesOf((code) => code === "forbidden");
  const failed = namesOf((code) => code !== undefined && code !== "forbidden");
  const answered = sample.length - failed.length;
  const message = `${answered} of ${counted(sample.length, "peer")} tried answer${failed.length > 0 ? `; not ${failed.join(", ")}` : ""}`;
  if (failed.length === 0) findings.ok("peers", message);
  else if (answered > 0) {
    findings.warn("peers", message, "tell their operators; entries are held by others meanwhile");
  } else {
    findings.fail("peers", message, "is this machine online?");
  }
  if (answered > 0) reportRefusals(findings, refused, answered, own);
}

/** A node that was revoked may be the last to hear of it: no one tells it any more. */
function reportRefusals(
  findings: Findings,
  refused: readonly string[],
  answered: number,
  { identity }: OwnNode,
): void {
  if (refused.length === 0) {
    findings.ok("accepted", "they take this node for a live member");
    return;
  }
  const message = `${refused.length} of the ${answered} do not take this node for a live member: ${refused.join(", ")}`;
  const hint = `it was revoked, it lapsed, or they have yet to hear of it. Ask one of their operators: outcome-mesh mesh members shows it as ${identity.node}`;
  if (refused.length === answered) findings.fail("accepted", message, hint);
  else findings.warn("accepted", message, hint);
}

/** Undefined where the peer answers a member's request; else why it does not. */
async function call(
  { identity, mesh }: OwnNode,
  peer: Peer,
  mayCall: Caller["mayCall"],
): Promise<string | undefined> {
  const { result } = await callPeer(
    callerOf(identity, mesh, mayCall),
    peer,
    { method: "GET", path: "/v1/domains", maxBytes: ANSWER_MAX_BYTES, timeoutMs: TIMEOUT_MS },
    domainListSchema,
  );
  return result.ok ? undefined : result.error.code;
}
