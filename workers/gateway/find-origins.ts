/**
 * From a signature to the origins worth asking: looks in the own shards and at the nodes that hold the
 * signature's other slots, and verifies the entries that come back.
 */
import {
  runLookup,
  slotsOf,
  withholders,
  type FoundOrigin,
  type LookupReport,
  type MembershipView,
  type RouteResponse,
  type RoutingPlan,
} from "../../protocol/index.ts";
import type { MemberContext } from "../node-context.ts";
import { FoundEntries, type ProvenOrigin } from "./found-entries.ts";
import { LookupClient, type Returned } from "./lookup-client.ts";
import { health } from "./peer-health.ts";
import { sleep } from "./sleep.ts";

export interface FindOrigins {
  readonly plan: RoutingPlan;
  readonly signature: Uint8Array;
  /** How many origins each node asked returns at most. */
  readonly limit: number;
  /** Requests to other nodes, at most. */
  readonly requests: number;
  /** Milliseconds since 1970. */
  readonly deadline: number;
}

export interface Routing extends Pick<RouteResponse, "coverage" | "cost"> {
  /** Best first. */
  readonly origins: readonly FoundOrigin[];
  /** The members among which they were found: newer than the asker's, where another node knew more. */
  readonly view: MembershipView;
}

export async function findOrigins(node: MemberContext, find: FindOrigins): Promise<Routing> {
  const { plan, signature } = find;
  const startedAt = node.now();
  const slots = new Map<number, number>();
  for (const [tree, slot] of slotsOf(plan, signature).entries()) {
    if (slot !== undefined) slots.set(tree, slot);
  }
  const client = new LookupClient(node, find);
  const report = await runLookup<Returned>({
    slots,
    replicasOf: client.replicasOf,
    own: node.identity.node,
    budget: find.requests,
    deadline: find.deadline,
    health,
    now: node.now,
    sleep,
    random: Math.random,
    askOwn: client.askOwn,
    askPeer: client.askPeer,
  });
  const found = new FoundEntries(client.member, plan, signature);
  for (const { answer } of report.answers) {
    for (const { node: origin, statements } of answer.origins)
      for (const statement of statements) found.add(origin, statement);
  }
  const proven = await found.proven();
  noteWithheld(report, found, proven, find);
  return {
    origins: proven,
    view: client.member.view,
    coverage: coverageOf(slots, report),
    cost: {
      ...client.traffic,
      lookupRequests: report.requests,
      hedged: report.hedged,
      confirmations: report.confirmations,
      rowsScanned: report.answers.reduce((sum, { answer }) => sum + answer.scanned, 0),
      milliseconds: node.now() - startedAt,
    },
  };
}

/** A slot counts as answered if all its trees were. */
function coverageOf(
  slots: ReadonlyMap<number, number>,
  { treesAnswered, overBudget }: LookupReport<Returned>,
): Routing["coverage"] {
  const slotsOfTrees = (isWanted: (tree: number) => boolean): Set<number> =>
    new Set([...slots].filter(([tree]) => isWanted(tree)).map(([, slot]) => slot));
  const asked = slotsOfTrees(() => true).size;
  return {
    slotsAsked: asked,
    slotsAnswered: asked - slotsOfTrees((tree) => !treesAnswered.has(tree)).size,
    overBudget: slotsOfTrees((tree) => overBudget.has(tree)).size,
  };
}

/** Remembers which nodes left out what others returned. */
function noteWithheld(
  { answers }: LookupReport<Returned>,
  found: FoundEntries,
  proven: readonly ProvenOrigin[],
  find: FindOrigins,
): void {
  const compared = answers.map(({ node, trees, pending, answer }) => ({
    node,
    trees,
    pending,
    scanned: answer.scanned,
    origins: found.credible(answer.origins),
  }));
  for (const node of withholders(compared, proven, find)) health.withheld(node);
}
