/** `outcome-mesh mesh leave`: hands over what the node holds, then ends its lease. */
import { setTimeout as pause } from "node:timers/promises";
import { Command } from "commander";
import { leavingDescriptor, nodeStatusSchema, signDescriptor } from "../../../protocol/index.ts";
import { CliError } from "../cli-error.ts";
import { EXIT } from "../exit-codes.ts";
import { readKey } from "../mesh/files.ts";
import { readMembers } from "../mesh/membership.ts";
import { endpoint, keyOption } from "../mesh/options.ts";
import { openOwnNode, type OwnNode } from "../mesh/own-node.ts";
import { giveStatements } from "../mesh/vote.ts";
import { jsonOption, wholeNumber } from "../options.ts";
import { counted, printJson, printText } from "../output.ts";
import { createProgress } from "../progress.ts";

interface MeshLeaveOptions {
  readonly url: string;
  readonly key: string;
  readonly now?: true;
  readonly wait: number;
  readonly json?: true;
}

const POLL_MS = 1_000;

export function meshLeaveCommand(): Command {
  return new Command("leave")
    .description(
      "Leave the mesh in order: the node takes a capacity of 0, hands its slots to others, and when they have all of it ends its lease. From then on what it published is answered nowhere. Your records stay where they are.",
    )
    .requiredOption("--url <url>", "your Worker", endpoint)
    .addOption(keyOption().makeOptionMandatory())
    .option("--now", "do not wait for the others to have what the node holds: they have replicas")
    .option("--wait <seconds>", "how long to wait for the hand-off", wholeNumber(0, 86_400), 3600)
    .addOption(jsonOption())
    .addHelpText(
      "after",
      `
Examples:
  outcome-mesh mesh leave --url https://mesh.example.org --key node.key
  outcome-mesh mesh leave --url https://mesh.example.org --key node.key --now

Exit codes: 0 your node has left; 3 the hand-off is not done yet: run it again. Delete the Worker afterwards.`,
    )
    .action(runMeshLeave);
}

async function runMeshLeave(options: MeshLeaveOptions): Promise<void> {
  const node = await openOwnNode(options.url, await readKey(options.key));
  const left = options.now ? 0 : await handOff(node, options.wait * 1000);
  if (left === 0) await take("end", node);
  else process.exitCode = EXIT.partial;
  if (options.json) {
    printJson({ node: node.identity.node, left: left === 0, slotsToHandOver: left });
    return;
  }
  printText(
    left === 0
      ? "Your node has left the mesh. Keep its Worker for a few minutes, so that the others hear of it; then delete it: npx wrangler delete --env NAME"
      : `${counted(left, "slot")} still being handed over. Run this command again.`,
  );
}

/** Drains the node. Returns how many slots it still holds for others when the time is over. */
async function handOff(node: OwnNode, waitMs: number): Promise<number> {
  await take("hand-over", node);
  const progress = createProgress();
  const until = Date.now() + waitMs;
  try {
    for (;;) {
      const { shards } = await node.read("/v1/node/status", nodeStatusSchema);
      const left = shards.reduce((sum, { slots }) => sum + slots.held + slots.handingOff, 0);
      if (left === 0 || Date.now() >= until) return left;
      progress.report("slots to hand over:", left, Infinity);
      await pause(POLL_MS);
    }
  } finally {
    progress.end();
  }
}

/** Signs the descriptor that takes this step, and gives it to the node. */
async function take(step: "hand-over" | "end", node: OwnNode): Promise<void> {
  const { view, charter } = await readMembers(node);
  const own = view.descriptorOf(node.identity.node);
  if (!own) {
    throw new CliError("your node is not a live member", {
      exitCode: EXIT.negative,
      hint: `outcome-mesh doctor --url ${node.url} --key FILE says why`,
    });
  }
  const leaving = leavingDescriptor(own, step, Date.now());
  const descriptor = await signDescriptor(node.identity, node.mesh, leaving);
  await giveStatements(node, charter, [{ type: "descriptor", descriptor }]);
}
