/** `outcome-mesh receipt verify`: what origins gave in proof, checked without asking anyone. */
import { Command, InvalidArgumentError } from "commander";
import {
  meshIdOf,
  publicKeySchema,
  receiptFault,
  receiptNode,
  type MeshId,
  type PublicKey,
  type Receipt,
  type ReceiptFault,
} from "../../../protocol/index.ts";
import { readReceipt } from "../audit-log.ts";
import { EXIT } from "../exit-codes.ts";
import { readCharter } from "../mesh/files.ts";
import { jsonOption } from "../options.ts";
import { printJson, printText } from "../output.ts";
import { printable } from "../table.ts";

interface ReceiptVerifyOptions {
  readonly mesh?: string;
  readonly key?: PublicKey;
  readonly query?: string;
  readonly json?: true;
}

type Fault = ReceiptFault | "other-mesh" | "other-key" | "other-query" | "contradiction";

const FAULTS: Readonly<Record<Fault, string>> = {
  "bad-signature": "its checkpoint was not signed by the key that it names",
  "not-included": "the log that its checkpoint is of does not have this entry",
  "bad-opening": "the entry is about another query or answer",
  "other-mesh": "it is of another mesh",
  "other-key": "it is of another node",
  "other-query": "it is about another query",
  contradiction:
    "another receipt of the same node has the same log size with another root: the node keeps two logs",
};

export function receiptVerifyCommand(): Command {
  return new Command("verify")
    .description(
      "Verify receipts: that the node whose key they name signed a log that holds the query and the answer. Needs no network. Receipts of one node that contradict each other are found as well.",
    )
    .argument("<file...>", "receipts, as `query --receipts` writes them")
    .option("--mesh <charter>", "the mesh's charter: receipts must be of this mesh")
    .option("--key <key>", "the origin's public key, which its descriptor gives", publicKey)
    .option("--query <digest>", "the content digest of the query: receipts must be about this one")
    .addOption(jsonOption())
    .addHelpText(
      "after",
      `
Examples:
  outcome-mesh receipt verify receipts/*.json
  outcome-mesh receipt verify receipt.json --mesh charter.json --key 11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo

Exit codes: 0 all hold; 1 one of them does not.`,
    )
    .action(runReceiptVerify);
}

function publicKey(text: string): PublicKey {
  const key = publicKeySchema.safeParse(text);
  if (key.success) return key.data;
  throw new InvalidArgumentError("must be a public key: 43 characters of base64url");
}

interface Checked {
  readonly file: string;
  readonly receipt: Receipt;
  readonly fault: Fault | undefined;
}

async function runReceiptVerify(
  files: readonly string[],
  options: ReceiptVerifyOptions,
): Promise<void> {
  const charter = options.mesh === undefined ? undefined : await readCharter(options.mesh);
  const expected = {
    mesh: charter && meshIdOf(charter.charter),
    key: options.key,
    query: options.query,
  };
  const roots = new Map<string, string>();
  const checked: Checked[] = [];
  for (const file of files) {
    const receipt = await readReceipt(file);
    checked.push({ file, receipt, fault: await faultOf(receipt, expected, roots) });
  }
  if (options.json)
    printJson({ ok: checked.every(({ fault }) => !fault), receipts: checked.map(toJson) });
  else printText(checked.map(format).join("\n"));
  if (checked.some(({ fault }) => fault)) process.exitCode = EXIT.negative;
}

async function faultOf(
  receipt: Receipt,
  expected: {
    readonly mesh: MeshId | undefined;
    readonly key: PublicKey | undefined;
    readonly query: string | undefined;
  },
  roots: Map<string, string>,
): Promise<Fault | undefined> {
  const { mesh, key, size, root } = receipt.checkpoint.checkpoint;
  if (expected.mesh !== undefined && mesh !== expected.mesh) return "other-mesh";
  if (expected.key !== undefined && key !== expected.key) return "other-key";
  const { query } = receipt.opening;
  if (expected.query !== undefined && query !== expected.query) return "other-query";
  const fault = await receiptFault(receipt);
  if (fault) return fault;
  const name = `${mesh}/${key}/${size}`;
  const known = roots.get(name) ?? root;
  roots.set(name, known);
  return known === root ? undefined : "contradiction";
}

function toJson({ file, receipt, fault }: Checked) {
  const { entry, opening, checkpoint } = receipt;
  return {
    file,
    ok: fault === undefined,
    ...(fault && { fault, message: FAULTS[fault] }),
    node: receiptNode(receipt),
    mesh: checkpoint.checkpoint.mesh,
    index: entry.index,
    size: checkpoint.checkpoint.size,
    at: entry.at,
    asker: entry.asker,
    domain: entry.domain,
    decision: entry.decision,
    released: entry.released,
    query: opening.query,
    answer: opening.answer,
  };
}

function format({ file, receipt, fault }: Checked): string {
  if (fault) return printable(`${file} does not hold: ${FAULTS[fault]}`);
  const { entry, opening, checkpoint } = receipt;
  const { size, mesh } = checkpoint.checkpoint;
  return [
    `${file} holds:`,
    `  node ${receiptNode(receipt)} of mesh ${mesh}`,
    `  logged as entry ${entry.index} of ${size}, ${new Date(entry.at).toISOString()}`,
    `  that node ${entry.asker} asked the query ${opening.query}`,
    `  and was answered (${entry.decision.outcome}) with ${entry.released.count} cases`,
  ]
    .map(printable)
    .join("\n");
}
