/**
 * Finished cells of a bench: one file each, named by the hash of what it depends on. A run that was stopped, or that
 * adds to an earlier one, computes only what is not there. Cells know nothing of the code that made them: after a
 * change to a measurement, run with `--fresh`.
 */
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { z } from "zod";
import { canonicalBytes, contentId } from "../../protocol/index.ts";

export interface Cells {
  /**
   * The value of the cell that `key`, a JSON document, names; `compute` is called only where there is none, or none
   * that `schema` accepts.
   */
  get<T>(key: unknown, schema: z.ZodType<T>, compute: () => T | Promise<T>): Promise<T>;
}

export interface CellsOptions {
  /** Computes every cell anew, and replaces what is there. */
  readonly isFresh: boolean;
}

export function openCells(folder: string, { isFresh }: CellsOptions): Cells {
  return {
    get: async (key, schema, compute) => {
      const file = join(folder, `${contentId(canonicalBytes(key))}.json`);
      const held = isFresh ? undefined : schema.safeParse(await readCell(file));
      if (held?.success) return held.data;
      const value = schema.parse(await compute());
      await mkdir(folder, { recursive: true });
      // Never half a cell under its name, whenever the run is stopped.
      await writeFile(`${file}.new`, JSON.stringify({ key, value }));
      await rename(`${file}.new`, file);
      return value;
    },
  };
}

async function readCell(file: string): Promise<unknown> {
  const text = await readFile(file, "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    const cell: unknown = JSON.parse(text);
    return typeof cell === "object" && cell !== null && "value" in cell ? cell.value : undefined;
  } catch {
    return undefined;
  }
}
