/** Origins as processes. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { extname, join } from "node:path";
import { createInterface } from "node:readline";
import { z } from "zod";

/** This program's own entry, as source or compiled. */
const MAIN = join(import.meta.dirname, "..", `main${extname(import.meta.filename)}`);
/** A hundred origins starting on two cores take a minute. */
const START_TIMEOUT_MS = 120_000;

const listeningSchema = z.object({ event: z.literal("listening"), url: z.string() });

export interface OriginProcess {
  /** Lets it finish its requests. */
  stop(): Promise<void>;
  /** Ends it at once, as a crash would. */
  kill(): Promise<void>;
}

/**
 * Starts a process with an origin for each configuration, and waits until all listen. Throws with what it wrote
 * to stderr if they do not.
 */
export async function startOriginProcess(configFiles: readonly string[]): Promise<OriginProcess> {
  const child = spawn(
    process.execPath,
    [
      "--disable-warning=ExperimentalWarning",
      MAIN,
      "origin",
      "start",
      "--json",
      ...configFiles.flatMap((file) => ["--config", file]),
    ],
    { stdio: ["ignore", "pipe", "pipe"] },
  );
  let errors = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    errors = (errors + text).slice(-4000);
  });
  // Should this process end without stopping it in order, it must not stay behind.
  const killNow = (): void => {
    child.kill("SIGKILL");
  };
  process.once("exit", killNow);
  child.once("exit", () => process.off("exit", killNow));
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill(signal);
    await once(child, "exit");
  };
  try {
    await untilListening(child, configFiles.length);
    return { stop: () => end("SIGTERM"), kill: () => end("SIGKILL") };
  } catch (error) {
    await end("SIGKILL");
    throw new Error(`the origin of ${configFiles.join(", ")} did not start: ${errors}`, {
      cause: error,
    });
  }
}

async function untilListening(child: ChildProcess, count: number): Promise<void> {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), START_TIMEOUT_MS);
  child.once("exit", () => stop.abort());
  try {
    if (!child.stdout) throw new Error("no stdout");
    const lines = createInterface({ input: child.stdout });
    stop.signal.addEventListener("abort", () => lines.close());
    let listening = 0;
    for await (const line of lines) {
      if (listeningSchema.safeParse(JSON.parse(line)).success) listening += 1;
      if (listening === count) {
        child.stdout.resume();
        return;
      }
    }
    throw new Error("it ended, or took too long");
  } finally {
    clearTimeout(timer);
  }
}
