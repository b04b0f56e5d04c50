/** `outcome-mesh origin start`: an origin in the foreground. */
import { once } from "node:events";
import { Command } from "commander";
import { startOrigin } from "../../../origin/index.ts";
import { jsonOption } from "../options.ts";
import { readConfig, withUsageErrors } from "../origin-config.ts";
import { printText } from "../output.ts";

interface OriginStartOptions {
  readonly config: string;
  readonly json?: true;
}

export function originStartCommand(): Command {
  return new Command("start")
    .description(
      "Run an origin until it is interrupted. Prints its URL when it listens; its log goes to stderr.",
    )
    .requiredOption("--config <file>", "the origin's configuration")
    .addOption(jsonOption())
    .addHelpText("after", "\nExample:\n  outcome-mesh origin start --config origin.json")
    .action(runOriginStart);
}

async function runOriginStart({ config: path, json }: OriginStartOptions): Promise<void> {
  const config = await readConfig(path);
  const stopped = Promise.race([once(process, "SIGINT"), once(process, "SIGTERM")]);
  const origin = await withUsageErrors(() => startOrigin(config));
  try {
    // One line, as `origin/main.ts` prints it: a supervisor reads it while the origin runs on.
    const { url } = origin;
    printText(json ? JSON.stringify({ event: "listening", url }) : `listening at ${url}`);
    await stopped;
  } finally {
    await origin.close();
  }
}
