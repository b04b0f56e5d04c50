/** `outcome-mesh key new`: a node's key. */
import { randomBytes } from "node:crypto";
import { Command } from "commander";
import { openIdentity, secretKeyFrom } from "../../../protocol/index.ts";
import { jsonOption } from "../options.ts";
import { printJson, printText } from "../output.ts";
import { writeSecret } from "../write-secret.ts";

interface KeyNewOptions {
  readonly out?: string;
  readonly json?: true;
}

export function keyNewCommand(): Command {
  return new Command("new")
    .description(
      "Make a node's key: a random 32-byte Ed25519 seed. Its hash is the node's id, so keep it, and keep it secret.",
    )
    .option(
      "--out <file>",
      "write it to a new file that only you can read; otherwise it is printed",
    )
    .addOption(jsonOption())
    .addHelpText(
      "after",
      `
Examples:
  outcome-mesh key new --out node.key
  outcome-mesh key new | npx wrangler secret put NODE_KEY`,
    )
    .action(runKeyNew);
}

async function runKeyNew({ out, json }: KeyNewOptions): Promise<void> {
  const key = secretKeyFrom(randomBytes(32));
  const { node, publicKey } = await openIdentity(key);
  if (out !== undefined) await writeSecret(out, key);
  if (json) {
    printJson({ node, publicKey, ...(out === undefined ? { key } : { file: out }) });
    return;
  }
  const names = `node id     ${node}\npublic key  ${publicKey}\n`;
  if (out === undefined) {
    // Apart, so that the key alone can be piped on.
    process.stderr.write(names);
    printText(key);
  } else {
    process.stdout.write(names);
  }
}
