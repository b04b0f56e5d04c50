/**
 * What stands before `MembershipState.merge`: of statements from anywhere, those that are signed by whom they
 * name, that the charter lets count, and that the clock allows. What can be refused without cryptography is.
 */
import { CLOCK_SKEW_S } from "../http/message-signature.ts";
import { verifyDescriptor } from "../signed/descriptor.ts";
import { verifyEquivocation } from "../signed/equivocation.ts";
import { verifyVote } from "../signed/vote.ts";
import { admissionOf, type Admission } from "./admission.ts";
import { FORGET_MS, type MembershipState } from "./state.ts";
import { signerOf, subjectOf, type Statement } from "./statements.ts";

/** Votes kept of one voter: one on every member of the largest mesh. More would fill the store of everyone else. */
export const VOTES_PER_VOTER_MAX = 10_000;
/** Members of one mesh. Where all may join, strangers without number would fill the store otherwise. */
export const MEMBERS_MAX = 10_000;

/**
 * `not-admitted`: a descriptor of a key that too few voted for; `no-voter`: a vote of one who has none;
 * `not-yet`: dated ahead; `expired`: over for so long that it is forgotten everywhere.
 */
export type StatementRefusal =
  | "not-admitted"
  | "no-voter"
  | "not-yet"
  | "expired"
  | "too-many-votes"
  | "too-many-members"
  | "bad-signature";

export interface RefusedStatement {
  readonly statement: Statement;
  readonly code: StatementRefusal;
}

export interface VerifiedStatements {
  /** Verified and new to the state. What the state has, or has better, is in neither list. */
  readonly good: readonly Statement[];
  readonly refused: readonly RefusedStatement[];
}

/** Checks statements against a state, which is not changed. Votes count for the descriptors beside them. */
export async function verifyStatements(
  state: MembershipState,
  statements: readonly Statement[],
  now: number,
): Promise<VerifiedStatements> {
  const good: Statement[] = [];
  const refused: RefusedStatement[] = [];
  const judge = async (statement: Statement, isHeeded: boolean): Promise<void> => {
    const code = await refusalOf(state, statement, isHeeded, now);
    if (code) refused.push({ statement, code });
    else good.push(statement);
  };
  const news = statements.filter((statement) => state.isNews(statement));
  let admission = state.admission();
  let waiting = news.filter(({ type }) => type === "vote");
  // Votes of new members count once they are members: again, as long as there are more of them.
  for (;;) {
    const heeded = waiting.filter((statement) => admission.mayVote(signerOf(statement)));
    if (heeded.length === 0) break;
    waiting = waiting.filter((statement) => !admission.mayVote(signerOf(statement)));
    await Promise.all(heeded.map((statement) => judge(statement, true)));
    admission = admissionWith(state, good);
  }
  await Promise.all(waiting.map((statement) => judge(statement, false)));
  await Promise.all(
    news
      .filter(({ type }) => type !== "vote")
      .map((statement) => judge(statement, admission.isKnown(subjectOf(statement)))),
  );
  return { good, refused };
}

/** Who is a member if the votes among `statements` are taken in as well. */
export function admissionWith(state: MembershipState, statements: readonly Statement[]): Admission {
  const votes = statements.flatMap((statement) =>
    statement.type === "vote" ? [statement.vote] : [],
  );
  if (votes.length === 0) return state.admission();
  return admissionOf(state.charter.charter, [...state.votes(), ...votes]);
}

async function refusalOf(
  state: MembershipState,
  statement: Statement,
  isHeeded: boolean,
  now: number,
): Promise<StatementRefusal | undefined> {
  if (!isHeeded) return statement.type === "vote" ? "no-voter" : "not-admitted";
  if (issuedAtOf(statement) > now + CLOCK_SKEW_S * 1000) return "not-yet";
  if (
    statement.type === "descriptor" &&
    statement.descriptor.descriptor.expiresAt + FORGET_MS <= now
  ) {
    return "expired";
  }
  if (!state.held(statement)) {
    if (statement.type === "vote" && state.votesBy(statement.vote.by) >= VOTES_PER_VOTER_MAX) {
      return "too-many-votes";
    }
    if (statement.type === "descriptor" && state.descriptors >= MEMBERS_MAX) {
      return "too-many-members";
    }
  }
  const isSigned = state.isSound(signerOf(statement)) && (await isSignedWell(state, statement));
  return isSigned ? undefined : "bad-signature";
}

function issuedAtOf(statement: Statement): number {
  switch (statement.type) {
    case "descriptor":
      return statement.descriptor.descriptor.issuedAt;
    case "vote":
      return statement.vote.issuedAt;
    case "equivocation":
      return 0;
  }
}

function isSignedWell({ mesh }: MembershipState, statement: Statement): Promise<boolean> {
  switch (statement.type) {
    case "descriptor":
      return verifyDescriptor(mesh, statement.descriptor);
    case "vote":
      return verifyVote(mesh, statement.vote);
    case "equivocation":
      return verifyEquivocation(mesh, statement.equivocation);
  }
}
