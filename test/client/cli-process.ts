/** Runs the command line as a process, without any flag of Node's: as npm's bin link does. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { lendDirectory } from "../support/lend-directory.ts";

export const MAIN = join(import.meta.dirname, "..", "..", "client", "cli", "main.ts");

/** A process takes half a second; several at once, on a machine that does other work, take far longer. */
export const PROCESS_TIMEOUT_MS = 60_000;

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export function startCommand(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): ChildProcess {
  return spawn(process.execPath, [MAIN, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH: process.env["PATH"], ...environment },
  });
}

export async function finished(child: ChildProcess): Promise<Finished> {
  let stdout = "";
  let stderr = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr?.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  await once(child, "close");
  return { code: child.exitCode, stdout, stderr };
}

/** Runs a command to its end. */
export function command(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<Finished> {
  return finished(startCommand(args, environment));
}

/** A fresh directory, removed when the test file is done. */
export function freshDirectory(): Promise<string> {
  return lendDirectory("cli");
}

/** Writes `content` to a file in a fresh directory; returns its path. */
export async function fileOf(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(await freshDirectory(), name);
  await writeFile(path, content);
  return path;
}

/** The JSON document that a command ended its stderr with. */
export function errorOf({ stderr }: Finished): unknown {
  const document: unknown = JSON.parse(stderr.trim().split("\n").at(-1) ?? "");
  return Object(document).error;
}
