/** What a source says of itself in the origin's status. */
import type { PartReport, StatusPart } from "../status/index.ts";
import type { Store } from "../store/index.ts";
import { runReportSchema } from "./report.ts";
import type { Source } from "./source.ts";

/** Reads what the last synchronisation left in the database, whichever process ran it. */
export function sourcePart(store: Store, source: Source): StatusPart {
  return { report: () => reportOf(store, source) };
}

function reportOf(store: Store, { name, compiled: { id, domain } }: Source): PartReport {
  const part = { name: `source ${name}`, details: { domain: domain.name, records: 0 } };
  const found = store.sources.find(name, id);
  if (!found) return { ...part, state: "attention", summary: `${domain.name}; never read` };
  const records = store.sources.count(found.number);
  const run = found.lastRun === null ? undefined : runReportSchema.parse(JSON.parse(found.lastRun));
  const { error, notes = [], rejected = 0 } = run ?? {};
  const asOf = found.asOf === null ? null : new Date(found.asOf).toISOString();
  const comparedAt = found.comparedAt === null ? null : new Date(found.comparedAt).toISOString();
  const toMend = [...notes, ...(rejected > 0 ? [`${rejected} rows rejected`] : [])];
  const state = error === undefined ? (toMend.length > 0 || !asOf ? "attention" : "ok") : "failing";
  const age = asOf === null ? "never read to its end" : `as of ${asOf}`;
  return {
    name: part.name,
    state,
    summary: [`${records} records of ${domain.name}, ${age}`, ...toMend, error ?? ""]
      .filter((text) => text !== "")
      .join("; "),
    details: { domain: domain.name, records, asOf, comparedAt, rejected, error: error ?? null },
  };
}
