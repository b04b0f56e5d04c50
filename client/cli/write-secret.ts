/** Files with secrets that commands write. */
import { writeFile } from "node:fs/promises";
import { CliError } from "./cli-error.ts";

/** Writes one that only its owner may read. What is there is never overwritten. */
export async function writeSecret(path: string, secret: string): Promise<void> {
  try {
    await writeFile(path, `${secret}\n`, { flag: "wx", mode: 0o600 });
  } catch (error) {
    if (!(error instanceof Error) || !("code" in error) || error.code !== "EEXIST") throw error;
    throw new CliError(`${path} is there already, and a secret is not overwritten`, {
      hint: "choose another file, or move that one away",
      cause: error,
    });
  }
}
