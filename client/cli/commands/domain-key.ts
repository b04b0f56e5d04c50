/** `outcome-mesh domain key`: a domain document with a secret of its members, or with the next one. */
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { Command } from "commander";
import {
  commitmentTo,
  domainIdOf,
  domainSecretFrom,
  type Domain,
  type DomainId,
} from "../../../protocol/index.ts";
import { CliError } from "../cli-error.ts";
import { writeDocument } from "../mesh/files.ts";
import { jsonOption } from "../options.ts";
import { printJson, printText } from "../output.ts";
import { readDomain } from "../read-files.ts";
import { writeSecret } from "../write-secret.ts";

export function domainKeyCommand(): Command {
  return new Command("key")
    .description(
      "Make a keyed domain, or give one its next secret: whoever lacks the secret can compute no signature of it. Writes a new document and a new secret beside FILE, and leaves FILE as it is.",
    )
    .argument("<file>", "the domain, as JSON; keyed already or not")
    .addOption(jsonOption())
    .addHelpText(
      "after",
      `
Examples:
  outcome-mesh domain key pump-faults.json           writes pump-faults.epoch-1.json and .secret
  outcome-mesh domain key pump-faults.epoch-1.json   writes pump-faults.epoch-2.json and .secret

The new document is another domain, with an id of its own: docs/privacy.md says how members go over to it.`,
    )
    .action(runDomainKey);
}

interface KeyedDomain {
  readonly id: DomainId;
  readonly epoch: number;
  readonly document: string;
  readonly secretFile: string;
}

async function runDomainKey(file: string, { json }: { readonly json?: true }): Promise<void> {
  const before = await readDomain(file);
  const epoch = (before.signature.key?.epoch ?? 0) + 1;
  const stem = file.replace(/(\.epoch-\d+)?(\.json)?$/, `.epoch-${epoch}`);
  const [document, secretFile] = [`${stem}.json`, `${stem}.secret`];
  if (existsSync(document)) {
    throw new CliError(`${document} is there already, and is not overwritten`, {
      hint: "name the newest document of the domain, or move that file away",
    });
  }
  const secret = domainSecretFrom(randomBytes(32));
  const key = { epoch, commitment: commitmentTo(secret) };
  const keyed: Domain = { ...before, signature: { ...before.signature, key } };
  await writeSecret(secretFile, secret);
  await writeDocument(document, keyed);
  const made: KeyedDomain = { id: domainIdOf(keyed), epoch, document, secretFile };
  if (json) printJson(made);
  else printText(describe(keyed, made, epoch > 1 ? file : undefined));
}

function describe(
  { name }: Domain,
  { id, epoch, document, secretFile }: KeyedDomain,
  former: string | undefined,
): string {
  const steps = [
    `Give both files to the members that publish in this domain or ask it: the document as you like, the secret so that no one else can read it.`,
    `Each adds them to its origin's configuration, in "domains" and "domainSecretFiles", loads its records into the new domain, and starts the origin again.`,
    `Each lets its Worker compute signatures, with all its domains' secrets in one variable:\n       cat *.secret | npx wrangler secret put DOMAIN_SECRETS --env mesh`,
    ...(former === undefined
      ? []
      : [
          `Until all have done so, serve and ask the former domain too. Then take ${former} and its secret out of the configuration: the origin withdraws what it published there.`,
        ]),
  ];
  return [
    `${name}, epoch ${epoch}\nid        ${id}\ndocument  ${document}\nsecret    ${secretFile}   (keep a copy: without it the domain is lost)`,
    `Next:\n${steps.map((step, i) => `  ${i + 1}. ${step}`).join("\n")}`,
  ].join("\n\n");
}
