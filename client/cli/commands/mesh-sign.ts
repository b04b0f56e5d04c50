/** `outcome-mesh mesh sign`: a founder's signature under a charter. */
import { Command } from "commander";
import { mergeDrafts, signDraft, type CharterDraft } from "../../../protocol/index.ts";
import { CliError } from "../cli-error.ts";
import { readDraft, readKey, writeDocument } from "../mesh/files.ts";
import { files } from "../mesh/options.ts";
import { printCharter } from "../mesh/print-charter.ts";
import { jsonOption } from "../options.ts";

interface MeshSignOptions {
  readonly key: readonly string[];
  readonly merge: readonly string[];
  readonly json?: true;
}

export function meshSignCommand(): Command {
  return new Command("sign")
    .description(
      "Sign a charter that names you as a founder. Read it first: it cannot be changed afterwards. Without --key it only says who has yet to sign.",
    )
    .argument("<file>", "the charter, as `mesh found` wrote it; your signature is added in place")
    .option("--key <file>", "your node's key; may be repeated", files, [])
    .option("--merge <file>", "a copy that others signed meanwhile; may be repeated", files, [])
    .addOption(jsonOption())
    .addHelpText(
      "after",
      `
Examples:
  outcome-mesh mesh sign charter.json --key node.key
  outcome-mesh mesh sign charter.json --merge from-b.json --merge from-c.json`,
    )
    .action(runMeshSign);
}

async function runMeshSign(file: string, options: MeshSignOptions): Promise<void> {
  const before = await readDraft(file);
  let draft = before;
  for (const path of options.merge) draft = await merged(draft, file, path);
  for (const path of options.key) draft = await signed(draft, file, path);
  if (draft !== before) await writeDocument(file, draft, { replace: true });
  printCharter(file, draft, options.json ?? false);
}

async function merged(draft: CharterDraft, file: string, path: string): Promise<CharterDraft> {
  const both = mergeDrafts(draft, await readDraft(path));
  if (both) return both;
  throw new CliError(`${path} is another charter than ${file}`, {
    hint: "all founders must sign the same one: compare the mesh ids",
  });
}

async function signed(draft: CharterDraft, file: string, path: string): Promise<CharterDraft> {
  const identity = await readKey(path);
  const done = await signDraft(draft, identity);
  if (done) return done;
  throw new CliError(`${file} does not name ${identity.publicKey} as a founder`, {
    hint: "`mesh found --founder` names them; whoever is none joins with an invitation",
  });
}
