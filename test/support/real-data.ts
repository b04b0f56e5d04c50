/** The real data that some tests use where they are at hand. They are never part of the project. */
import { existsSync } from "node:fs";
import { join } from "node:path";

const DATA = process.env["OUTCOME_MESH_DATA"] ?? join(import.meta.dirname, "../../../shared/data");

/** The path of a file of the real data; undefined where it is absent. */
export function realData(file: string): string | undefined {
  const path = join(DATA, file);
  return existsSync(path) ? path : undefined;
}

/** What to add to the title of tests that are skipped. */
export function whySkipped(isPresent: boolean): string {
  return isPresent ? "" : " (skipped: no data; set OUTCOME_MESH_DATA to its folder)";
}
