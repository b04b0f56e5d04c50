/** Directories for tests, which do not outlive the test file that imports this. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";

const lent: string[] = [];

afterAll(async () => {
  await Promise.all(lent.map((directory) => rm(directory, { recursive: true, force: true })));
});

/** A fresh directory, removed when the test file is done. */
export async function lendDirectory(purpose: string): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), `outcome-mesh-${purpose}-`));
  lent.push(directory);
  return directory;
}
