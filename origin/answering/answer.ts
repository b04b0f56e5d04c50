/** A member's query, answered: policy decides, the answer is shaped, noted, and signed. Knows no HTTP. */
import {
  Refusal,
  signAnswer,
  type NodeId,
  type OriginQuery,
  type SignedAnswer,
} from "../../protocol/index.ts";
import type { OriginContext } from "../context.ts";
import { dailyHeaders, secondsToNextDay } from "../policy/index.ts";
import { considerQuery, type Considered } from "./consider.ts";

export interface AskedQuery {
  /** The member that asks, itself or by a delegate. */
  readonly sender: NodeId;
  readonly query: OriginQuery;
  /** Content digest of the body as it came. */
  readonly digest: string;
  /** Throws where the asker no longer waits. */
  readonly requireTime: () => void;
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
  { sender, query, digest, requireTime }: AskedQuery,
): Promise<GivenAnswer> {
  const { identity, mesh, now } = context;
  const asker = { node: sender, name: uniqueName(context, sender) };
  const considered = await considerQuery(context, { asker, query, counts: true, requireTime });
  // Audit: here the decision and what it releases (`considered`) are known, and nothing has left yet.
  refuseIfDecided(considered, now());
  requireTime();
  const { results, aggregate, warnings, usedToday, perDay } = considered;
  const signed = await signAnswer(identity, mesh, {
    version: 1,
    node: identity.node,
    domain: query.domain,
    query: digest,
    answeredAt: now(),
    results: [...results],
    ...(aggregate && { aggregate }),
    warnings: [...warnings],
  });
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
