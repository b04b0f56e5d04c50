/** What requesters and operators do all the time in a soak. */
import { setTimeout as sleep } from "node:timers/promises";
import { inspect } from "node:util";
import { z } from "zod";
import type { Random } from "../../examples/random.ts";
import {
  problemCode,
  queryResponseSchema,
  type OriginReport,
  type Receipt,
} from "../../protocol/index.ts";
import type { Incidents } from "./incidents.ts";
import { drawProfile, drawRecord } from "./people.ts";
import { SLUGS, type SoakMesh } from "./soak-mesh.ts";

const DEADLINE_MS = 8_000;
/** To carry a late answer here. */
const CARRIAGE_MS = 5_000;
/** Of each origin, to be held against its log in the end. */
const RECEIPTS_KEPT = 50;
/** An operator has about so many records. */
const HELD = 400;

export interface LoadOptions {
  readonly mesh: SoakMesh;
  readonly incidents: Incidents;
  readonly random: Random;
  readonly signal: AbortSignal;
}

export interface QueryCounts {
  asked: number;
  answered: number;
  /** Of origins, by what became of their part. */
  readonly origins: Record<string, number>;
  readonly milliseconds: number[];
  /** By organisation, the last ones. */
  readonly receipts: Map<string, Receipt[]>;
}

export function newCounts(): QueryCounts {
  return { asked: 0, answered: 0, origins: {}, milliseconds: [], receipts: new Map() };
}

/** Asks as a requester of `asker`, until the signal. */
export async function askAll(
  { mesh, incidents, random, signal }: LoadOptions,
  asker: string,
  counts: QueryCounts,
  pauseMs: number,
): Promise<void> {
  const { meshUrl, requesterToken } = mesh.local.organisation(asker);
  while (!signal.aborted) {
    const since = Date.now();
    counts.asked += 1;
    try {
      const response = await fetch(`${meshUrl}/v1/query`, {
        method: "POST",
        headers: {
          authorization: `Bearer ${requesterToken}`,
          "content-type": "application/json",
        },
        body: JSON.stringify({
          domain: mesh.domain.id,
          profile: drawProfile(random),
          k: 10,
          deadlineMs: DEADLINE_MS,
        }),
        signal: AbortSignal.timeout(DEADLINE_MS + CARRIAGE_MS),
      });
      const text = await response.text();
      if (response.status === 200) {
        counts.answered += 1;
        counts.milliseconds.push(Date.now() - since);
        const { origins, ranking } = queryResponseSchema.parse(JSON.parse(text));
        if (ranking.length === 0) {
          incidents.judge("query without results", { slugs: SLUGS, since, detail: text });
        }
        for (const origin of origins) judgeOrigin({ mesh, incidents }, origin, since, counts);
      } else {
        const what = `query: status ${response.status}`;
        incidents.judge(what, { slugs: [asker], since, detail: text });
      }
    } catch (error) {
      incidents.judge("query: no answer", { slugs: [asker], since, detail: String(error) });
    }
    await sleep(pauseMs);
  }
}

function judgeOrigin(
  { mesh, incidents }: Pick<LoadOptions, "mesh" | "incidents">,
  report: OriginReport,
  since: number,
  counts: QueryCounts,
): void {
  const { node, status, problem, receipt } = report;
  const code = problem && problemCode(problem);
  const slug = mesh.local.organisations.find(({ identity }) => identity.node === node)?.slug ?? "";
  counts.origins[status] = (counts.origins[status] ?? 0) + 1;
  if (receipt) {
    const kept = [...(counts.receipts.get(slug) ?? []), receipt].slice(-RECEIPTS_KEPT);
    counts.receipts.set(slug, kept);
  }
  if (status === "answered" || status === "not-needed" || status === "over-limit") {
    if (status === "answered" && !receipt) {
      incidents.unexplained("answer without a receipt", JSON.stringify(report));
    }
  } else if (code === "rate-limited") incidents.explained(`origin ${slug}: quota`);
  else {
    const what = `origin ${slug}: ${status}${code === undefined ? "" : ` ${code}`}`;
    incidents.judge(what, { slugs: [slug], since, detail: JSON.stringify(report) });
  }
}

/** What an operator was told: `unsure` where it was not told. */
export type Held = Map<string, "held" | "withdrawn" | "unsure">;

export interface OperatorCounts {
  deposits: number;
  withdrawals: number;
  readonly held: Held;
}

const publicationSchema = z.object({
  publication: z.object({ entries: z.int(), acknowledged: z.int() }),
});

/** Deposits and withdraws records at `slug`, one after another, until the signal. */
export async function operate(
  { mesh, incidents, random, signal }: LoadOptions,
  slug: string,
  counts: OperatorCounts,
  pauseMs: number,
): Promise<void> {
  const { originUrl, operatorToken } = mesh.local.organisation(slug);
  const headers = { authorization: `Bearer ${operatorToken}`, "content-type": "application/json" };
  const { held } = counts;
  let next = 0;
  while (!signal.aborted) {
    const since = Date.now();
    const present = [...held].flatMap(([id, state]) => (state === "held" ? [id] : []));
    const isWithdrawal = random.below(2 * HELD) < present.length;
    const id =
      isWithdrawal || (present.length > 0 && random.below(4) === 0)
        ? random.pick(present)
        : `${slug}-${next++}`;
    held.set(id, "unsure");
    try {
      const response = isWithdrawal
        ? await fetch(`${originUrl}/v1/outcomes/${mesh.domain.id}/${id}`, {
            method: "DELETE",
            headers,
          })
        : await fetch(`${originUrl}/v1/outcomes`, {
            method: "POST",
            headers,
            body: JSON.stringify({ domain: mesh.domain.id, record: drawRecord(random, id) }),
          });
      const text = await response.text();
      if (response.ok) {
        held.set(id, isWithdrawal ? "withdrawn" : "held");
        counts[isWithdrawal ? "withdrawals" : "deposits"] += 1;
        const { publication } = publicationSchema.parse(JSON.parse(text));
        if (publication.acknowledged < publication.entries) {
          incidents.judge(`${slug}: stored, not yet acknowledged by the mesh`, {
            slugs: SLUGS,
            since,
            detail: text,
          });
        }
      } else incidents.unexplained(`operator of ${slug}: status ${response.status}`, text);
    } catch (error) {
      incidents.unexplained(`operator of ${slug}: no answer`, inspect(error));
    }
    await sleep(pauseMs);
  }
}
