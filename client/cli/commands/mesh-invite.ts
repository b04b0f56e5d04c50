/** `outcome-mesh mesh invite`: an invitation that the invited can check without asking anyone. */
import { Command, InvalidArgumentError } from "commander";
import {
  checkInvitation,
  INVITATION_MAX_MS,
  INVITATION_MS,
  INVITATION_STATEMENTS_MAX,
  meshIdOf,
  provingStatements,
  signInvitation,
  signVote,
  type Charter,
  type Identity,
  type PublicKey,
  type Statement,
} from "../../../protocol/index.ts";
import { CliError } from "../cli-error.ts";
import { describeVoters, votesNeeded } from "../mesh/admission.ts";
import { formatDuration } from "../mesh/duration.ts";
import { readCharter, readKey, writeDocument } from "../mesh/files.ts";
import { readMembers, type CheckedMembers } from "../mesh/membership.ts";
import { endpoint, endpoints, keyOption, publicKey } from "../mesh/options.ts";
import { openOwnNode } from "../mesh/own-node.ts";
import { jsonOption } from "../options.ts";
import { counted, printJson, printText } from "../output.ts";
import { printable } from "../table.ts";

interface MeshInviteOptions {
  readonly key: string;
  readonly url?: string;
  readonly charter?: string;
  readonly for?: PublicKey;
  readonly peer: readonly string[];
  readonly days: number;
  readonly out: string;
  readonly json?: true;
}

const DAY_MS = 24 * 60 * 60 * 1000;
const DAYS_MAX = Math.floor(INVITATION_MAX_MS / DAY_MS);

export function meshInviteCommand(): Command {
  return new Command("invite")
    .description(
      "Write an invitation: the charter, the addresses of members that take newcomers in, and with --for your vote for the invited. The invited checks it without asking anyone.",
    )
    .addOption(keyOption().makeOptionMandatory())
    .option("--url <url>", "your Worker, which knows the charter and the votes", endpoint)
    .option("--charter <file>", "the charter, for a founder whose Worker does not run yet")
    .option("--for <public key>", "vote for this key too", publicKey)
    .option(
      "--peer <url>",
      "a member's Worker to join through; may be repeated (default: your own)",
      endpoints,
      [],
    )
    .option("--days <n>", "how long it is good", days, INVITATION_MS / DAY_MS)
    .option("--out <file>", "the new file", "invitation.json")
    .addOption(jsonOption())
    .addHelpText(
      "after",
      `
Examples:
  outcome-mesh mesh invite --url https://mesh.example.org --key node.key --for <public key>
  outcome-mesh mesh invite --charter charter.json --key node.key --peer https://mesh.example.org

An invitation gives no right: the votes do, and they outlast it. mesh revoke takes them back.`,
    )
    .action(runMeshInvite);
}

/** What an invitation is made of. */
interface Basis {
  readonly charter: Charter;
  readonly peers: readonly string[];
  /** What makes the inviter and those peers members. */
  readonly proof: readonly Statement[];
  /** Votes for the invited that are known already. */
  readonly votes: readonly Statement[];
}

async function runMeshInvite(options: MeshInviteOptions): Promise<void> {
  const identity = await readKey(options.key);
  const basis =
    options.url === undefined
      ? await offlineBasis(options)
      : await onlineBasis(options.url, identity, options);
  const now = Date.now();
  const own = await ownVote(basis, identity, options.for, now);
  const statements = [...basis.proof, ...basis.votes, ...own].slice(0, INVITATION_STATEMENTS_MAX);
  const invitation = await signInvitation(identity, {
    version: 1,
    charter: basis.charter,
    by: identity.publicKey,
    ...(options.for !== undefined && { subject: options.for }),
    statements,
    peers: [...basis.peers],
    issuedAt: now,
    expiresAt: now + options.days * DAY_MS,
  });
  const checked = await checkInvitation(invitation, now);
  if (!checked.ok) {
    throw new CliError(`the invitation would not hold: ${checked.error}`, {
      hint: "only a member can invite: `outcome-mesh mesh members` shows whether you are one",
    });
  }
  await writeDocument(options.out, invitation);
  const { mesh, admission } = checked.value;
  const admits = options.for === undefined ? false : admission.isAdmitted(options.for);
  const expiresAt = new Date(invitation.invitation.expiresAt).toISOString();
  if (options.json) {
    printJson({ file: options.out, mesh, for: options.for, admits, peers: basis.peers, expiresAt });
    return;
  }
  const voted = [...basis.votes, ...own].flatMap((s) => (s.type === "vote" ? [s.vote.by] : []));
  const lines = [
    `${options.out}: to join ${basis.charter.charter.name} through ${basis.peers.join(", ")}`,
    `good until ${expiresAt}, ${formatDuration(options.days * DAY_MS)} from now`,
    describeEffect(basis.charter, options.for, admits, voted),
  ];
  printText(lines.map(printable).join("\n"));
}

