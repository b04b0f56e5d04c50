/** SQL of the floors: what keeps a request from being served again after a restart. */
import type { DatabaseSync } from "node:sqlite";
import type { Floors } from "../../protocol/index.ts";

export function floorTable(db: DatabaseSync): Floors {
  const read = db.prepare("SELECT floor FROM floors WHERE node = ?");
  const write = db.prepare("INSERT OR REPLACE INTO floors (node, floor) VALUES (?, ?)");
  return {
    get: (node) => {
      const floor = read.get(node)?.["floor"];
      return typeof floor === "number" ? floor : undefined;
    },
    set: (node, floor) => {
      write.run(node, floor);
    },
  };
}
