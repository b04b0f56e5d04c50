/** Reading an origin's audit log beside the running origin: all of it as it was at one moment. */
import { openDatabase } from "../store/database.ts";
import { recordTable } from "../store/records.ts";
import { auditTables, type AuditTables } from "./tables.ts";

export interface AuditReader {
  readonly tables: AuditTables;
  /** How many records each domain has. */
  readonly records: ReadonlyMap<string, number>;
  /** What the database calls a record by this reference; undefined where it is gone. */
  recordId(reference: string): string | undefined;
  close(): void;
}

/** Opens the database at `path`. Throws if it is none of an origin. */
export function openAuditReader(path: string): AuditReader {
  const db = openDatabase(path);
  try {
    const tables = auditTables(db);
    const byReference = db.prepare("SELECT id FROM records WHERE reference = ?");
    // What the origin appends meanwhile is not seen until the transaction ends.
    db.exec("BEGIN");
    const totals = recordTable(db).totals();
    return {
      tables,
      records: new Map(totals.map(({ domain, count }) => [domain, count])),
      recordId: (reference) => {
        const id = byReference.get(reference)?.["id"];
        return typeof id === "string" ? id : undefined;
      },
      close: () => db.close(),
    };
  } catch (error) {
    db.close();
    throw error;
  }
}
