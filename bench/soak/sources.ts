/** The institutions' own systems, which change all the time: a file that is written anew, and a table. */
import { rename, writeFile } from "node:fs/promises";
import type { Random } from "../../examples/random.ts";
import type { SoakMesh } from "./soak-mesh.ts";
import { drawRecord } from "./people.ts";

/** Rows that each system has about so many of. */
const ROWS = 1000;
const ADDED = 10;
const CHANGED = 20;

/** What a system has at this moment. */
export interface ChangingSource {
  change(): Promise<void>;
  readonly ids: readonly string[];
  readonly changes: number;
}

export function changingFile({ file }: Pick<SoakMesh, "file">, random: Random): ChangingSource {
  const rows = new Map<string, ReturnType<typeof drawRecord>>();
  const counter = new Counter();
  const write = async (): Promise<void> => {
    const text = [...rows.values()].map((row) => `${JSON.stringify(row)}\n`).join("");
    await writeFile(`${file}.new`, text);
    await rename(`${file}.new`, file);
  };
  return {
    change: async () => {
      for (const id of counter.added("row", rows.size === 0 ? ROWS : ADDED)) {
        rows.set(id, drawRecord(random, id));
      }
      for (const id of random.sample([...rows.keys()], CHANGED)) {
        rows.set(id, drawRecord(random, id));
      }
      for (const id of random.sample([...rows.keys()], rows.size - ROWS)) rows.delete(id);
      counter.changes += 1;
      await write();
    },
    get ids() {
      return [...rows.keys()];
    },
    get changes() {
      return counter.changes;
    },
  };
}

export function changingTable(
  { postgres }: Pick<SoakMesh, "postgres">,
  random: Random,
): ChangingSource {
  const ids = new Set<string>();
  const counter = new Counter();
  const put = async (list: readonly string[]): Promise<void> => {
    const rows = list.map((id) => {
      const { profile, intervention, result } = drawRecord(random, id);
      return { id, ...profile, given: intervention.treatment, better: result.recovered };
    });
    await postgres.sql(
      `INSERT INTO outcomes (id, age, site, signs, given, better)
       SELECT id, age, site, signs, given, better FROM json_populate_recordset(NULL::outcomes, $1)
       ON CONFLICT (id) DO UPDATE SET age = excluded.age, site = excluded.site,
         signs = excluded.signs, given = excluded.given, better = excluded.better,
         changed_at = clock_timestamp()`,
      [JSON.stringify(rows)],
    );
  };
  return {
    change: async () => {
      const added = counter.added("row", ids.size === 0 ? ROWS : ADDED);
      await put([...added, ...random.sample([...ids], CHANGED)]);
      for (const id of added) ids.add(id);
      const gone = random.sample([...ids], ids.size - ROWS);
      await postgres.sql(
        "UPDATE outcomes SET gone = true, changed_at = clock_timestamp() WHERE id = ANY($1)",
        [gone],
      );
      for (const id of gone) ids.delete(id);
      counter.changes += 1;
    },
    get ids() {
      return [...ids];
    },
    get changes() {
      return counter.changes;
    },
  };
}

class Counter {
  changes = 0;
  #next = 0;

  added(prefix: string, count: number): string[] {
    return Array.from({ length: count }, () => `${prefix}-${this.#next++}`);
  }
}
