/** `outcome-mesh node repair`: what the alarms do, now. */
import { Command } from "commander";
import { z } from "zod";
import { readKey } from "../mesh/files.ts";
import { endpoint, keyOption } from "../mesh/options.ts";
import { openOwnNode } from "../mesh/own-node.ts";
import { jsonOption } from "../options.ts";
import { printJson, printText } from "../output.ts";
import type { OwnNodeOptions } from "./node-status.ts";

/** Counts, whatever a version of the Worker calls them. */
const reportSchema = z.record(z.string(), z.unknown());

export function nodeRepairCommand(): Command {
  return new Command("repair")
    .description(
      "Compare every shard with the other replicas now and mend what differs, as your node does by itself every few minutes. Does no harm, however often.",
    )
    .requiredOption("--url <url>", "your Worker", endpoint)
    .addOption(keyOption().makeOptionMandatory())
    .addOption(jsonOption())
    .addHelpText(
      "after",
      "\nExample:\n  outcome-mesh node repair --url https://mesh.example.org --key node.key",
    )
    .action(runNodeRepair);
}

async function runNodeRepair({ url, key, json }: OwnNodeOptions): Promise<void> {
  const node = await openOwnNode(url, await readKey(key));
  const report = await node.read("/v1/node/repair", reportSchema, "POST");
  if (json) printJson(report);
  else printText(Object.entries(report).map(describe).join("\n"));
}

function describe([name, value]: [name: string, value: unknown]): string {
  const words = name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  return `${words}: ${typeof value === "string" ? value : JSON.stringify(value)}`;
}
