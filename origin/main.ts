/**
 * The origin as a process: `node origin/main.ts --config FILE`. An institution runs one; a local mesh of many
 * organisations names several files, and has several origins that share nothing but the process.
 */
import { parseArgs } from "node:util";
import { ConfigError, readOriginConfig } from "./config.ts";
import { logEvent, logFailure } from "./log.ts";
import { startOrigin } from "./start.ts";

/** As the shell's convention has it: 2 for a wrong call or configuration. */
const EXIT_USAGE = 2;

const { values } = parseArgs({ options: { config: { type: "string", multiple: true } } });
if (values.config === undefined) {
  process.stderr.write("usage: node origin/main.ts --config FILE [--config FILE ...]\n");
  process.exit(EXIT_USAGE);
}

try {
  const configs = await Promise.all(values.config.map((file) => readOriginConfig(file)));
  const origins = await Promise.all(configs.map(startOrigin));
  for (const { url } of origins) {
    process.stdout.write(`${JSON.stringify({ event: "listening", url })}\n`);
  }
  const stop = (): void => {
    Promise.all(origins.map((origin) => origin.close())).catch((error: unknown) => {
      logFailure("close", error);
      process.exitCode = 1;
    });
  };
  process.once("SIGTERM", stop);
  process.once("SIGINT", stop);
} catch (error) {
  // Nothing was read of anyone's records yet, so the message is safe to show.
  logEvent("not-started", { message: error instanceof Error ? error.message : String(error) });
  // Whatever else did start must not keep the process.
  process.exit(error instanceof ConfigError ? EXIT_USAGE : 1);
}
