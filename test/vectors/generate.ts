/**
 * Writes the pinned test vectors: `node test/vectors/generate.ts`, from anywhere. It refuses to touch a file that
 * is there already; `--force` overwrites. Vectors change only when the protocol does, and then its version
 * changes too: all nodes of a mesh must compute the same bytes, so a changed vector means a mesh that no
 * longer finds what it published.
 */
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeVectors } from "./make-vectors.ts";
import { toText } from "./vector-text.ts";

const isForced = process.argv.includes("--force");
for (const [name, content] of Object.entries(await makeVectors())) {
  const path = join(import.meta.dirname, name);
  if (existsSync(path) && !isForced) {
    console.error(`${name} is there already; --force overwrites it`);
    process.exitCode = 1;
    continue;
  }
  writeFileSync(path, toText(content));
  console.log(`wrote ${name}`);
}
