/** A member's query, answered: policy decides, the answer is shaped, noted, and signed. Knows no HTTP. */
import {
  Refusal,
  signAnswer,
  type Answer,
  type NodeId,
  type OriginQuery,
  type SignedAnswer,
} from "../../protocol/index.ts";
import type { QueryTrail } from "../audit/index.ts";
import type { OriginContext } from "../context.ts";
import { dailyHeaders, secondsToNextDay } from "../policy/index.ts";
import { noteRequest } from "../telemetry/index.ts";
import { considerQuery, type Considered } from "./consider.ts";

export interface AskedQuery {
  /** The member that asks, itself or by a delegate. */
  readonly sender: NodeId;
  readonly query: OriginQuery;
  /** Content digest of the body as it came. */
  readonly digest: string;
  /** Throws where the asker no longer waits. */
  readonly requireTime: () => void;
  /** Into the audit log. */
  readonly trail: QueryTrail;
}

export interface GivenAnswer {
  readonly signed: SignedAnswer;
  /** Queries of this member today, and how many there may be. */
  readonly usedToday: number;
  readonly perDay: number;
}

/** Throws a `Refusal`. */
export async function answerQuery(
  context: OriginContext,
  { sender, query, digest, requireTime, trail }: AskedQuery,
): Promise<GivenAnswer> {
  const { identity, mesh, now } = context;
  const asker = { node: sender, name: uniqueName(context, sender) };
  const considered = await considerQuery(context, { asker, query, counts: true, requireTime });
  const { decision, results, aggregate, warnings, usedToday, perDay } = considered;
  trail.decided(decision);
  noteRequest({ domain: query.domain, decision: decision.outcome, results: results.length });
  refuseIfDecided(considered, now());
  requireTime();
  const answer: Answer = {
    version: 1,
    node: identity.node,
    domain: query.domain,
    query: digest,
    answeredAt: now(),
    results: [...results],
    ...(aggregate && { aggregate }),
    warnings: [...warnings],
  };
  const told = aggregate?.cells.reduce((sum, { records }) => sum + records, 0);
  const receipt = await trail.answered(answer, told ?? results.length);
  const signed = await signAnswer(identity, mesh, { ...answer, receipt });
  return { signed, usedToday, perDay };
}

/** Names are members' own word, so one that two live members bear is nobody's. */
function uniqueName({ membership, now }: OriginContext, node: NodeId): string | undefined {
  const { view } = membership;
  const name = view?.live(node, now())?.name;
  const bearers = view?.members.filter((member) => member.name === name) ?? [];
  return bearers.length === 1 ? name : undefined;
}

function refuseIfDecided({ decision, usedToday, perDay }: Considered, now: number): void {
  if (decision.outcome !== "refused") return;
  const [detail = "refused by policy"] = decision.reasons;
  if (decision.rule !== "quota") throw new Refusal("forbidden", { detail });
  throw new Refusal(
    "rate-limited",
    { detail },
    {
      ...dailyHeaders({ perDay, used: usedToday, now }, {}),
      "retry-after": String(secondsToNextDay(now)),
    },
  );
}
