/** SQL of the daily quotas: how many queries of each member were answered today. */
import type { DatabaseSync } from "node:sqlite";
import type { DomainId, NodeId } from "../../protocol/index.ts";

export interface Quotas {
  /** `day`: days since 1970. */
  used(node: NodeId, domain: DomainId, day: number): number;
  /** Counts one more. */
  count(node: NodeId, domain: DomainId, day: number): void;
}

export function quotaTable(db: DatabaseSync): Quotas {
  const used = db.prepare("SELECT used FROM quotas WHERE node = ? AND domain = ? AND day >= ?");
  // A clock that was set back a day starts no new count for the day that it had.
  const count = db.prepare(
    `INSERT INTO quotas (node, domain, day, used) VALUES (?, ?, ?, 1)
     ON CONFLICT (node, domain) DO UPDATE
     SET used = iif(day >= excluded.day, used, 0) + 1, day = max(day, excluded.day)`,
  );
  return {
    used: (node, domain, day) => Number(used.get(node, domain, day)?.["used"] ?? 0),
    count: (node, domain, day) => {
      count.run(node, domain, day);
    },
  };
}
