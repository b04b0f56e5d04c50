/** The package that this program is part of: the clone, or what npm installed. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { z } from "zod";

/** The directory of package.json, above the sources and above what is compiled from them. */
export const PACKAGE_ROOT = findRoot(import.meta.dirname);

export const VERSION = z
  .object({ version: z.string() })
  .parse(JSON.parse(readFileSync(join(PACKAGE_ROOT, "package.json"), "utf8"))).version;

function findRoot(directory: string): string {
  if (existsSync(join(directory, "package.json"))) return directory;
  const parent = dirname(directory);
  if (parent === directory) throw new Error("there is no package.json above this program");
  return findRoot(parent);
}
