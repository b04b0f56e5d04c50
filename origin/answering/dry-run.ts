/**
 * What a requester would receive, and what the mesh would hold, without asking or telling anyone: the live path's own
 * code over a copy of the database, which is thrown away.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import {
  toBase64Url,
  type CompiledDomain,
  type DomainId,
  type OriginQuery,
} from "../../protocol/index.ts";
import type { Asker, DomainPolicy } from "../policy/index.ts";
import { openStore, type Publication } from "../store/index.ts";
import { considerQuery, type Considered } from "./consider.ts";
import { createHoldings } from "./holdings.ts";

export interface PublishedDomain {
  readonly domain: DomainId;
  readonly name: string;
  readonly records: number;
  /** All that the mesh is told: a signature and a count each. Which of them are decoys stays here. */
  readonly entries: readonly {
    readonly signature: string;
    readonly count: number;
    readonly isDecoy: boolean;
  }[];
}

export interface DryRun {
  readonly answer: Considered;
  readonly published: readonly PublishedDomain[];
}

export interface DryRunOptions {
  readonly database: string;
  readonly domains: readonly CompiledDomain[];
  readonly policies: ReadonlyMap<DomainId, DomainPolicy>;
  readonly publications: ReadonlyMap<DomainId, Publication>;
  readonly asker: Asker;
  readonly query: OriginQuery;
  readonly now: () => number;
}

/** Throws a `Refusal` where the query does not fit its domain, and where there is no database. */
export async function dryRun(options: DryRunOptions): Promise<DryRun> {
  const { domains, policies, publications, asker, query, now } = options;
  const directory = await mkdtemp(join(tmpdir(), "outcome-mesh-dry-run-"));
  try {
    const copy = join(directory, "origin.sqlite");
    copyDatabase(options.database, copy);
    const store = openStore(copy, domains, { publications, now });
    try {
      const holdings = await createHoldings({
        store,
        domains,
        policies,
        database: copy,
        now,
      });
      for (const cohorts of holdings.cohorts.values()) await cohorts.refresh();
      const answer = await considerQuery(holdings, { asker, query, counts: false, requireTime });
      const published = domains.map(({ id, domain }) => ({
        domain: id,
        name: domain.name,
        records: store.totals(id).records,
        entries: store.announcements(id).map(({ signature, count, records }) => ({
          signature: toBase64Url(signature),
          count,
          isDecoy: records === 0,
        })),
      }));
      return { answer, published };
    } finally {
      store.close();
    }
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Whoever runs it waits. */
function requireTime(): void {}

/** One state of the database, also while an origin writes to it. */
function copyDatabase(from: string, to: string): void {
  const db = new DatabaseSync(from, { readOnly: true });
  try {
    db.prepare("VACUUM INTO ?").run(to);
  } finally {
    db.close();
  }
}