async function offlineBasis({ charter: file, peer }: MeshInviteOptions): Promise<Basis> {
  if (file === undefined || peer.length === 0) {
    throw new CliError("an invitation needs the mesh, and whom to join through", {
      hint: "name your Worker with --url URL; or --charter FILE with --peer URL",
    });
  }
  return { charter: await readCharter(file), peers: peer, proof: [], votes: [] };
}

async function onlineBasis(
  url: string,
  identity: Identity,
  { peer, for: subject }: MeshInviteOptions,
): Promise<Basis> {
  const members = await readMembers(await openOwnNode(url, identity));
  const { view, charter } = members;
  const own = view.members.find(({ key }) => key === identity.publicKey);
  if (!own) {
    throw new CliError("your node is not a live member, so that it can not invite", {
      hint: `outcome-mesh doctor --url ${url} --key FILE says why`,
    });
  }
  const peers = peer.length > 0 ? peer : [own.meshUrl];
  const through = view.members.filter(({ meshUrl }) => peers.includes(meshUrl));
  const proof = provingStatements(
    view,
    [own.node, ...through.map(({ node }) => node)],
    INVITATION_STATEMENTS_MAX / 2,
  );
  return { charter, peers, proof, votes: votesFor(members, subject) };
}

/** Of others' votes for `subject` those whose voters anyone can check with the charter alone. */
function votesFor(
  { statements, charter }: CheckedMembers,
  subject: PublicKey | undefined,
): Statement[] {
  const founders = new Set(charter.charter.founders);
  return statements.filter(
    (held) =>
      held.type === "vote" &&
      held.vote.subject === subject &&
      held.vote.verdict === "admit" &&
      founders.has(held.vote.by),
  );
}

/** The inviter's vote, where the rule asks for votes and it has not voted yet. */
async function ownVote(
  { charter, votes }: Basis,
  identity: Identity,
  subject: PublicKey | undefined,
  now: number,
): Promise<Statement[]> {
  const { admission, founders } = charter.charter;
  if (subject === undefined || admission.rule === "open") return [];
  if (admission.rule === "founders" && !founders.includes(identity.publicKey)) return [];
  if (votes.some((held) => held.type === "vote" && held.vote.by === identity.publicKey)) return [];
  const vote = await signVote(identity, meshIdOf(charter.charter), subject, "admit", now);
  return [{ type: "vote", vote }];
}

function describeEffect(
  { charter }: Charter,
  subject: PublicKey | undefined,
  admits: boolean,
  voted: readonly PublicKey[],
): string {
  const { admit } = votesNeeded(charter);
  if (charter.admission.rule === "open") return "whoever has it may join";
  if (subject === undefined) {
    return `whoever has it finds the mesh; to be admitted it takes ${counted(admit, "vote")}: outcome-mesh mesh vouch <public key>`;
  }
  if (admits) return `it admits ${subject}`;
  const missing = counted(admit - voted.length, "more vote");
  return `${subject} needs ${missing}: outcome-mesh mesh vouch ${subject}, by ${describeVoters(charter, voted)}`;
}

function days(text: string): number {
  const value = Number(text);
  if (/^\d{1,3}$/.test(text) && value >= 1 && value <= DAYS_MAX) return value;
  throw new InvalidArgumentError(`must be a whole number from 1 to ${DAYS_MAX}`);
}
