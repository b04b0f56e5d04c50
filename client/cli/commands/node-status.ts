/** `outcome-mesh node status`: what a node says of itself and its mesh. */
import { Command } from "commander";
import { nodeStatusSchema } from "../../../protocol/index.ts";
import { readKey } from "../mesh/files.ts";
import { formatStatus } from "../mesh/format-status.ts";
import { endpoint, keyOption } from "../mesh/options.ts";
import { openOwnNode } from "../mesh/own-node.ts";
import { jsonOption } from "../options.ts";
import { printJson, printText } from "../output.ts";

export interface OwnNodeOptions {
  readonly url: string;
  readonly key: string;
  readonly json?: true;
}

export function nodeStatusCommand(): Command {
  return new Command("status")
    .description(
      "Show what your node knows and does: members by state, gossip, the slots and entries of each shard, what repair has yet to do, and how each peer answers.",
    )
    .requiredOption("--url <url>", "your Worker", endpoint)
    .addOption(keyOption().makeOptionMandatory())
    .addOption(jsonOption())
    .addHelpText(
      "after",
      "\nExample:\n  outcome-mesh node status --url https://mesh.example.org --key node.key",
    )
    .action(runNodeStatus);
}

async function runNodeStatus({ url, key, json }: OwnNodeOptions): Promise<void> {
  const node = await openOwnNode(url, await readKey(key));
  const status = await node.read("/v1/node/status", nodeStatusSchema);
  if (json) printJson(status);
  else printText(formatStatus(status));
}
