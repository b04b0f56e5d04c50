/** The Worker exactly as `wrangler deploy` would upload it: built when the sources are newer than the last build. */
import { execFile } from "node:child_process";
import { readFile, stat } from "node:fs/promises";
import { glob } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { PACKAGE_ROOT } from "../../../origin/package.ts";

const BUNDLE = join(PACKAGE_ROOT, "dist", "worker", "index.js");
const SOURCES = ["workers/**/*.ts", "durable-objects/**/*.ts", "protocol/**/*.ts", "wrangler.toml"];

/** The bundle's text: one ES module. */
export async function workerBundle(): Promise<string> {
  if (await isStale()) await build();
  return readFile(BUNDLE, "utf8");
}

async function isStale(): Promise<boolean> {
  const built = await modifiedAt(BUNDLE);
  for await (const file of glob(SOURCES, { cwd: PACKAGE_ROOT })) {
    if ((await modifiedAt(join(PACKAGE_ROOT, file))) > built) return true;
  }
  return built === 0;
}

async function modifiedAt(file: string): Promise<number> {
  const found = await stat(file).catch(() => undefined);
  return found?.mtimeMs ?? 0;
}

async function build(): Promise<void> {
  const wrangler = join(PACKAGE_ROOT, "node_modules", ".bin", "wrangler");
  const args = ["deploy", "--dry-run", "--outdir", join("dist", "worker")];
  try {
    await promisify(execFile)(wrangler, args, {
      cwd: PACKAGE_ROOT,
      env: { ...process.env, WRANGLER_SEND_METRICS: "false" },
    });
  } catch (error) {
    throw new Error("could not build the Worker with wrangler", { cause: error });
  }
}
