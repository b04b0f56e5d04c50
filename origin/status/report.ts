/** How this origin is: what it holds, what the mesh has yet to hear, and what it costs. */
import { statSync } from "node:fs";
import { performance } from "node:perf_hooks";
import { z } from "zod";
import {
  domainIdSchema,
  meshIdSchema,
  nodeIdSchema,
  type CompiledDomain,
  type DomainId,
  type Identity,
  type MeshId,
} from "../../protocol/index.ts";
import type { Membership } from "../mesh/index.ts";
import { VERSION } from "../package.ts";
import type { DomainTotals, Store } from "../store/index.ts";
import { partReportSchema, type StatusPart } from "./parts.ts";

/** Counting a million records takes a second, in which nothing is answered: then monitoring gets what was counted before. */
const SLOW_COUNT_MS = 50;
const RECOUNT_MS = 10_000;

export const statusReportSchema = z.strictObject({
  node: nodeIdSchema,
  mesh: meshIdSchema,
  version: z.string(),
  startedAt: z.iso.datetime(),
  uptimeSeconds: z.number(),
  /** Absent until the own Worker has told. */
  membership: z
    .strictObject({
      version: z.string(),
      /** Live ones. */
      members: z.int(),
      /** Since they were last read. */
      ageSeconds: z.number(),
      /** Whether they see this node as one of them. */
      isLive: z.boolean(),
      leaseExpiresAt: z.iso.datetime().optional(),
      /** Where the others are told to find this origin. */
      originUrl: z.string().optional(),
    })
    .optional(),
  domains: z.array(
    z.strictObject({
      id: domainIdSchema,
      name: z.string(),
      title: z.string(),
      /** Of a large database, the first three may be ten seconds old. */
      records: z.int(),
      /** Distinct signatures. */
      entries: z.int(),
      /** Those that the policy's minimum count keeps back. */
      withheld: z.int(),
      /** Those about which some replica has yet to hear. */
      waiting: z.int(),
      /** Records are being put into groups, which the mesh hears of then. */
      isForming: z.boolean(),
    }),
  ),
  outbox: z.strictObject({
    /** Statements that some replica has not stored. 0: the mesh knows all that it may know, in full. */
    waiting: z.int(),
    /** Those of them that no majority stored yet. 0: all will be found. */
    unacknowledged: z.int(),
    /** Since the oldest of them was made. */
    oldestSeconds: z.number().optional(),
    missing: z.array(z.strictObject({ node: z.string(), entries: z.int() })),
  }),
  /** Since the start. */
  queries: z.strictObject({
    total: z.int(),
    answered: z.int(),
    refused: z.int(),
    failed: z.int(),
    lastMinute: z.int(),
  }),
  database: z.strictObject({ bytes: z.int() }),
  memory: z.strictObject({ residentBytes: z.int() }),
  parts: z.array(partReportSchema),
});
export type StatusReport = z.infer<typeof statusReportSchema>;

export interface StatusSources {
  readonly identity: Identity;
  readonly mesh: MeshId;
  readonly store: Store;
  /** The database file. */
  readonly database: string;
  readonly domains: readonly CompiledDomain[];
  readonly membership: Membership;
  /** Whether groups of a domain's records are being formed. */
  readonly isForming: (domain: DomainId) => boolean;
  readonly queries: (now: number) => StatusReport["queries"];
  readonly parts: readonly StatusPart[];
  readonly now: () => number;
}

/** Returns what reports the state of the moment. */
export function createStatus(sources: StatusSources): () => StatusReport {
  const { identity, mesh, store, database, domains, queries, parts, now } = sources;
  const startedAt = now();
  let totals: readonly DomainTotals[] = [];
  let countedAt = -Infinity;
  let countedSeq = -1;
  let costMs = 0;

  const count = (): readonly DomainTotals[] => {
    const seq = store.lastSeq();
    const isGoodEnough = costMs > SLOW_COUNT_MS && now() - countedAt < RECOUNT_MS;
    if (seq === countedSeq || isGoodEnough) return totals;
    const startedCounting = performance.now();
    totals = domains.map(({ id }) => store.totals(id));
    costMs = performance.now() - startedCounting;
    countedAt = now();
    countedSeq = seq;
    return totals;
  };

  return () => {
    const at = now();
    const counted = count();
    const waiting = store.waiting();
    return {
      node: identity.node,
      mesh,
      version: VERSION,
      startedAt: new Date(startedAt).toISOString(),
      uptimeSeconds: secondsBetween(startedAt, at),
      ...membershipReport(sources, at),
      domains: domains.map(({ id, domain: { name, title } }, i) => {
        const { records = 0, entries = 0, announced = 0 } = counted[i] ?? {};
        const withheld = entries - announced;
        return {
          id,
          name,
          title,
          records,
          entries,
          withheld,
          waiting: store.countWaitingOf(id),
          isForming: sources.isForming(id),
        };
      }),
      outbox: {
        waiting: waiting.entries,
        unacknowledged: waiting.unacknowledged,
        ...(waiting.oldestAt !== undefined && {
          oldestSeconds: secondsBetween(waiting.oldestAt, at),
        }),
        missing: [...waiting.nodes],
      },
      queries: queries(at),
      database: { bytes: sizeOf(database) + sizeOf(`${database}-wal`) },
      memory: { residentBytes: process.memoryUsage.rss() },
      parts: parts.map((part) => part.report()),
    };
  };
}

function membershipReport(
  { identity, membership }: StatusSources,
  at: number,
): Pick<StatusReport, "membership"> {
  const { view, refreshedAt } = membership;
  if (!view) return {};
  const own = view.descriptorOf(identity.node)?.descriptor;
  return {
    membership: {
      version: view.version,
      members: view.members.length,
      ageSeconds: secondsBetween(refreshedAt, at),
      isLive: view.live(identity.node, at) !== undefined,
      ...(own && { leaseExpiresAt: new Date(own.expiresAt).toISOString() }),
      ...(own?.originUrl !== undefined && { originUrl: own.originUrl }),
    },
  };
}

/** To a tenth, and not below 0 where a clock was set back. */
function secondsBetween(from: number, to: number): number {
  return Math.max(0, Math.round((to - from) / 100) / 10);
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}
