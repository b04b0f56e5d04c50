/** What `mesh join` starts from: an invitation, or a founder's charter; checked without asking anyone. */
import { z } from "zod";
import {
  checkInvitation,
  invitationSchema,
  meshIdOf,
  statementSchema,
  type Charter,
  type Identity,
  type InvitationFault,
  type MeshId,
  type Statement,
} from "../../../protocol/index.ts";
import { CliError } from "../cli-error.ts";
import { EXIT } from "../exit-codes.ts";
import { readCharter, readDocument } from "./files.ts";

export interface JoinSources {
  readonly invitation?: string;
  readonly charter?: string;
  readonly vote: readonly string[];
  readonly peer: readonly string[];
}

export interface JoinBasis {
  readonly mesh: MeshId;
  readonly charter: Charter;
  /** Votes, and what proves the voters. */
  readonly statements: readonly Statement[];
  /** Members' Workers that take newcomers in; a mesh's first founder has none. */
  readonly peers: readonly string[];
  /** When the invitation ends. */
  readonly expiresAt?: number;
}

const FAULTS: Record<InvitationFault, string> = {
  "bad-charter": "its charter is not signed by all founders",
  "bad-signature": "it is not signed by whom it names",
  "bad-statement": "a statement in it does not hold",
  "not-a-member": "nothing in it shows that who invites is a member",
  "not-yet": "it is dated in the future: is this machine's clock right?",
  expired: "its time is over",
};

const voteFileSchema = z.union([statementSchema, z.array(statementSchema)]);

/** Reads and checks it all. Throws a `CliError`. */
export async function readJoinBasis(sources: JoinSources, identity: Identity): Promise<JoinBasis> {
  const votes: Statement[] = [];
  for (const file of sources.vote) {
    const read = await readDocument(file, voteFileSchema, {
      what: "a vote",
      hint: "`outcome-mesh mesh vouch --out FILE` writes one",
    });
    votes.push(...[read].flat());
  }
  if (sources.invitation === undefined) return fromCharter(sources, votes);
  const invitation = await readDocument(sources.invitation, invitationSchema, {
    what: "an invitation",
    hint: "`outcome-mesh mesh invite` writes one",
  });
  const checked = await checkInvitation(invitation, Date.now());
  if (!checked.ok) {
    throw new CliError(`${sources.invitation} is not good: ${FAULTS[checked.error]}`, {
      exitCode: EXIT.negative,
      hint: "ask for another invitation",
    });
  }
  const { subject, charter, statements, peers, expiresAt } = invitation.invitation;
  if (subject !== undefined && subject !== identity.publicKey) {
    throw new CliError(`${sources.invitation} is for ${subject}, and the key is another`, {
      hint: `ask for one for ${identity.publicKey}`,
    });
  }
  return {
    mesh: checked.value.mesh,
    charter,
    statements: [...statements, ...votes],
    peers: [...new Set([...sources.peer, ...peers])],
    expiresAt,
  };
}

async function fromCharter(
  { charter: file, peer }: JoinSources,
  statements: readonly Statement[],
): Promise<JoinBasis> {
  if (file === undefined) {
    throw new CliError("which mesh?", {
      hint: "name your invitation with --invitation FILE; a founder names the charter with --charter FILE",
    });
  }
  const charter = await readCharter(file);
  return { mesh: meshIdOf(charter.charter), charter, statements, peers: peer };
}
