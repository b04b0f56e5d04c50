/** Admission rules as commands take and print them. */
import { InvalidArgumentError } from "commander";
import {
  admissionSchema,
  type AdmissionRule,
  type CharterStatement,
  type PublicKey,
} from "../../../protocol/index.ts";
import { counted } from "../output.ts";

/** Parses `open`, `founders:2` or `members:2`. */
export function admission(text: string): AdmissionRule {
  const [, rule, threshold] = /^(open|founders|members)(?::(\d{1,5}))?$/.exec(text) ?? [];
  const parsed = admissionSchema.safeParse(
    threshold === undefined ? { rule } : { rule, threshold: Number(threshold) },
  );
  if (parsed.success) return parsed.data;
  throw new InvalidArgumentError("must be open, founders:M or members:M, M being how many admit");
}

/** Who becomes a member, in words. */
export function describeAdmission(rule: AdmissionRule): string {
  if (rule.rule === "open") return "whoever describes itself is a member";
  return `a member is whom ${rule.threshold} of the ${rule.rule} admit`;
}

/** How many admit, how many revoke: what it takes to change who is a member. */
export function votesNeeded({ admission: rule, founders }: CharterStatement): {
  readonly admit: number;
  readonly revoke: number;
} {
  return rule.rule === "open"
    ? { admit: 0, revoke: Math.floor(founders.length / 2) + 1 }
    : { admit: rule.threshold, revoke: rule.threshold };
}

/** Who may vote, in words; `known` are those of whom votes are at hand. */
export function describeVoters(
  { admission: rule, founders }: CharterStatement,
  known: readonly PublicKey[],
): string {
  const waiting = founders.filter((founder) => !known.includes(founder));
  const others = `${counted(waiting.length, "founder")} who did not: ${waiting.join(", ")}`;
  return rule.rule === "members" ? `any member, such as the ${others}` : `the ${others}`;
}
