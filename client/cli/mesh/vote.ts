/** What `mesh vouch` and `mesh revoke` share: a vote is signed, and given to the own node or written to a file. */
import type { Command } from "commander";
import {
  meshIdOf,
  nodeIdOf,
  signVote,
  type Charter,
  type MemberReport,
  type PublicKey,
  type Statement,
  type Verdict,
} from "../../../protocol/index.ts";
import { CliError } from "../cli-error.ts";
import { jsonOption } from "../options.ts";
import { counted, printJson, printText } from "../output.ts";
import { printable } from "../table.ts";
import { describeVoters, votesNeeded } from "./admission.ts";
import { readCharter, readKey, writeDocument } from "./files.ts";
import { findSubject, readMembers, type CheckedMembers } from "./membership.ts";
import { endpoint, keyOption } from "./options.ts";
import { openOwnNode, type OwnNode } from "./own-node.ts";

export interface VoteOptions {
  readonly key: string;
  readonly url?: string;
  readonly charter?: string;
  readonly out?: string;
  readonly json?: true;
}

/** Adds what both commands take. */
export function withVoteOptions(command: Command): Command {
  return command
    .option("--url <url>", "your Worker, which tells the others", endpoint)
    .addOption(keyOption().makeOptionMandatory())
    .option("--out <file>", "write the vote to a new file, and tell no one")
    .option("--charter <file>", "with --out and without --url: the mesh that it is for")
    .addOption(jsonOption());
}

/** Votes on `subject`, a public key or the id of a known node. */
export async function castVote(
  subject: string,
  verdict: Verdict,
  options: VoteOptions,
): Promise<void> {
  const identity = await readKey(options.key);
  if (options.url === undefined) {
    const charter = await offlineCharter(options);
    const vote = await signVote(
      identity,
      meshIdOf(charter.charter),
      findSubject(subject, []),
      verdict,
      Date.now(),
    );
    await report(options, { type: "vote", vote }, undefined);
    return;
  }
  const node = await openOwnNode(options.url, identity);
  const before = await readMembers(node);
  const key = findSubject(subject, before.reports);
  if (!before.view.admission.mayVote(identity.publicKey)) {
    throw new CliError(`this node has no vote: those who have one are the ${votersOf(before)}`, {
      hint: "ask one of them",
    });
  }
  const vote = await signVote(
    identity,
    node.mesh,
    key,
    verdict,
    timeOfVote(before, identity.publicKey, key),
  );
  const statement: Statement = { type: "vote", vote };
  if (options.out === undefined) await giveStatements(node, before.charter, [statement]);
  const after = options.out === undefined ? await readMembers(node) : undefined;
  await report(options, statement, after);
}

/** Gives the own node statements; it tells the others. */
export async function giveStatements(
  node: OwnNode,
  charter: Charter,
  statements: readonly Statement[],
): Promise<void> {
  await node.put("/v1/node/members", { charter, statements });
}

async function offlineCharter({ out, charter }: VoteOptions): Promise<Charter> {
  if (out !== undefined && charter !== undefined) return readCharter(charter);
  throw new CliError("whom shall the vote be told?", {
    hint: "name your Worker with --url URL, or a file with --out FILE and the mesh with --charter FILE",
  });
}

function votersOf({ charter }: CheckedMembers): string {
  return charter.charter.admission.rule === "members" ? "members" : "founders";
}

/** Now; after this voter's last word on the subject, whatever this machine's clock says. */
function timeOfVote({ statements }: CheckedMembers, by: PublicKey, subject: PublicKey): number {
  const before = statements.flatMap((held) =>
    held.type === "vote" && held.vote.by === by && held.vote.subject === subject
      ? [held.vote.issuedAt + 1]
      : [],
  );
  return Math.max(Date.now(), ...before);
}

async function report(
  { out, json }: VoteOptions,
  statement: Extract<Statement, { type: "vote" }>,
  after: CheckedMembers | undefined,
): Promise<void> {
  const { subject, verdict } = statement.vote;
  if (out !== undefined) await writeDocument(out, statement);
  const member = after?.reports.find(({ key }) => key === subject);
  if (json) {
    printJson({ vote: statement.vote, node: nodeIdOf(subject), file: out, member });
    return;
  }
  const said = verdict === "admit" ? "You vouch for" : "You voted to revoke";
  const lines = [`${said} ${member?.described?.name ?? nodeIdOf(subject)} (${subject}).`];
  if (out !== undefined) {
    lines.push(
      verdict === "admit"
        ? `The vote is in ${out}. The newcomer gives it with: outcome-mesh mesh join --vote ${out} ...`
        : `The vote is in ${out}.`,
    );
  }
  if (after && member) lines.push(outcomeOf(after, member, verdict));
  printText(printable(lines.join(" ")));
}

/** What the votes now come to, and whose are missing. */
function outcomeOf({ charter }: CheckedMembers, member: MemberReport, verdict: Verdict): string {
  const needed = votesNeeded(charter.charter);
  const { state, admittedBy, revokedBy } = member;
  if (verdict === "admit") {
    if (state === "revoked") {
      return `It stays revoked by ${counted(revokedBy.length, "vote")}: each of these voters takes theirs back by vouching.`;
    }
    if (state !== "candidate") return `It is admitted (${state}).`;
    const missing = needed.admit - admittedBy.length;
    return `It needs ${counted(missing, "more vote")}: from ${describeVoters(charter.charter, admittedBy)}.`;
  }
  if (state === "revoked") return "It is revoked.";
  const missing = needed.revoke - revokedBy.length;
  return `It takes ${counted(missing, "more vote")}: from ${describeVoters(charter.charter, revokedBy)}.`;
}
