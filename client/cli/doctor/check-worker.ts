/** `doctor`'s questions to the own Worker: is it there, is it the right one, does it believe us? */
import { stat } from "node:fs/promises";
import {
  CLOCK_SKEW_S,
  nodeStatusSchema,
  openIdentity,
  type Identity,
  type MeshId,
  type NodeStatus,
} from "../../../protocol/index.ts";
import { createClient, ProblemError } from "../../index.ts";
import { gatewayError } from "../gateway-errors.ts";
import { CliError } from "../cli-error.ts";
import { formatDuration } from "../mesh/duration.ts";
import { readKey } from "../mesh/files.ts";
import { openOwnNode, readHealth, type OwnNode } from "../mesh/own-node.ts";
import type { OriginConfig } from "../../../origin/index.ts";
import type { Findings } from "./check.ts";

/** A clock this far off still works, and tells that no one sets it. */
const CLOCK_WARN_MS = 10_000;
/** Others' permissions in a file's mode. */
const GROUP_AND_OTHERS = 0o077;

/** Reads the node's key, from its own file or as the origin's configuration has it. */
export async function checkKey(
  findings: Findings,
  from: { readonly file: string } | { readonly config: OriginConfig },
): Promise<Identity | undefined> {
  const identity = await findings.attempt("key", () =>
    "file" in from ? readKey(from.file) : openIdentity(from.config.key),
  );
  if (!identity) return undefined;
  if ("file" in from && process.platform !== "win32") {
    const { mode } = await stat(from.file);
    if ((mode & GROUP_AND_OTHERS) !== 0) {
      const hint = `chmod 600 ${from.file}`;
      findings.warn("key", `others on this machine may read ${from.file}`, hint);
      return identity;
    }
  }
  findings.ok("key", `node ${identity.node}`);
  return identity;
}

/** Finds the Worker at `url`, which must be that of `identity`, and of `mesh` where it is known. */
export async function checkWorker(
  findings: Findings,
  url: string,
  identity: Identity,
  mesh: MeshId | undefined,
): Promise<OwnNode | undefined> {
  const health = await findings.attempt("worker", () => readHealth(url));
  if (!health) return undefined;
  findings.ok("worker", `${url} answers in ${Math.round(health.roundTripMs)} ms`);
  const node = await findings.attempt("identity", () => openOwnNode(url, identity, mesh));
  if (!node) return undefined;
  findings.ok("identity", `mesh ${node.mesh}`);
  checkClock(findings, health.clockAheadMs, health.roundTripMs);
  return node;
}

function checkClock(findings: Findings, aheadMs: number, roundTripMs: number): void {
  const apart = Math.max(0, Math.abs(aheadMs) - roundTripMs / 2);
  const side = aheadMs > 0 ? "behind" : "ahead of";
  const message = `this machine's clock is ${formatDuration(apart)} ${side} the Worker's`;
  const hint = "let the system set its clock (NTP): signed requests are good for a minute";
  if (apart > CLOCK_SKEW_S * 1000) findings.fail("clock", message, hint);
  else if (apart > CLOCK_WARN_MS) findings.warn("clock", message, hint);
  else findings.ok("clock", apart < 1000 ? "agrees with the Worker's" : message);
}

/** What the Worker says of itself, signed for with the node's key. */
export async function checkStatus(
  findings: Findings,
  node: OwnNode,
): Promise<NodeStatus | undefined> {
  const status = await findings.attempt("signature", () =>
    node.read("/v1/node/status", nodeStatusSchema),
  );
  if (status) findings.ok("signature", "the Worker takes requests signed with the key");
  return status;
}

/** Whether the Worker takes the requester token. Returns the domains that it knows. */
export async function checkToken(
  findings: Findings,
  url: string,
  token: string | undefined,
): Promise<void> {
  if (token === undefined) {
    findings.skip("token", "no requester token was given (--token)");
    return;
  }
  await findings.attempt("token", async () => {
    const domains = await createClient({ gateway: url, token })
      .domains()
      .catch((error: unknown) => {
        if (error instanceof ProblemError && error.code === "unauthorized") {
          throw new CliError("the Worker does not take the requester token", {
            hint: "npx wrangler secret put REQUESTER_TOKEN sets another",
          });
        }
        throw gatewayError(error, url);
      });
    findings.ok("token", `good; the Worker knows ${domains.length} domains`);
  });
}
