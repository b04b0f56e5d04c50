/** Whether a newcomer's own words make it a member: asked of the public, so nothing is kept until the answer is yes. */
import {
  admissionWith,
  compareStatements,
  verifyStatements,
  type MembershipState,
  type Statement,
} from "../protocol/index.ts";

/** What is good of `statements`, if their first descriptor is then a live member's; undefined otherwise. */
export async function admitNewcomer(
  state: MembershipState,
  statements: readonly Statement[],
  now: number,
): Promise<readonly Statement[] | undefined> {
  const given = statements.find((statement) => statement.type === "descriptor");
  if (!given) return undefined;
  const { key } = given.descriptor.descriptor;
  const { good } = await verifyStatements(state, statements, now);
  const held = state.held(given);
  const isBetter = good.includes(given) && (!held || compareStatements(given, held) > 0);
  const winner = isBetter ? given : held;
  const isLive =
    winner?.type === "descriptor" &&
    winner.descriptor.descriptor.expiresAt > now &&
    !state.isExcluded(key) &&
    admissionWith(state, good).isAdmitted(key);
  return isLive ? good : undefined;
}
