/** `outcome-mesh key show`: what others may know of a key. */
import { Command } from "commander";
import { readKey } from "../mesh/files.ts";
import { jsonOption } from "../options.ts";
import { printJson, printText } from "../output.ts";

export function keyShowCommand(): Command {
  return new Command("show")
    .description("Show the node id and the public key of a node's key, which others may know.")
    .argument("<file>", "the key, as `key new` wrote it")
    .addOption(jsonOption())
    .addHelpText("after", "\nExample:\n  outcome-mesh key show node.key")
    .action(runKeyShow);
}

async function runKeyShow(file: string, { json }: { readonly json?: true }): Promise<void> {
  const { node, publicKey } = await readKey(file);
  if (json) printJson({ node, publicKey });
  else printText(`node id     ${node}\npublic key  ${publicKey}`);
}
