/** An origin as a process whose log is kept: what it says of itself is part of what a soak looks for. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { join } from "node:path";
import { z } from "zod";

const MAIN = join(import.meta.dirname, "../../client/cli/main.ts");
const PROBE = join(import.meta.dirname, "memory-probe.ts");
/** It ends in order within the ten seconds that each step of stopping has. */
const STOP_MS = 40_000;
/** However busy it is. */
const MEMORY_MS = 10_000;

const logLineSchema = z.looseObject({ level: z.string(), event: z.string() });
export type LogLine = z.infer<typeof logLineSchema>;

export interface WatchedOrigin {
  readonly pid: number;
  /** Bytes that it holds once all garbage is collected; undefined where it does not say. */
  heldBytes(): Promise<number | undefined>;
  stop(): Promise<void>;
}

/** Resolves once it listens. `onLine` hears of every line of its log; `onEnd` where it ends by itself. */
export async function startWatchedOrigin(
  configFile: string,
  onLine: (line: LogLine | string) => void,
  onEnd: (how: string) => void,
): Promise<WatchedOrigin> {
  const child = spawn(
    process.execPath,
    [
      "--disable-warning=ExperimentalWarning",
      "--expose-gc",
      "--import",
      PROBE,
      MAIN,
      "origin",
      "start",
      "--json",
      "--config",
      configFile,
    ],
    { stdio: ["ignore", "pipe", "pipe", "ipc"] },
  );
  const killNow = (): void => void child.kill("SIGKILL");
  process.once("exit", killNow);
  let isStopping = false;
  child.once("exit", (code, signal) => {
    process.off("exit", killNow);
    if (!isStopping) onEnd(`ended by itself: ${code ?? signal}`);
  });
  const { stdout, stderr } = child;
  if (!stdout || !stderr) throw new Error("a process without its output");
  createInterface({ input: stderr }).on("line", (text) => onLine(readLine(text)));
  await Promise.race([
    once(stdout, "data"),
    once(child, "exit").then(() => {
      throw new Error(`the origin of ${configFile} did not start`);
    }),
  ]);
  return {
    pid: child.pid ?? 0,
    heldBytes: async () => {
      if (!child.connected) return undefined;
      const answer = once(child, "message", { signal: AbortSignal.timeout(MEMORY_MS) });
      child.send("memory");
      const [bytes] = await answer.catch(() => []);
      return typeof bytes === "number" ? bytes : undefined;
    },
    stop: async () => {
      isStopping = true;
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill("SIGTERM");
      const timer = setTimeout(killNow, STOP_MS);
      await once(child, "exit");
      clearTimeout(timer);
      if (child.signalCode !== null) onEnd("did not stop in time");
    },
  };
}

function readLine(text: string): LogLine | string {
  try {
    return logLineSchema.parse(JSON.parse(text));
  } catch {
    return text;
  }
}
