/** The origin as a process: `node origin/main.ts --config FILE`. */
import { parseArgs } from "node:util";
import { ConfigError, readOriginConfig } from "./config.ts";
import { logEvent, logFailure } from "./log.ts";
import { startOrigin } from "./start.ts";

/** As the shell's convention has it: 2 for a wrong call or configuration. */
const EXIT_USAGE = 2;

const { values } = parseArgs({ options: { config: { type: "string" } } });
if (values.config === undefined) {
  process.stderr.write("usage: node origin/main.ts --config FILE\n");
  process.exit(EXIT_USAGE);
}

try {
  const origin = await startOrigin(await readOriginConfig(values.config));
  process.stdout.write(`${JSON.stringify({ event: "listening", url: origin.url })}\n`);
  const stop = (): void => {
    origin.close().catch((error: unknown) => {
      logFailure("close", error);
      process.exitCode = 1;
    });
  };
  process.once("SIGTERM", stop);
  process.once("SIGINT", stop);
} catch (error) {
  // Nothing was read of anyone's records yet, so the message is safe to show.
  logEvent("not-started", { message: error instanceof Error ? error.message : String(error) });
  process.exitCode = error instanceof ConfigError ? EXIT_USAGE : 1;
}
