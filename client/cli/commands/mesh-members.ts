/** `outcome-mesh mesh members`: who is a member, and by whose votes. */
import { Command } from "commander";
import {
  countStates,
  membersSchema,
  type MemberReport,
  type PublicKey,
} from "../../../protocol/index.ts";
import { CliError } from "../cli-error.ts";
import { describeAdmission } from "../mesh/admission.ts";
import { formatMoment } from "../mesh/duration.ts";
import { readDocument, readKey, writeDocument } from "../mesh/files.ts";
import { formatCounts } from "../mesh/format-status.ts";
import { checkMembersDocument, readMembers, type CheckedMembers } from "../mesh/membership.ts";
import { endpoint, keyOption } from "../mesh/options.ts";
import { openOwnNode } from "../mesh/own-node.ts";
import { jsonOption } from "../options.ts";
import { printJson, printText } from "../output.ts";
import { formatTable, printable } from "../table.ts";

interface MeshMembersOptions {
  readonly url?: string;
  readonly key?: string;
  readonly verify?: string;
  readonly out?: string;
  readonly votes?: true;
  readonly json?: true;
}

export function meshMembersCommand(): Command {
  return new Command("members")
    .description(
      "List the mesh's members as your node knows them, after verifying every signature: state, lease, and the votes for and against each.",
    )
    .option("--url <url>", "your Worker", endpoint)
    .addOption(keyOption())
    .option("--verify <file>", "check and list a file that --out wrote, without asking anyone")
    .option("--out <file>", "write charter and statements to a new file, which anyone can verify")
    .option("--votes", "name the voters")
    .addOption(jsonOption())
    .addHelpText(
      "after",
      `
Examples:
  outcome-mesh mesh members --url https://mesh.example.org --key node.key
  outcome-mesh mesh members --url https://mesh.example.org --key node.key --out members.json
  outcome-mesh mesh members --verify members.json --votes`,
    )
    .action(runMeshMembers);
}

async function runMeshMembers(options: MeshMembersOptions): Promise<void> {
  const members = await obtain(options);
  const { mesh, charter, statements, reports } = members;
  if (options.out !== undefined) await writeDocument(options.out, { charter, statements });
  if (options.json) {
    printJson({ mesh, charter: charter.charter, counts: countStates(reports), members: reports });
  } else {
    printText(format(members, options.votes ?? false));
  }
}

async function obtain({ url, key, verify }: MeshMembersOptions): Promise<CheckedMembers> {
  if (verify !== undefined) {
    const document = await readDocument(verify, membersSchema, {
      what: "a charter with statements",
      hint: "`outcome-mesh mesh members --out FILE` writes one",
    });
    return checkMembersDocument(document, verify);
  }
  if (url === undefined || key === undefined) {
    throw new CliError("whose members?", {
      hint: "name your Worker with --url URL and --key FILE, or a file with --verify FILE",
    });
  }
  return readMembers(await openOwnNode(url, await readKey(key)));
}

function format({ mesh, charter, reports }: CheckedMembers, withVotes: boolean): string {
  const { name, admission, replicas } = charter.charter;
  const now = Date.now();
  const nameOf = new Map(reports.map(({ key, described }) => [key, described?.name ?? key]));
  const rows = reports.map((report) => [
    report.described?.name ?? "",
    report.node,
    report.state,
    report.described ? formatMoment(report.described.expiresAt, now) : "",
    votesOf(report),
    ...(withVotes ? [votersOf(report, nameOf)] : []),
  ]);
  const head = `${name}: ${describeAdmission(admission)}; ${replicas} replicas\nmesh ${mesh}\n${formatCounts(countStates(reports))}`;
  return [
    head.split("\n").map(printable).join("\n"),
    formatTable(
      ["name", "node", "state", "lease ends", "votes", ...(withVotes ? ["voters"] : [])],
      rows,
    ),
  ].join("\n\n");
}

/** `founder`, `+2`, `+2 -1`. */
function votesOf({ isFounder, admittedBy, revokedBy }: MemberReport): string {
  return [
    ...(isFounder ? ["founder"] : []),
    ...(admittedBy.length > 0 ? [`+${admittedBy.length}`] : []),
    ...(revokedBy.length > 0 ? [`-${revokedBy.length}`] : []),
  ].join(" ");
}

function votersOf(
  { admittedBy, revokedBy }: MemberReport,
  nameOf: ReadonlyMap<PublicKey, string>,
): string {
  return [
    ...admittedBy.map((key) => `+ ${nameOf.get(key) ?? key}`),
    ...revokedBy.map((key) => `- ${nameOf.get(key) ?? key}`),
  ].join(", ");
}
