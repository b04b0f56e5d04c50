/** A mesh's members as commands see them: from the own node or a file, and believed only after checking. */
import {
  createView,
  meshIdOf,
  membersSchema,
  MembershipState,
  nodeIdOf,
  nodeIdSchema,
  reportMembers,
  subjectOf,
  verifyCharter,
  verifyStatements,
  type Charter,
  type MemberReport,
  type Members,
  type MembershipView,
  type MeshId,
  type PublicKey,
  type Statement,
} from "../../../protocol/index.ts";
import { CliError } from "../cli-error.ts";
import { EXIT } from "../exit-codes.ts";
import type { OwnNode } from "./own-node.ts";
import { parsePublicKey } from "./options.ts";

/** A charter and statements that were all checked. */
export interface CheckedMembers {
  readonly mesh: MeshId;
  readonly charter: Charter;
  readonly statements: readonly Statement[];
  readonly view: MembershipView;
  readonly reports: readonly MemberReport[];
}

/** The members that the own node knows. */
export async function readMembers(node: OwnNode): Promise<CheckedMembers> {
  const members = await node.read("/v1/node/members", membersSchema);
  return checkMembersDocument(members, `the Worker ${node.url}`, node.mesh);
}

/** Verifies every signature of a charter and statements; `source` names them where they are not good. */
export async function checkMembersDocument(
  { charter, statements }: Members,
  source: string,
  expected?: MeshId,
): Promise<CheckedMembers> {
  const mesh = meshIdOf(charter.charter);
  if (expected !== undefined && mesh !== expected) {
    throw new CliError(`${source} has the members of mesh ${mesh}, not of ${expected}`, {
      exitCode: EXIT.negative,
    });
  }
  if (!(await verifyCharter(charter))) {
    throw new CliError(`${source}: the charter is not signed by all its founders`, {
      exitCode: EXIT.negative,
    });
  }
  const now = Date.now();
  const state = new MembershipState(charter);
  const { good, refused } = await verifyStatements(state, statements, now);
  const bad = refused.filter(({ code }) => code !== "expired");
  if (bad.length > 0) {
    throw new CliError(`${source} has statements that do not hold`, {
      exitCode: EXIT.negative,
      issues: bad.map(({ statement, code }) => ({
        path: `${statement.type} about ${nodeIdOf(subjectOf(statement))}`,
        message: code,
      })),
      hint: "the votes that admit a voter must be there too",
    });
  }
  state.merge(good);
  const view = createView(charter, state.statements(), now);
  return { mesh, charter, statements: view.statements, view, reports: reportMembers(view) };
}

/** The member whose public key or node id `text` is; a public key need not be a member's. */
export function findSubject(text: string, reports: readonly MemberReport[]): PublicKey {
  const node = nodeIdSchema.safeParse(text);
  const known = reports.find((report) => node.success && report.node === node.data);
  if (known) return known.key;
  const key = parsePublicKey(text);
  if (key !== undefined) return key;
  throw new CliError(`${text} is neither a public key nor the id of a node that is known here`, {
    hint: "`outcome-mesh mesh members` lists those that are; `outcome-mesh key show FILE` prints a key's",
  });
}
