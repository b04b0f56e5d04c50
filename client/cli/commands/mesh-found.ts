/** `outcome-mesh mesh found`: a mesh's charter. */
import { Command } from "commander";
import {
  charterStatementSchema,
  draftCharter,
  issuesOf,
  signDraft,
  SLOTS,
  type AdmissionRule,
  type CharterDraft,
  type Identity,
  type PublicKey,
} from "../../../protocol/index.ts";
import { CliError } from "../cli-error.ts";
import { admission } from "../mesh/admission.ts";
import { readKey, writeDocument } from "../mesh/files.ts";
import { files, publicKeys } from "../mesh/options.ts";
import { printCharter } from "../mesh/print-charter.ts";
import { jsonOption, wholeNumber } from "../options.ts";

interface MeshFoundOptions {
  readonly name: string;
  readonly key: readonly string[];
  readonly founder: readonly PublicKey[];
  readonly admission: AdmissionRule;
  readonly replicas: number;
  readonly out: string;
  readonly json?: true;
}

export function meshFoundCommand(): Command {
  return new Command("found")
    .description(
      "Write a mesh's charter: its name, its founders, who admits others, and how many nodes hold each entry. It is complete when every founder has signed, and cannot be changed from then on: its hash is the mesh id.",
    )
    .requiredOption("--name <name>", "what people call the mesh")
    .option("--key <file>", "a founder's key, which signs at once; may be repeated", files, [])
    .option(
      "--founder <public key>",
      "another founder, who signs later; may be repeated",
      publicKeys,
      [],
    )
    .requiredOption(
      "--admission <rule>",
      "who becomes a member: `open` (anyone), `founders:M` (whom M founders admit) or `members:M` (whom M members admit)",
      admission,
    )
    .option("--replicas <n>", "nodes that hold each entry", wholeNumber(1, 16), 3)
    .option("--out <file>", "the new file", "charter.json")
    .addOption(jsonOption())
    .addHelpText(
      "after",
      `
Examples:
  outcome-mesh mesh found --name "Pump mesh" --key node.key --founder <key of B> --founder <key of C> \\
    --admission founders:2 --out charter.json
  outcome-mesh mesh found --name "My mesh" --key node.key --admission members:1

A threshold of 1 lets each founder, or member, alone admit and revoke. Below M voters of ill will, no one is admitted
or revoked against the others.`,
    )
    .action(runMeshFound);
}

async function runMeshFound(options: MeshFoundOptions): Promise<void> {
  const identities = await Promise.all(options.key.map(readKey));
  const signers = identities.map((identity) => identity.publicKey);
  const parsed = charterStatementSchema.safeParse({
    version: 1,
    name: options.name,
    founders: [...new Set([...signers, ...options.founder])],
    admission: options.admission,
    replicas: options.replicas,
    slots: SLOTS,
  });
  if (!parsed.success) {
    throw new CliError("that is no charter", {
      issues: issuesOf(parsed.error),
      hint: "name each founder with --founder PUBLIC_KEY, or --key FILE to sign at once",
    });
  }
  const draft = await signAll(draftCharter(parsed.data), identities);
  await writeDocument(options.out, draft);
  printCharter(options.out, draft, options.json ?? false);
}

async function signAll(
  draft: CharterDraft,
  identities: readonly Identity[],
): Promise<CharterDraft> {
  let signed = draft;
  for (const identity of identities) signed = (await signDraft(signed, identity)) ?? signed;
  return signed;
}
