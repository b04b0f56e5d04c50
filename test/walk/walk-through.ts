/** Runs the commands of docs/walk-through.md. */
import { spawn } from "node:child_process";
import { once } from "node:events";

/** One block of commands, run. */
export interface Step {
  /** The heading that it stands under. */
  readonly heading: string;
  readonly output: string;
  readonly seconds: number;
}

/** The blocks of commands of a document, each with the heading that it stands under. */
export function commandBlocks(document: string): { heading: string; commands: string }[] {
  let heading = "";
  return [...document.matchAll(/^##+ (?<title>.+)$|^```sh\n(?<commands>[\s\S]*?)^```$/gm)].flatMap(
    ({ groups = {} }) => {
      heading = groups["title"] ?? heading;
      const { commands } = groups;
      return commands === undefined ? [] : [{ heading, commands }];
    },
  );
}

/** Marks where a block's output ends. */
const MARK = "\u0001";

/** Runs the blocks in one shell, as someone would who types them. Throws with all output where a command fails. */
export async function walk(
  blocks: readonly { heading: string; commands: string }[],
  { directory, environment }: { directory: string; environment: Readonly<Record<string, string>> },
): Promise<Step[]> {
  const marked = blocks.map(({ commands }) => `${commands}\nprintf '${MARK}'\n`).join("");
  // What was started in the background ends with the shell.
  const script = `set -euo pipefail\ntrap 'kill $(jobs -p) 2> /dev/null || true; wait || true' EXIT\n${marked}`;
  const shell = spawn("bash", ["-c", script], {
    cwd: directory,
    env: { PATH: process.env["PATH"], HOME: directory, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ends: number[] = [Date.now()];
  let output = "";
  let errors = "";
  shell.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
    while (ends.length < output.split(MARK).length) ends.push(Date.now());
  });
  shell.stderr.setEncoding("utf8").on("data", (text: string) => (errors += text));
  const [code] = await once(shell, "close");
  if (code !== 0) throw new Error(`a command failed (${code}):\n${output}\n${errors}`);
  return blocks.map(({ heading }, i) => ({
    heading,
    output: output.split(MARK)[i] ?? "",
    seconds: ((ends[i + 1] ?? 0) - (ends[i] ?? 0)) / 1000,
  }));
}
