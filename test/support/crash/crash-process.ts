/** The `outcome-mesh origin` commands as processes that can be told where to die. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { join } from "node:path";
import { z } from "zod";

const MAIN = join(import.meta.dirname, "../../../client/cli/main.ts");
const SWITCH = join(import.meta.dirname, "kill-switch.ts");

const listeningSchema = z.object({ event: z.literal("listening"), url: z.string() });
const namesSchema = z.object({ names: z.array(z.string()) });

export class CrashProcess {
  readonly #child: ChildProcess;
  readonly ended: Promise<void>;
  #errors = "";
  url = "";

  /** `dieAt`: the point, from 1, counted from the start. */
  constructor(command: readonly string[], dieAt?: number) {
    this.#child = spawn(
      process.execPath,
      ["--disable-warning=ExperimentalWarning", "--import", SWITCH, MAIN, "origin", ...command],
      {
        stdio: ["ignore", "pipe", "pipe", "ipc"],
        env: { ...process.env, ...(dieAt !== undefined && { KILL_SWITCH: String(dieAt) }) },
      },
    );
    const killNow = (): void => void this.#child.kill("SIGKILL");
    process.once("exit", killNow);
    this.ended = once(this.#child, "exit").then(() => void process.off("exit", killNow));
    this.#child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#errors = (this.#errors + text).slice(-4000);
    });
  }

  /** Starts an origin. Where it dies before it listens, `url` stays empty. */
  static async start(configFile: string, dieAt?: number): Promise<CrashProcess> {
    const started = new CrashProcess(["start", "--json", "--config", configFile], dieAt);
    const { stdout } = started.#child;
    if (!stdout) throw new Error("no stdout");
    const line = once(createInterface({ input: stdout }), "line");
    const first = await Promise.race([line, started.ended]);
    if (first) started.url = listeningSchema.parse(JSON.parse(String(first[0]))).url;
    else if (!started.wasKilled) throw new Error(`the origin did not start: ${started.#errors}`);
    return started;
  }

  get isUp(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  get wasKilled(): boolean {
    return this.#child.signalCode === "SIGKILL";
  }

  get exitCode(): number | null {
    return this.#child.exitCode;
  }

  get errors(): string {
    return this.#errors;
  }

  /** Counts from now on, and dies at the point of that number. */
  async arm(dieAt = 0): Promise<void> {
    const told = once(this.#child, "message");
    this.#child.send(dieAt);
    await told;
  }

  /** The points passed since `arm`, counting no more; undefined where it has died. */
  async points(): Promise<string[] | undefined> {
    const told = once(this.#child, "message");
    // A process may have died without the news of it having come: then it can not be told anything.
    this.#child.send("points", () => undefined);
    const message = await Promise.race([told, this.ended]);
    return message ? namesSchema.parse(message[0]).names : undefined;
  }

  signal(name: "SIGTERM" | "SIGKILL"): void {
    this.#child.kill(name);
  }

  async kill(): Promise<void> {
    if (this.isUp) this.signal("SIGKILL");
    await this.ended;
  }
}
