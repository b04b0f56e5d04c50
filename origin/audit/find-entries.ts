/** Finding an entry by what an administrator has at hand. */
import { commitTo, traceIdOf } from "../../protocol/index.ts";
import type { AuditTables, EntryRow } from "./tables.ts";

const INDEX = /^\d{1,15}$/;
const TRACE = /^[0-9a-f]{32}$/;
/** RFC 9530, as an answer names its query. */
const DIGEST = /^sha-256=:[A-Za-z0-9+/]{43}=:$/;

/**
 * Entries by an index, a trace id or `traceparent`, or the content digest of a query's body; undefined where `id`
 * is none of these.
 */
export function findEntries(tables: AuditTables, id: string): readonly EntryRow[] | undefined {
  if (INDEX.test(id)) return [...tables.entries(Number(id), Number(id) + 1)];
  const trace = TRACE.test(id) ? id : traceIdOf(id);
  if (trace !== undefined) return tables.find({ trace });
  if (!DIGEST.test(id)) return undefined;
  return tables.find({ query: commitTo(tables.commitmentKey(id), id) });
}
