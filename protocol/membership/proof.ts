/** What proves to someone who knows the charter, and nothing else, that nodes are members. */
import type { NodeId, PublicKey } from "../ids.ts";
import { thresholdOf } from "../signed/charter.ts";
import type { Vote } from "../signed/vote.ts";
import { nameOf, type Statement } from "./statements.ts";
import type { MembershipView } from "./view.ts";

/**
 * The descriptors of `nodes` and the votes that admit them, with those that admit the voters where these are no
 * founders. At most `max`, whole proofs first come first served: half a proof proves nothing.
 */
export function provingStatements(
  view: MembershipView,
  nodes: Iterable<NodeId>,
  max: number,
): Statement[] {
  const proof = new Map<string, Statement>();
  const { founders, admission } = view.charter.charter;
  const threshold = thresholdOf(admission);
  const votes = threshold > 0 ? admittingVotes(view) : new Map<PublicKey, Vote[]>();
  const proven = new Set<PublicKey>(founders);
  for (const node of new Set(nodes)) {
    const descriptor = view.descriptorOf(node);
    if (!descriptor) continue;
    const added: Statement[] = [{ type: "descriptor", descriptor }];
    const toProve = [descriptor.descriptor.key];
    const provenNow = new Set<PublicKey>();
    for (let key = toProve.pop(); key !== undefined; key = toProve.pop()) {
      if (threshold === 0 || proven.has(key) || provenNow.has(key)) continue;
      provenNow.add(key);
      for (const vote of votes.get(key) ?? []) {
        added.push({ type: "vote", vote });
        toProve.push(vote.by);
      }
    }
    if (proof.size + added.length > max) continue;
    for (const key of provenNow) proven.add(key);
    for (const statement of added) proof.set(nameOf(statement), statement);
  }
  return [...proof.values()];
}

/**
 * For each member the votes that first made it one, in the order of the closure that admits (admission.ts): those
 * of founders, then those of whom they admitted. So no proof goes in a circle.
 */
function admittingVotes({
  charter,
  statements,
  admission,
}: MembershipView): Map<PublicKey, Vote[]> {
  const { founders, admission: rule } = charter.charter;
  const threshold = thresholdOf(rule);
  const votes = statements.flatMap((held) =>
    held.type === "vote" && held.vote.verdict === "admit" ? [held.vote] : [],
  );
  const byVoter = Map.groupBy(votes, ({ by }) => by);
  const voters = founders.filter((founder) => admission.isAdmitted(founder));
  const known = new Set(founders);
  const admitting = new Map<PublicKey, Vote[]>();
  for (const voter of voters) {
    for (const vote of byVoter.get(voter) ?? []) {
      const { subject } = vote;
      if (subject === voter || known.has(subject) || !admission.isAdmitted(subject)) continue;
      const list = [...(admitting.get(subject) ?? []), vote];
      admitting.set(subject, list);
      if (list.length < threshold) continue;
      known.add(subject);
      if (rule.rule === "members") voters.push(subject);
    }
  }
  return admitting;
}
