/** What becomes of a query: a pure function of policy, asker and what is behind the answer. */
import type { Decision, NodeId } from "../../protocol/index.ts";
import type { Rule } from "./config.ts";
import type { DomainPolicy } from "./domain-policy.ts";

export interface Asker {
  readonly node: NodeId | undefined;
  /** Undefined where no live member, or more than one, bears it: names are members' own word. */
  readonly name: string | undefined;
}

export interface PolicyQuestion {
  readonly asker: Asker;
  readonly purpose: string | undefined;
  /** The query leaves out groups. */
  readonly excludes: boolean;
  /** Queries of this member that were answered today. */
  readonly usedToday: number;
  /** Behind what could be released at all. */
  readonly individuals: number;
}

/** What of a policy a query was refused for. */
export type RuleClass = "member" | "purpose" | "exclusion" | "quota";

/** In this order: who asks and what for, what is left out, how much was asked today, how many are behind it. */
export function decide(policy: Omit<DomainPolicy, "fields">, question: PolicyQuestion): Decision {
  const admitted = admit(policy, question);
  if (admitted) return admitted;
  if (question.excludes && !policy.allowExclusion) {
    return refusal("exclusion", "this origin's policy does not allow excludeGroups");
  }
  if (question.usedToday >= policy.queriesPerDay) {
    return refusal("quota", `a member may send ${policy.queriesPerDay} queries a day`);
  }
  if (policy.minimumGroupSize === 1) {
    return { outcome: "released", reasons: ["the policy gives single cases"] };
  }
  const size = policy.minimumGroupSize;
  if (question.individuals < size) {
    return { outcome: "withheld", reasons: [`fewer than ${size} individuals are behind it`] };
  }
  return { outcome: "aggregate", reasons: [`the policy gives groups of at least ${size}`] };
}

/** The first rule about this member and purpose decides; undefined where it allows. */
function admit(
  { rules, memberGroups }: Pick<DomainPolicy, "rules" | "memberGroups">,
  { asker, purpose }: PolicyQuestion,
): Decision | undefined {
  const isAsker = (entry: string): boolean => entry === asker.node || entry === asker.name;
  const names = (entry: string): boolean =>
    entry.startsWith("group:")
      ? (memberGroups[entry.slice("group:".length)] ?? []).some(isAsker)
      : isAsker(entry);
  const isAbout = ({ members }: Rule): boolean => members === undefined || members.some(names);
  const isFor = ({ purposes }: Rule): boolean =>
    purposes === undefined || (purpose !== undefined && purposes.includes(purpose));
  const rule = rules.find((each) => isAbout(each) && isFor(each));
  if (rule?.effect === "allow") return undefined;
  // Another purpose would help only where some rule would then allow.
  const another = rules.find(isAbout);
  const mayAsk =
    another?.effect === "allow" || rules.some((r) => r.effect === "allow" && isAbout(r));
  const isPurpose = mayAsk && (rule === undefined || rule.purposes !== undefined);
  return isPurpose
    ? refusal("purpose", "this origin's policy does not let this member ask for this purpose")
    : refusal("member", "this origin's policy does not let this member ask");
}

function refusal(rule: RuleClass, reason: string): Decision {
  return { outcome: "refused", reasons: [reason], rule };
}
