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
import { GUARDED, GUARDED_QUERIES_PER_DAY, SLUGS, type SoakMesh } from "./soak-mesh.ts";

const DEADLINE_MS = 8_000;
/** To carry a late answer here. */
const CARRIAGE_MS = 5_000;
const DAY_MS = 86_400_000;
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
  /** What the asking organisations used of the quota of `GUARDED`, by asker and day. */
  readonly used: Map<string, Use>;
}

/** Queries that an origin answered, and those that it may have counted, though no answer came. */
interface Use {
  answered: number;
  unsure: number;
}

export function newCounts(): QueryCounts {
  return {
    asked: 0,
    answered: 0,
    origins: {},
    milliseconds: [],
    receipts: new Map(),
    used: new Map(),
  };
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
          const causes = [["worker", asker]] as const;
          incidents.judge("query without results", { causes, since, detail: text });
        }
        for (const origin of origins) {
          judgeOrigin({ mesh, incidents }, origin, { asker, since }, counts);
        }
      } else {
        const what = `query: status ${response.status}`;
        incidents.judge(what, { causes: [["worker", asker]], since, detail: text });
      }
    } catch (error) {
      const causes = [["worker", asker]] as const;
      incidents.judge("query: no answer", { causes, since, detail: String(error) });
    }
    await sleep(pauseMs);
  }
}

function judgeOrigin(
  { mesh, incidents }: Pick<LoadOptions, "mesh" | "incidents">,
  report: OriginReport,
  { asker, since }: { readonly asker: string; readonly since: number },
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
    if (status === "answered" && slug === GUARDED) {
      const { answered } = addUse(counts, asker, since, "answered");
      if (answered > GUARDED_QUERIES_PER_DAY) {
        incidents.unexplained(`origin ${slug}: answered beyond its quota`, JSON.stringify(report));
      }
    }
  } else if (code === "rate-limited" && slug === GUARDED) {
    const { answered, unsure } = addUse(counts, asker, since);
    if (answered + unsure >= GUARDED_QUERIES_PER_DAY) {
      incidents.expected(`origin ${slug}: the quota of ${asker} is used up`);
    } else {
      const what = `origin ${slug}: refused before the quota was used up`;
      incidents.unexplained(what, `${answered} answered, ${unsure} unsure`);
    }
  } else {
    if (slug === GUARDED) addUse(counts, asker, since, "unsure");
    const what = `origin ${slug}: ${status}${code === undefined ? "" : ` ${code}`}`;
    // One with a public URL is asked there, whatever becomes of its Worker.
    const isLinked = mesh.proxies.has(slug);
    const causes = isLinked
      ? ([
          ["link", slug],
          ["worker", slug],
        ] as const)
      : [];
    incidents.judge(what, { causes, since, detail: JSON.stringify(report) });
  }
}

/** Counts one more query of `asker` on the day of `since`; what it has used by then. */
function addUse({ used }: QueryCounts, asker: string, since: number, kind?: keyof Use): Use {
  const name = `${asker}/${Math.floor(since / DAY_MS)}`;
  const use = used.get(name) ?? { answered: 0, unsure: 0 };
  used.set(name, use);
  if (kind) use[kind] += 1;
  return use;
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
            causes: SLUGS.map((other) => ["worker", other] as const),
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
